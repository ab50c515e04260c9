"""An Adaptive Card from Markdown: paragraphs, headings, lists, quotations, tables and code as elements of its own.

Nothing of a text is lost: what a card has no look for, such as an image, stands in it as text with its link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from activities.teams.inline import Line, TextRun, block, lines, markdown, tree

if TYPE_CHECKING:
    from markdown_it.tree import SyntaxTreeNode

SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"
VERSION = "1.4"
"""The latest version that every Teams client shows."""

TITLE = {"size": "Large", "weight": "Bolder"}
HEADINGS = {"h1": TITLE, "h2": {"size": "Medium", "weight": "Bolder"}}
LOWER_HEADING = {"weight": "Bolder"}
INDENT = re.compile(r"^ +|(?<= ) +", re.MULTILINE)

Element = dict[str, Any]


def card_of(message: str | None, title: str | None = None, own: Element | None = None) -> Element:
    """Return the card that shows a title and a message, above the content of the author's own card where there is one.

    Args:
        message: Markdown.
        title: plain text.
        own: an Adaptive Card.
    """
    body = [*_title(title), *(elements(message) if message else ())]
    if own is None:
        return {
            "$schema": SCHEMA,
            "type": "AdaptiveCard",
            "version": VERSION,
            "body": body,
            "msteams": {"width": "Full"},
        }
    return {**own, "body": [*body, *(own.get("body") or [])]} if body else own


def elements(text: str) -> list[Element]:
    """Return the elements that show a text in Markdown."""
    root = tree(text)
    return [*_lines([(TextRun(line),) for line in text.splitlines()])] if root is None else _all(root.children)


def _title(title: str | None) -> list[Element]:
    text = " ".join((title or "").split())
    return [block((TextRun(text),), **TITLE)] if text else []


def _all(nodes: Iterable[SyntaxTreeNode]) -> list[Element]:
    found: list[Element] = []
    ruled = False
    for node in nodes:
        if node.type == "hr":
            ruled = True
            continue
        shown = list(_elements(node))
        if ruled and shown:
            shown[0] = {**shown[0], "separator": True}
            ruled = False
        found += shown
    return found


def _elements(node: SyntaxTreeNode) -> Iterator[Element]:
    match node.type:
        case "heading":
            yield from _lines(lines(node), **HEADINGS.get(node.tag, LOWER_HEADING))
        case "bullet_list" | "ordered_list":
            yield from _list(node)
        case "blockquote":
            yield {"type": "Container", "style": "emphasis", "items": _all(node.children)}
        case "fence" | "code_block":
            yield from _code(node.content)
        case "table":
            for part in node.children:
                yield from (_row(row, heading=part.type == "thead") for row in part.children)
        case _ if node.children:
            yield from _lines(lines(node))
        case _ if node.content.strip():
            yield block((TextRun(" ".join(node.content.split())),))


def _lines(found: list[Line], **look: Any) -> Iterator[Element]:
    for number, line in enumerate(found):
        yield {**block(line, **look), **({"spacing": "None"} if number else {})}


def _list(node: SyntaxTreeNode) -> Iterator[Element]:
    first = int(node.attrs.get("start", 1)) if node.type == "ordered_list" else None
    signs = ["-" if first is None else f"{first + number}." for number in range(len(node.children))]
    texts = [_plain_item(item) for item in node.children]
    if all(text is not None for text in texts):
        together = "\n".join(f"{sign} {text}" for sign, text in zip(signs, texts, strict=True))
        yield {"type": "TextBlock", "text": together, "wrap": True}
        return
    for sign, item in zip(signs, node.children, strict=True):
        yield _columns(
            [("auto", [block((TextRun("•" if first is None else sign),))]), ("stretch", _all(item.children))]
        )


def _plain_item(item: SyntaxTreeNode) -> str | None:
    """Return an item that is one line of Markdown, or None where it is more."""
    if [child.type for child in item.children] != ["paragraph"]:
        return None
    found = lines(item.children[0])
    return markdown(found[0]) if len(found) == 1 else None


def _row(row: SyntaxTreeNode, *, heading: bool) -> Element:
    look = LOWER_HEADING if heading else {}
    return _columns([("stretch", [*_lines(lines(cell), **look)]) for cell in row.children])


def _columns(columns: Iterable[tuple[str, list[Element]]]) -> Element:
    made = [{"type": "Column", "width": width, "items": items} for width, items in columns]
    return {"type": "ColumnSet", "columns": made, "spacing": "Small"}


def _code(content: str) -> Iterator[Element]:
    text = INDENT.sub(lambda spaces: "\u00a0" * len(spaces[0]), content.rstrip("\n").expandtabs(4))
    if text.strip():
        run = {"type": "TextRun", "text": text, "fontType": "Monospace"}
        yield {"type": "Container", "style": "emphasis", "items": [{"type": "RichTextBlock", "inlines": [run]}]}
