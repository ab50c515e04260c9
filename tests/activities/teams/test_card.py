"""Cards made from Markdown: each kind of text has an element that shows it, and no text gets lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activities.teams.card import card_of, elements
from activities.teams.inline import TextRun, lines, markdown, tree
from tests.starts import examples
from tests.together import together


def block(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **more}


def rich(*runs: dict[str, Any]) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run} for run in runs]}


def columns(*columns: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    made = [{"type": "Column", "width": width, "items": items} for width, items in columns]
    return {"type": "ColumnSet", "columns": made, "spacing": "Small"}


CODE = {"fontType": "Monospace"}


@together(
    ("text", "expected"),
    [
        ("Hello **there**, *you*", [block("Hello **there**, _you_")]),
        ("[docs](https://a.example/b?c=1)", [block("[docs](https://a.example/b?c=1)")]),
        ("[a](https://a.example/b_(c))", [block("[a](https://a.example/b_%28c%29)")]),
        ("**all _of_ it**", [block("**all _of_ it**")]),
        ("one\ntwo", [block("one"), block("two", spacing="None")]),
        ("one\n\ntwo", [block("one"), block("two")]),
        ("# Down\n### Why", [block("Down", size="Large", weight="Bolder"), block("Why", weight="Bolder")]),
        ("- one\n- two **b**", [block("- one\n- two **b**")]),
        ("3. one\n4. two", [block("3. one\n4. two")]),
        ("Run `make`", [rich({"text": "Run "}, {"text": "make", **CODE})]),
        ("~~old~~", [rich({"text": "old", "strikethrough": True})]),
        ("mid*dle*d", [rich({"text": "mid"}, {"text": "dle", "italic": True}, {"text": "d"})]),
        (
            "- one\n  - two",
            [columns(("auto", [block("•")]), ("stretch", [block("one"), block("- two")]))],
        ),
        (
            "```py\ndef f():\n    pass\n```",
            [
                {
                    "type": "Container",
                    "style": "emphasis",
                    "items": [rich({"text": "def f():\n\u00a0\u00a0\u00a0\u00a0pass", **CODE})],
                }
            ],
        ),
        ("> said", [{"type": "Container", "style": "emphasis", "items": [block("said")]}]),
        ("one\n\n---\n\ntwo", [block("one"), block("two", separator=True)]),
        (
            "| a | b |\n| - | - |\n| 1 | **2** |",
            [
                columns(("stretch", [block("a", weight="Bolder")]), ("stretch", [block("b", weight="Bolder")])),
                columns(("stretch", [block("1")]), ("stretch", [block("**2**")])),
            ],
        ),
        ("![a dog](https://a.example/d.png)", [block("[a dog](https://a.example/d.png)")]),
        ("<b>no HTML</b>", [block("\\<b>no HTML\\</b>")]),
        ("[x](javascript:alert(1))", [block("\\[x\\](javascript:alert(1))")]),
        ("1\\. not a list", [block("1\\. not a list")]),
        ("\\- nor this", [block("\\- nor this")]),
        ("\\*plain\\* snake_case \\_x\\_ &amp;lt;", [block("\\*plain\\* snake_case \\_x\\_ \\&lt;")]),
    ],
)
def test_each_kind_of_text_has_its_element(text: str, expected: list[dict[str, Any]]) -> None:
    assert elements(text) == expected


def shown(value: Any) -> str:
    """Return the words that somebody sees of a card, its Markdown read."""
    if isinstance(value, list):
        return " ".join(map(shown, value))
    if not isinstance(value, dict):
        return ""
    if value.get("type") == "TextBlock":
        root = tree(value["text"])
        assert root is not None
        return " ".join(
            run.text
            for node in root.walk()
            if node.type in {"paragraph", "heading"}
            for line in lines(node)
            for run in line
        )
    own = value["text"] if value.get("type") == "TextRun" else ""
    return " ".join([own, *map(shown, value.values())])


@pytest.mark.parametrize("nested", ["> " * 60, "- " * 60, "1. " * 60])
def test_what_nests_too_deeply_becomes_plain_text(nested: str) -> None:
    assert "lost?" in json.dumps(elements(f"{nested}lost?"))


PIECES = st.sampled_from(
    [
        *("word", "**", "*", "_", "`", "~~", "[", "](https://a.example)", "\n", "\n\n", "- ", "1. ", "> ", "# ", " "),
        *("\\", "```\n", "| a |\n| - |\n", "<b>", "&lt;", "![", "---\n", "    ", "ö", "!", "("),
    ]
)


@settings(max_examples=examples(1.5), deadline=None)
@given(st.lists(PIECES, max_size=25).map("".join))
def test_no_word_is_lost_whatever_the_text(text: str) -> None:
    assert shown(elements(text)).count("word") == text.count("word")


@settings(max_examples=examples(1.5), deadline=None)
@given(st.text(st.sampled_from("ab1 .)-+*_[]()`~<>#&;=\\|!"), min_size=1, max_size=12).map(str.strip).filter(bool))
def test_plain_text_needs_no_more_than_markdown(text: str) -> None:
    assert markdown((TextRun(text),)) is not None


def test_title_stands_above_the_message_and_is_plain_text() -> None:
    made = card_of("Hi", "**Down** [x](https://a.example)\nnow")
    assert made["body"] == [
        block("\\*\\*Down\\*\\* \\[x\\](https://a.example) now", size="Large", weight="Bolder"),
        block("Hi"),
    ]


def test_card_of_ones_own_keeps_everything() -> None:
    own = {"type": "AdaptiveCard", "version": "1.5", "body": [{"type": "Image", "url": "https://a.example"}]}
    assert card_of(None, None, own) == own
    assert card_of("Hi", None, own) == {**own, "body": [block("Hi"), *own["body"]]}
