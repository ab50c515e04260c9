from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liquid import Environment

from tests.together import together
from tests.workflows.language.render import render, text
from workflows.language.filters import FILTERS
from workflows.language.template import TemplateError, TemplateSyntaxError, compile_template

DATA: dict[str, Any] = {
    "s": "Hello, wörld <b>",
    "n": 7,
    "f": 2.5,
    "l": ["b", "A", "c", "b"],
    "o": [{"k": "x", "n": 2}, {"k": "y"}, {"k": "x", "n": 1}],
    "d": {"a": 1},
    "nested": [1, [2, [3]]],
    "null": None,
}

CASES: dict[str, list[tuple[str, Any]]] = {
    "abs": [("{{ -3 | abs }}", 3), ("{{ '-2.5' | abs }}", 2.5)],
    "append": [("{{ s | append: n }}", "Hello, wörld <b>7"), ("{{ d | append: l }}", '{"a":1}["b","A","c","b"]')],
    "at_least": [("{{ n | at_least: 9 }}", 9), ("{{ n | at_least: '3' }}", 7)],
    "at_most": [("{{ n | at_most: 3.5 }}", 3.5)],
    "base64_decode": [("{{ 'xb4=' | base64_decode }}", "ž")],
    "base64_encode": [("{{ 'ž' | base64_encode }}", "xb4=")],
    "base64_url_safe_decode": [("{{ 'Pz8_' | base64_url_safe_decode }}", "???")],
    "base64_url_safe_encode": [("{{ '???' | base64_url_safe_encode }}", "Pz8_")],
    "capitalize": [("{{ 'aB c' | capitalize }}", "Ab c")],
    "ceil": [("{{ 1.2 | ceil }}", 2), ("{{ n | ceil }}", 7)],
    "compact": [("{{ mixed | compact }}", [1, False, 2]), ("{{ o | compact: 'n' | size }}", 2)],
    "concat": [("{{ l | concat: l | size }}", 8), ("{{ l | concat: null | size }}", 4)],
    "date": [("{{ '2026-11-21' | date: '%d.%m.%Y' }}", "21.11.2026")],
    "default": [
        ("{{ null | default: 1 }}", 1),
        ("{{ '' | default: 1 }}", 1),
        ("{{ empty_list | default: 1 }}", 1),
        ("{{ empty_object | default: 1 }}", 1),
        ("{{ false | default: 1 }}", 1),
        ("{{ false | default: 1, allow_false: true }}", False),
        ("{{ 0 | default: 1 }}", 0),
        ("{{ ' ' | default: 1 }}", " "),
        ("{{ null | default }}", ""),
    ],
    "divided_by": [
        ("{{ 10 | divided_by: 4 }}", 2),
        ("{{ 10 | divided_by: 4.0 }}", 2.5),
        ("{{ '9' | divided_by: '3' }}", 3),
    ],
    "downcase": [("{{ 'ÄB' | downcase }}", "äb")],
    "escape": [("{{ s | escape }}", "Hello, wörld &lt;b&gt;"), ("{{ '&lt;' | escape }}", "&amp;lt;")],
    "escape_once": [
        ("{{ '&lt;<&\"' | escape_once }}", "&lt;&lt;&amp;&quot;"),
        ("{{ '&#60;&x' | escape_once }}", "&#60;&amp;x"),
    ],
    "find": [
        ("{{ o | find: 'k', 'y' }}", {"k": "y"}),
        ("{{ o | find: 'k', 'z' }}", None),
        ("{{ o | find: 'n' }}", {"k": "x", "n": 2}),
    ],
    "find_index": [("{{ o | find_index: 'k', 'y' }}", 1), ("{{ o | find_index: 'k', 'z' }}", None)],
    "first": [
        ("{{ l | first }}", "b"),
        ("{{ s | first }}", "H"),
        ("{{ d | first }}", ["a", 1]),
        ("{{ n | first }}", None),
    ],
    "fixed": [
        ("{{ 25 | fixed: 2 }}", "25.00"),
        ("{{ '25' | fixed: 2 }}", "25.00"),
        ("{{ 2.675 | fixed: 2 }}", "2.68"),
        ("{{ '2.675' | fixed: 2 }}", "2.68"),
        ("{{ 0.125 | fixed: 2 }}", "0.13"),
        ("{{ -0.125 | fixed: 2 }}", "-0.13"),
        ("{{ -0.001 | fixed: 2 }}", "0.00"),
        ("{{ '+007.5' | fixed: 0 }}", "8"),
        ("{{ '12345678901234567890.125' | fixed: 2 }}", "12345678901234567890.13"),
        ("{{ '1e21' | fixed: 2 }}", "1000000000000000000000.00"),
        ("{{ '19.99' | times: 3 | fixed: 2 }}", "59.97"),
        ("{{ '' | fixed: 2 }}", ""),
        ("{{ null | fixed: 2 }}", ""),
    ],
    "floor": [("{{ 1.8 | floor }}", 1)],
    "has": [("{{ o | has: 'k', 'y' }}", True), ("{{ o | has: 'z' }}", False)],
    "join": [
        ("{{ l | join: '-' }}", "b-A-c-b"),
        ("{{ nested | join }}", "1 2 3"),
        ("{{ o | map: 'n' | join: ',' }}", "2,,1"),
    ],
    "json": [
        ("{{ o | first | json }}", '{"k":"x","n":2}'),
        ("{{ s | json }}", '"Hello, wörld <b>"'),
        ("{{ null | json }}", "null"),
    ],
    "last": [("{{ l | last }}", "b"), ("{{ s | last }}", ">"), ("{{ d | last }}", None)],
    "lstrip": [("{{ ' a ' | lstrip }}", "a ")],
    "map": [("{{ o | map: 'n' }}", [2, None, 1]), ("{{ d | map: 'a' }}", [1])],
    "match": [
        (
            "{{ s | match: '([A-Z])(x)?' }}",
            {"match": "H", "captures": ["H", None], "index": 0, "original": "Hello, wörld <b>"},
        ),
        ("{{ s | match: 'HELLO', 'i' | map: 'index' }}", [0]),
        ("{{ n | match: '[0-9]' | map: 'match' }}", ["7"]),
        ("{{ s | match: '^x' }}", None),
        ("{{ null | match: '^$' }}", None),
        ("{{ d | match: 'a' }}", None),
        ("{% assign found = s | match: 'w(.)r' %}{{ found.captures[0] }} at {{ found.index }}", "ö at 7"),
    ],
    "minus": [("{{ n | minus: 2 }}", 5), ("{{ 0.3 | minus: 0.1 }}", 0.2)],
    "modulo": [
        ("{{ n | modulo: 4 }}", 3),
        ("{{ -7 | modulo: 4 }}", 1),
        ("{{ 0.3 | modulo: 0.1 }}", 0.0),
        ("{{ -0.5 | modulo: 2 }}", 1.5),
    ],
    "newline_to_br": [("{{ lines | newline_to_br }}", "a<br />\nb<br />\nc")],
    "parse_json": [
        ("{{ '{\"a\": [1.50, 12345678901234567890]}' | parse_json }}", {"a": [1.5, 12345678901234567890]}),
        ("{{ '5' | parse_json }}", 5),
        ("{{ s | parse_json }}", None),
        ("{{ s | parse_json | default: 'none' }}", "none"),
        ("{{ d | parse_json }}", {"a": 1}),
        ("{{ n | parse_json }}", 7),
    ],
    "plus": [("{{ n | plus: '2' }}", 9), ("{{ 1.1 | plus: 2.2 }}", 3.3), ("{{ null | plus: 1 }}", 1)],
    "prepend": [("{{ s | prepend: n }}", "7Hello, wörld <b>")],
    "reject": [("{{ o | reject: 'k', 'x' }}", [{"k": "y"}]), ("{{ o | reject: 'n' }}", [{"k": "y"}])],
    "remove": [("{{ 'abab' | remove: 'a' }}", "bb")],
    "remove_first": [("{{ 'abab' | remove_first: 'a' }}", "bab")],
    "remove_last": [("{{ 'abab' | remove_last: 'a' }}", "abb"), ("{{ 'abab' | remove_last: 'x' }}", "abab")],
    "replace": [
        ("{{ 'abab' | replace: 'a', 'x' }}", "xbxb"),
        ("{{ 'ab' | replace: '', '-' }}", "-a-b-"),
        ("{{ 'ab' | replace: 'a' }}", "b"),
    ],
    "replace_first": [("{{ 'abab' | replace_first: 'a', 'x' }}", "xbab")],
    "replace_last": [("{{ 'abab' | replace_last: 'ab', 'x' }}", "abx")],
    "reverse": [("{{ l | reverse }}", ["b", "c", "A", "b"])],
    "round": [
        ("{{ 2.5 | round }}", 3),
        ("{{ -2.5 | round }}", -3),
        ("{{ 1.005 | round: 2 }}", 1.01),
        ("{{ n | round: 2 }}", 7),
    ],
    "rstrip": [("{{ ' a ' | rstrip }}", " a")],
    "size": [
        ("{{ s | size }}", 16),
        ("{{ l | size }}", 4),
        ("{{ d | size }}", 1),
        ("{{ n | size }}", 0),
        ("{{ null | size }}", 0),
    ],
    "slice": [
        ("{{ 'abcd' | slice: 1 }}", "b"),
        ("{{ 'abcd' | slice: 1, 2 }}", "bc"),
        ("{{ 'abcd' | slice: -3, 2 }}", "bc"),
        ("{{ 'abcd' | slice: -2, 9 }}", "cd"),
        ("{{ 'abcd' | slice: 9, 2 }}", ""),
        ("{{ 'abcd' | slice: -9, 2 }}", ""),
        ("{{ 'abcd' | slice: 1, -1 }}", ""),
        ("{{ l | slice: 1, 2 }}", ["A", "c"]),
    ],
    "sort": [
        ("{{ l | sort }}", ["A", "b", "b", "c"]),
        ("{{ o | sort: 'n' | map: 'n' }}", [1, 2, None]),
        ("{{ numbers | sort }}", [1, 2.5, 10]),
    ],
    "sort_natural": [
        ("{{ l | sort_natural }}", ["A", "b", "b", "c"]),
        ("{{ mixed | sort_natural }}", [1, 2, False, None]),
    ],
    "split": [
        ("{{ 'a,b,,c' | split: ',' }}", ["a", "b", "", "c"]),
        ("{{ ' a  b ' | split: ' ' }}", ["a", "b"]),
        ("{{ 'ab' | split: '' }}", ["a", "b"]),
        ("{{ '' | split: ',' }}", []),
        ("{{ ',' | split: ',' }}", []),
    ],
    "squish": [("{{ '  a \n  b ' | squish }}", "a b")],
    "strip": [("{{ ' a ' | strip }}", "a")],
    "strip_html": [
        ("{{ 'a<b>c</b> <script>x<y</script>d<!-- > -->e' | strip_html }}", "ac de"),
        ("{{ 'a < b' | strip_html }}", "a < b"),
        ("{{ '<STYLE>p{}</style>x' | strip_html }}", "x"),
    ],
    "strip_newlines": [("{{ lines | strip_newlines }}", "abc")],
    "sum": [("{{ numbers | sum }}", 13.5), ("{{ o | sum: 'n' }}", 3), ("{{ '1' | sum }}", 1)],
    "times": [("{{ n | times: 3 }}", 21), ("{{ 1.1 | times: 3 }}", 3.3)],
    "truncate": [
        ("{{ 'abcdef' | truncate: 5 }}", "ab..."),
        ("{{ 'abcde' | truncate: 5 }}", "abcde"),
        ("{{ 'abcdef' | truncate: 4, '…' }}", "abc…"),
        ("{{ 'abcdef' | truncate: 2 }}", "..."),
    ],
    "truncatewords": [
        ("{{ 'a b c d' | truncatewords: 2 }}", "a b..."),
        ("{{ 'a  b' | truncatewords: 2 }}", "a  b"),
        ("{{ 'a b' | truncatewords: 1, '' }}", "a"),
    ],
    "uniq": [
        ("{{ l | uniq }}", ["b", "A", "c"]),
        ("{{ o | uniq: 'k' | size }}", 2),
        ("{{ alike | uniq }}", [1, True, "1", None]),
    ],
    "upcase": [("{{ 'straße' | upcase }}", "STRASSE")],
    "url_decode": [("{{ 'a+b%20%C5%BE' | url_decode }}", "a b ž")],
    "url_encode": [("{{ 'a b/ž' | url_encode }}", "a+b%2F%C5%BE")],
    "where": [("{{ o | where: 'k', 'x' | size }}", 2), ("{{ o | where: 'n' | size }}", 2)],
}
MORE: dict[str, Any] = {
    "mixed": [1, None, False, 2],
    "numbers": [10, 1, 2.5],
    "alike": [1, 1.0, True, "1", None, None],
    "lines": "a\r\nb\nc",
    "empty_list": [],
    "empty_object": {},
}


