from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.starts import examples, some
from tests.together import together
from tests.workflows.language.render import NOW, ROOTS, render, text
from workflows.language.filters import FILTERS
from workflows.language.template import TemplateError, TemplateSyntaxError, compile_template

LONGEST = 1.0
"""CPU seconds that no template and no data may take, half of what stalls a run; on a quiet machine the worst takes a
tenth of it."""


@contextmanager
def soon() -> Iterator[None]:
    started = time.process_time()
    yield
    assert time.process_time() - started < LONGEST


def nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


MIB = 1_000_000
HOSTILE: dict[str, Any] = {
    "big": "x" * MIB,
    "wide": "žß\U0001f600" * (MIB // 3),
    "amp": "&" * MIB,
    "angles": "<" * MIB,
    "tags": "<a>" * (MIB // 4),
    "scripts": "<script" * (MIB // 8),
    "comments": "<!--" * (MIB // 8),
    "blanks": " " * MIB,
    "words": "a " * (MIB // 2),
    "lines": "\n" * MIB,
    "entities": "&#" + "9" * MIB,
    "digits": "9" * MIB,
    "as": "a" * (MIB // 2),
    "needle": "ab" + "a" * (MIB // 10),
    "half": "\ud800",
    "nul": "\0",
    "list": list(range(10_000)),
    "huge": list(range(2_000_000)),
    "deep": nested(900),
    "deep_object": {"a": nested(101)},
    "texts": ["k" * 100] * 10_000,
    "same": ["x" * MIB] * 10_000,
    "objects": [{"k": n % 7, "t": "x" * 50} for n in range(10_000)],
    "collisions": [(2**61 - 1) * n for n in range(10_000)],
    "keys": {f"k{n}": n for n in range(100_000)},
    "small": {"a": {"b": [1]}},
    "number": 10**200,
    "longest_number": 10**20_000,
    "float": 1e308,
    "infinite": float("inf"),
    "zones": [f"Zone/{n}" for n in range(10_000)],
}

OFTEN = "{% for i in (1..10000) %}"
COMPARED = ("big", "list", "deep", "texts", "same", "objects", "collisions", "keys", "infinite")
DATA_IS_HOSTILE = [
    *(f"{{{{ {root} }}}}" for root in HOSTILE),
    *(f"-{{{{ {root} }}}}" for root in HOSTILE),
    *(f"{{% for x in {root} %}}{{{{ x }}}}{{% endfor %}}" for root in COMPARED),
    *(f"{OFTEN}{{{{ {root} }}}}{{% endfor %}}" for root in HOSTILE),
    *(f"{OFTEN}{{% if {root} == {root} or {root} != big %}}{{% endif %}}{{% endfor %}}" for root in COMPARED),
    f"{OFTEN}{{% if same contains big %}}{{% endif %}}{{% endfor %}}",
    f"{OFTEN}{{% if as contains needle %}}{{% endif %}}{{% endfor %}}",
    f"{OFTEN}{{% if big < big %}}{{% endif %}}{{% endfor %}}",
    f"{OFTEN}{{{{ small[i].x[list[i]] }}}}{{% endfor %}}",
    "{{ as | remove_last: needle }}",
    "{{ as | replace_last: needle, 'x' }}",
    "{{ as | replace: needle, 'x' }}",
    "{{ as | remove: needle }}",
    "{{ as | split: needle }}",
    "{{ big | replace: 'x', big }}",
    "{{ big | split: '' | join: big }}",
    "{{ words | split: ' ' | join: big }}",
    "{{ texts | join: big }}",
    "{{ number | times: number | times: number }}",
    "{{ longest_number | plus: 1 }}",
    "{{ digits | plus: 1 }}",
    "{{ float | times: float }}",
    "{{ 'now' | date: big }}",
    "{{ 'now' | date: '%F', big }}",
    "{% for zone in zones %}{{ 'now' | date: '%F', zone }}{% endfor %}",
]

TEMPLATE_IS_HOSTILE = [
    "{{ (1..100000000) | join: ',' | size }}",
    "{% for i in (1..100000000) %}{% endfor %}",
    "{% for i in (1..5000) %}{% for j in (1..5000) %}{% for k in (1..5000) %}{% endfor %}{% endfor %}{% endfor %}",
    "{% assign s = 'a' %}" + OFTEN + "{% assign s = s | append: s %}{% endfor %}{{ s }}",
    "{% assign s = 'a' %}" + OFTEN + "{% capture s %}{{ s }}{{ s }}{% endcapture %}{% endfor %}{{ s }}",
    "{% assign s = 'a' | split: '' %}" + OFTEN + "{% assign s = s | concat: s %}{% endfor %}{{ s }}",
    "{% assign r = '" + "a" * 50 + "' %}{{ '" + "a" * 100 + "'" + " | replace: 'a', r" * 5 + " }}",
    "{% assign n = 999999999 %}" + OFTEN + "{% assign n = n | times: n %}{% endfor %}{{ n }}",
    OFTEN + "{{ i | append: 'a' | upcase | downcase | strip | capitalize }}{% endfor %}",
    OFTEN + "{{ 'now' | date: '" + "%c" * 90 + "', 'Europe/Berlin' }}{% endfor %}",
    OFTEN + "{{ 'now' | date: '%F', 'Nowhere/At_all' }}{% endfor %}",
    OFTEN + "{{i}}" * 1_000 + "{% endfor %}",
    OFTEN + "{% if i == 1 and i == 2 or i == 3 %}{% endif %}" * 500 + "{% endfor %}",
    OFTEN + "{% unless i %}{% endunless %}" * 500 + "{% endfor %}",
    OFTEN + "{% case i %}" + "{% when 'a', 'b', 'c', 'd' %}" * 500 + "{% endcase %}{% endfor %}",
    OFTEN + "x" * 60_000 + "{% endfor %}",
    OFTEN + "{% for j in (1..1) %}{% endfor %}" * 500 + "{% endfor %}",
    "{% if a %}" * 21 + "{% endif %}" * 21,
    "{% if a %}" * 4_000,
    "{{" * 30_000,
    "{%" * 30_000,
    "{{-" * 20_000,
    "{% raw %}" * 7_000,
    "{% comment %}" * 4_900,
    "{%" + "a" * 60_000,
    "{% x" + " " * 60_000,
    "{{" + " " * 60_000,
    "{{ a" + "(" * 1_900 + " }}",
    "{{ a" + "[" * 1_900 + " }}",
    "{{ a" + '["' * 900 + " }}",
    ("{{ a" + "(" * 30 + " " * 1_900 + " }}") * 30,
    ("{{ a" + '["' * 30 + " " * 1_900 + " }}") * 30,
    "{{ a" + "[a" * 30 + "]" * 30 + " }}",
    "{% if a" + " and a" * 300 + " %}{% endif %}",
    "{{ a" + " | upcase" * 300 + " }}",
    "{{ a" + "|b:" * 600 + " }}",
    "{{a}}" * 13_000,
    "{{a}}" * 2_400,
    ("{{ a" + " | upcase" * 190 + " }}") * 30,
    "{% liquid\n" + "assign a = 1\n" * 4_900 + "%}",
    "{% liquid " + " " * 60_000 + "x %}",
    "{% liquid " + "\n" * 60_000 + "%}",
    "{{ " + "9" * 1_900 + " }}",
    "{{ " + "9" * 1_900 + ".5 }}",
    "{{ " + "“" * 1_900 + " }}",
    "{% # " + "{{" * 20_000 + " %}",
    "{% for i in (" * 4_000,
    "x" * 70_000 + "{{a}}",
]


@contextmanager
def either_way() -> Iterator[None]:
    """Let a render succeed, or fail with one of the language's own sentences and nothing else."""
    sentence = "It renders."
    try:
        yield
    except TemplateError as error:
        sentence = str(error)
    assert sentence.endswith((".", ".)"))


@pytest.mark.parametrize("template", [*DATA_IS_HOSTILE, *TEMPLATE_IS_HOSTILE], ids=lambda template: template[:50])
def test_no_template_and_no_data_takes_long(template: str) -> None:
    with soon(), either_way():
        compile_template({"config": template}).render({**ROOTS, **HOSTILE}, NOW)


GIVEN = (
    "big",
    "wide",
    "amp",
    "tags",
    "comments",
    "blanks",
    "lines",
    "list",
    "huge",
    "deep",
    "texts",
    "same",
    "objects",
    "keys",
    "float",
)
ARGUMENTS = ("", ": big", ": 'k'", ": 1, 100000", ": 'x', big")


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_no_filter_takes_long_whatever_it_is_given(name: str) -> None:
    tried = 0
    for root in some(GIVEN, sorted(FILTERS).index(name)):
        for arguments in ARGUMENTS:
            try:
                template = compile_template(f"{{{{ {root} | {name}{arguments} }}}}")
            except TemplateSyntaxError:
                continue
            tried += 1
            with soon(), either_way():
                template.render(HOSTILE, NOW)
    assert tried


@pytest.mark.parametrize("syntax", ["json", "slack", "markdown", "html", "url"])
def test_no_syntax_takes_long_whatever_it_is_given(syntax: str) -> None:
    around = {
        "json": '{"a": "%s", "b": [%s]}',
        "slack": "x %s<%s|x>",
        "markdown": "x %s\n%s",
        "html": '<p>%s</p><a href="https://x.example/%s">',
        "url": "https://x.example/%s?%s",
    }
    for root in some(GIVEN, [*around].index(syntax)):
        value = f"{{{{ {root} }}}}"
        for inside in (value, f"{OFTEN}{value}{{% endfor %}}", f"{OFTEN}{{{{ i }}}}{{% endfor %}}"):
            with soon(), either_way():
                template = compile_template(around[syntax] % (inside, value), {"": syntax})
                template.render(HOSTILE, NOW)


def test_one_render_of_a_whole_tree_is_bounded_too() -> None:
    tree = {f"k{n}": "{{ big | upcase | downcase }}" for n in range(500)}
    with soon(), pytest.raises(TemplateError, match="more work"):
        compile_template(tree).render(HOSTILE, NOW)
    with soon(), pytest.raises(TemplateError, match="more work"):
        compile_template([["{{ list }}"]] * 60).render(HOSTILE, NOW)
    with soon(), pytest.raises(TemplateError, match="larger than 1 MiB"):
        compile_template(["{{ big }}", "{{ big }}"]).render(HOSTILE, NOW)
    with soon(), pytest.raises(TemplateError, match="more than 10,000 times"):
        compile_template(["{% for i in (1..6000) %}{% endfor %}"] * 2).render(HOSTILE, NOW)


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (["x"] * 10_001, "more than 10,000 values"),
        (nested(51), "more than 50 levels"),
        (["{{a}}" + "x" * 60_000] * 5, "64 KiB for one text, 256 KiB for all"),
        ("{{a}}" + "x" * 66_000, "64 KiB for one text"),
        (["{{a}}" * 1_000] * 3, "more than 5,000 tags and values"),
    ],
)
def test_a_tree_is_bounded_before_anything_is_rendered(tree: Any, sentence: str) -> None:
    with soon(), pytest.raises(TemplateSyntaxError, match=sentence):
        compile_template(tree)


def test_a_long_text_without_markup_is_no_template() -> None:
    assert compile_template("x" * 500_000).constant


@together(
    ("template", "sentence"),
    [
        ("{% for i in list %}{% for j in list %}{% endfor %}{% endfor %}", "more than 10,000 times"),
        ("{{ big }}{{ big }}", "larger than 1 MiB"),
        ("x{{ deep }}", "nested more than 100 levels"),
        ("{{ deep }}", "nested more than 100 levels"),
        ("{% if deep == deeper %}{% endif %}", "nested more than 100 levels"),
        ("{{ huge | size | append: huge }}", "more work than one render may take"),
        ("{{ huge | reverse }}", "the list has 2,000,000 elements; 10,000 is the most"),
        ("{{ big | append: big }}", "the result is longer than 1 MiB"),
        ("x{{ longest_number }}", "too large to be written out"),
        ("x{{ with_longest_number }}", "too large to be written out"),
    ],
)
def test_a_limit_that_is_reached_is_said(template: str, sentence: str) -> None:
    roots = {**HOSTILE, "deeper": nested(900), "with_longest_number": [{"n": 10**20_000}]}
    with soon(), pytest.raises(TemplateError, match=sentence):
        compile_template(template).render(roots, NOW)


def test_usual_sizes_are_far_below_the_limits() -> None:
    transcript = "Well, the thing arrived broken. " * 6_000
    lines = [{"sku": f"A{n}", "quantity": n % 5, "price": 9.99} for n in range(500)]
    assert len(text("{{ t | strip | replace: 'broken', 'intact' | truncate: 100000 }}", t=transcript)) == 100_000
    assert (
        text(
            "{% for l in lines %}{{l.sku}}: {{l.quantity | times: l.price | round: 2}}\n{% endfor %}", lines=lines
        ).count("\n")
        == 500
    )
    assert render({"t": "{{t}}", "text": "{{t | json}} {{lines}}"}, t=transcript, lines=lines).value["t"] == transcript


JUNK = st.lists(
    st.sampled_from(
        ["{{", "}}", "{%", "%}", "-", " ", "a", ".b", "[0]", "['c']", "[d]", "|", ":", ",", "'", '"', "“", "1", "1.5", "(1..3)", "..", "==",
         "if ", "else", "endif", "for ", "in ", "endfor", "assign ", "=", "case ", "when ", "endcase", "capture ", "endcapture",
         "raw ", "endraw", "comment ", "endcomment", "liquid ", "echo ", "\n", "secrets", ".x", "break", "limit:", "reversed", "and ", "contains ",
         "empty", "nil", "#", "text", "{", "}", "\0", "\ud800", "unless ", "endunless", "upcase", "default", "date", "now", "allow_false"]
    ),
    max_size=25,
).map("".join)  # fmt: skip
SOME_FILTERS = st.sampled_from(sorted(FILTERS))
ANYTHING = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(max_size=5),
        st.sampled_from(["now", "2026-01-01", "%F", "UTC", "k"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["k", "size", "b", "0"]), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=examples(4))
@given(JUNK, st.sampled_from(["", "json", "slack", "markdown", "html", "url"]), st.booleans())
def test_whatever_an_author_writes_is_rendered_or_refused_with_a_sentence(
    source: str, syntax: str, secrets: bool
) -> None:
    with either_way():
        sources = [source, f"{{{{ {source} }}}}", f"{{% {source} %}}"]
        template = compile_template(sources, {"/0": syntax} if syntax else {}, secrets=secrets)
        template.render({"a": {"b": [1], "c": 2}, "d": "b"}, NOW)


@settings(max_examples=examples(6))
@given(SOME_FILTERS, SOME_FILTERS, st.lists(ANYTHING, min_size=4, max_size=4), st.integers(0, 2), st.integers(0, 2))
def test_whatever_data_a_filter_gets_it_gives_json_or_fails_with_a_sentence(
    first: str, second: str, values: list[Any], some: int, more: int
) -> None:
    def written(name: str, count: int) -> str:
        return name + (f": {', '.join(['b', 'c'][:count])}" if count else "")

    with either_way():
        template = compile_template(f"{{{{ a | {written(first, some)} | {written(second, more)} }}}}")
        value = template.render(dict(zip("abcd", values, strict=True)), NOW).value
        assert value is None or isinstance(value, str | int | float | list | dict)