def test_every_filter_has_cases() -> None:
    assert sorted(CASES) == sorted(FILTERS)


@together(("template", "value"), [case for cases in CASES.values() for case in cases])
def test_a_filter_does_what_liquid_says(template: str, value: Any) -> None:
    rendered = text(template, **DATA, **MORE)
    assert rendered == value
    assert type(rendered) is type(value)


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ s | plus: 1 }}", "a number is needed"),
        ("{{ true | plus: 1 }}", "a number is needed, not true"),
        ("{{ n | divided_by: 0 }}", "divided by 0"),
        ("{{ n | modulo: 0.0 }}", "divided by 0"),
        ("{{ 100000000000000000000 | times: 100000000000000000000 }}", "the number is too large"),
        ("{{ n | round: 99 }}", "0 to 15 digits"),
        ("{{ s | truncate: 'x' }}", "a number is needed"),
        ("{{ s | truncate: nope }}", "a whole number is needed, not null"),
        ("{{ s | slice: 1.5 }}", "a whole number is needed, not 1.5"),
        ("{{ both | sort }}", "only numbers, or only texts"),
        ("{{ l | concat: 'x' }}", 'a list is needed, not "x"'),
        ("{{ 'no base64!' | base64_decode }}", "cannot be read"),
        ("{{ '/w==' | base64_decode }}", "cannot be read"),
        ("{{ half | url_encode }}", "cannot be read"),
        ("{{ infinite | plus: 1 }}", "the number is too large"),
        ("{{ not_a_number | round }}", "the number is too large"),
        ("x{{ infinite }}", "NaN or infinity"),
    ],
)
def test_a_filter_that_cannot_do_its_work_says_why(template: str, sentence: str) -> None:
    roots: dict[str, Any] = {"half": "\ud800", "infinite": float("inf"), "not_a_number": float("nan"), "both": [1, "a"]}
    with pytest.raises(TemplateError, match=sentence):
        text(template, **DATA, **roots)


@pytest.mark.parametrize("name", ["basic", "safe", "escapejs", "t", "sha256"])
def test_other_filters_do_not_exist(name: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        render(f"{{{{ s | {name} }}}}")


LIBRARY = Environment()
PLAIN_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=30)


@pytest.mark.parametrize(
    "chain",
    [
        "append: b",
        "prepend: b",
        "capitalize",
        "downcase",
        "upcase",
        "lstrip",
        "rstrip",
        "strip",
        "remove: b",
        "remove_first: b",
        "replace: b, 'x'",
        "replace_first: b, 'x'",
        "split: b | join: '|'",
        "slice: 2, 3",
        "size",
        "url_encode",
        "base64_encode | base64_decode",
        "squish",
    ],
)
@given(PLAIN_TEXT, st.text("ab ", max_size=2))
def test_on_texts_a_filter_gives_what_the_library_s_own_gives(chain: str, a: str, b: str) -> None:
    template = f"-{{{{ a | {chain} }}}}"
    assert text(template, a=a, b=b) == LIBRARY.from_string(template).render(a=a, b=b)


@given(st.integers(-(10**6), 10**6), st.integers(-1000, 1000).filter(bool), st.floats(-1e6, 1e6), st.floats(0.01, 100))
def test_on_numbers_a_filter_gives_what_the_library_s_own_gives(a: int, b: int, c: float, d: float) -> None:
    template = "-{{a|plus:b}} {{a|minus:b}} {{a|times:b}} {{a|divided_by:b}} {{a|modulo:b}} {{a|at_most:b}} {{a|abs}}"
    assert text(template, a=a, b=b) == LIBRARY.from_string(template).render(a=a, b=b)
    template = "-{{c|floor}} {{c|ceil}} {{c|divided_by:d}}"
    assert text(template, c=c, d=d) == LIBRARY.from_string(template).render(c=c, d=d)


@pytest.mark.parametrize(
    ("written", "number"),
    [("007", 7), ("+5", 5), ("-05", -5), (" 12 ", 12), (".5", 0.5), ("5.", 5.0), ("+.5", 0.5), ("1e3", 1000.0), ("08", 8), ("\xa07\n", 7)],
)  # fmt: skip
def test_a_text_is_the_number_that_people_write(written: str, number: float) -> None:
    assert text("{{ x | plus: 0 }}", x=written) == number
    assert text("{{ 0 | plus: x }}", x=written) == number
    assert text("{% if x == y %}{% elsif x >= y %}yes{% endif %}", x=written, y=number) == "yes"


@pytest.mark.parametrize(
    "written", ["1,000", "1_000", "1 000", "5 EUR", "0x10", "NaN", "Infinity", "--5", ".", "+", "e5", "٣"]
)
def test_a_text_that_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(TemplateError, match="a number is needed"):
        text("{{ x | plus: 0 }}", x=written)


EMPTY_OR_NULL = (
    ["date: '%F'", "default: 'x'", "size", "sum", "join: ','", "concat: l", "fixed: 2"]
    + [f"{name}: 3" for name in ("plus", "minus", "times", "divided_by", "modulo", "at_least", "at_most")]
    + ["abs", "ceil", "floor", "round", "map: 'k' | size", "where: 'k' | size", "compact | size", "uniq | size"]
)


@together("chain", EMPTY_OR_NULL)
def test_an_empty_text_is_nothing_wherever_null_is(chain: str) -> None:
    assert text(f"{{{{ x | {chain} }}}}", x="", l=[1]) == text(f"{{{{ x | {chain} }}}}", x=None, l=[1])


def test_an_empty_text_is_nothing_as_an_argument_too() -> None:
    assert text("{{ 5 | plus: x }}", x="") == 5
    assert text("{{ l | concat: x }}", x="", l=[1]) == [1]
    assert text("{{ l | sort }}", l=[2, "", 1]) == [1, 2, ""]
    assert text("{% if x > 1 %}more{% else %}not{% endif %}", x="") == "not"


@together(
    ("template", "sentence", "hint"),
    [
        ("{{ a | date: '%Q' }}", "unknown directive `%Q`", "strftime"),
        ("{{ a | date: '%F', 'Berlin' }}", "did you mean Europe/Berlin?", None),
        ("{{ a | date: '%F', 'CEST' }}", "no time zone", None),
        ("{{ a | date: '%F', 7 }}", "IANA name", None),
        ("{{ a | slice: 'x' }}", 'a number is needed, not "x"', None),
        ("{{ a | slice: 0, 1.5 }}", "a whole number is needed", None),
        ("{{ a | fixed: -1 }}", "0 to 15 digits can be kept, not -1", None),
        ("{{ a | round: 16 }}", "0 to 15 digits", None),
        ("{{ a | fixed }}", "takes 1 arguments", None),
        ("{{ a | truncate: 'long' }}", "a number is needed", None),
        ("{{ a | plus: 'one' }}", "a number is needed", None),
        ("{{ a | plus: true }}", "a number is needed", None),
        ("{{ a | divided_by: 0 }}", "divided by 0", None),
        ("{{ a | modulo: '0' }}", "divided by 0", None),
        ("{{ a | concat: 'x' }}", "a list is needed", None),
        ("{{ a | default: 1, allow_false: 'yes' }}", "true or false", None),
        ("{{ a | date: '%F', zone: 'UTC' }}", "no argument `zone`", "in order"),
        ("{{ 'abc' | plus: 1 }}", "a number is needed", None),
        ("{{ 'March' | date: '%F' }}", "is no date", None),
        ("{{ a | upper }}", "There is no filter `upper`", "`upcase`"),
        ("{{ a | qwxyz }}", "There is no filter", "There are abs"),
        ("{% for i in a limit: 'x' %}{% endfor %}", "whole number", None),
        ("{% for i in (1..'x') %}{% endfor %}", "whole number", None),
        ("{% if a > true %}{% endif %}", "needs two numbers or two texts", None),
    ],
)
def test_a_constant_that_can_never_work_is_refused_when_it_is_compiled(
    template: str, sentence: str, hint: str | None
) -> None:
    with pytest.raises(TemplateSyntaxError) as caught:
        compile_template(["", template])
    assert sentence in str(caught.value)
    assert caught.value.pointer == "/1"
    assert hint is None or hint in str(caught.value.hint)


@pytest.mark.parametrize(
    ("template", "missing"),
    [
        ("{{ contact.name | parse_json }}", ["contact.name"]),
        ("{{ contact.custom_fields['first name'] | strip | parse_json }}", ['contact.custom_fields["first name"]']),
        ("{{ order.lines[call.uuid] | parse_json }}", ["order.lines.null"]),
        ("{{ order[contact.name] | default: 'x' | parse_json }}", ["order"]),
        ("{{ nowhere | parse_json }}", ["nowhere"]),
        ("{{ '{' | parse_json }}", ['"{"']),
        ("{% assign read = contact.name | parse_json %}{{ read.id }}", ["contact.name", "read.id"]),
        ("{{ contact.name | parse_json | default: 1 }}", []),
        ("{{ 'null' | parse_json }}", []),
        ("{{ contact.name | match: 'x' }}", []),
        ("{{ nowhere | match: 'x' }}", ["nowhere"]),
    ],
)
def test_what_is_no_json_counts_as_missing(template: str, missing: list[str]) -> None:
    assert render(template).missing == missing


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ s | match: '(?=x)' }}", "look-ahead (`(?=`), which RE2 cannot express"),
        ("{{ s | match: 'x', 'q' }}", "with the flags \"q\" is no pattern: there is no flag 'q'"),
        ("{{ s | match: '\\u{41}' }}", "needs the flag `u`"),
        ("{{ s | match: 5 }}", "a pattern and its flags are texts, and 5 is none"),
        ("{{ s | match: 'a', true }}", "and true is none"),
        ("{{ s | match }}", "takes 1 to 2 arguments"),
    ],
)
def test_a_pattern_that_can_never_be_used_is_found_before_a_run(template: str, says: str) -> None:
    with pytest.raises(TemplateSyntaxError) as refused:
        compile_template(template)
    assert says in str(refused.value)


def test_a_pattern_from_data_is_judged_when_it_is_used() -> None:
    with pytest.raises(TemplateError, match=r"The filter `match` fails: .* is no pattern: a `\(` is never closed"):
        text("{{ s | match: pattern }}", **DATA, pattern="(")
    with pytest.raises(TemplateError, match="too costly for a text of 200,000 characters"):
        text("{{ long | match: '(?:a?){50}b' }}", long="a" * 200_000)
