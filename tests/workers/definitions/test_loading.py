from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.together import together
from workers.definitions.loading import MAX_FILE_BYTES, UnreadableFileError, parse, read
from workers.definitions.problems import Problem

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def load(text: str | bytes, name: str = "a.yaml") -> Any:
    return parse(text.encode() if isinstance(text, str) else text, name)[0]


def refusal(text: str | bytes, name: str = "a.yaml") -> Problem:
    with pytest.raises(UnreadableFileError) as error:
        load(text, name)
    return error.value.problem


def test_plain_scalars_are_what_json_has_and_texts_otherwise() -> None:
    text = "a: [on, no, yes, off, 12, -3, 1.5, 1e3, true, null, ~, +15550100, 0123, 0x1F, 1_000, 2026-01-31, 12:30, '5', .5]"
    assert load(text)["a"] == [
        *("on", "no", "yes", "off", 12, -3, 1.5, 1000.0, True, None, None),
        *("+15550100", "0123", "0x1F", "1_000", "2026-01-31", "12:30", "5", ".5"),
    ]


def test_keys_are_texts() -> None:
    assert load("on: 1\n5: 2\nnull: 3\ntrue: 4") == {"on": 1, "5": 2, "null": 3, "true": 4}


def test_places_of_values_and_keys() -> None:
    data, source = parse(b"name: a\nsteps:\n  - {x: 1, y/z: 2}\n  - text: |\n      one\n      two\n", "a.yaml")
    assert data["steps"][1] == {"text": "one\ntwo\n"}
    assert source.place("/name") == (1, 7)
    assert source.place("/steps/0/y~1z") == (3, 17)
    assert source.place("/steps/0/y~1z", key=True) == (3, 12)
    assert source.place("/steps/0/missing") == (3, 5)
    assert source.place("/steps/1/text", line=2) == (6, 1)


def test_places_in_json() -> None:
    text = '{\n\t"a": [1, {"b\\"": "x, {y}"}],\n\t"c": "\\ud83d\\ude00"\n}'
    data, source = parse(text.encode(), "a.json")
    assert data == {"a": [1, {'b"': "x, {y}"}], "c": "😀"}
    assert source.place('/a/1/b"') == (2, 19)
    assert source.place("/c", key=True) == (3, 2)


@given(st.dictionaries(st.text(), JSON))
def test_json_is_read_as_json_with_a_place_for_each_value(value: dict[str, Any]) -> None:
    data, source = parse(json.dumps(value, indent=1).encode(), "a.json")
    assert data == value
    assert all(f"/{key.replace('~', '~0').replace('/', '~1')}" in source.values for key in value)


@given(st.dictionaries(st.text(st.characters(codec="ascii", exclude_categories=["Cc"])), JSON, min_size=1))
def test_yaml_that_quotes_its_texts_is_read_as_it_was_written(value: dict[str, Any]) -> None:
    text = yaml.safe_dump(value, default_style='"', allow_unicode=False)
    expected = json.loads(json.dumps(value))
    assert load(text) == expected


def test_aliases_are_expanded_within_bounds() -> None:
    assert load("a: &x {b: 1}\nc: *x") == {"a": {"b": 1}, "c": {"b": 1}}
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
    )
    found = refusal(bomb)
    assert (found.code, found.line) == ("too-large", 6)
    assert refusal("a: &a [*a]").code == "bad-syntax"
    assert refusal("a: *nowhere").code == "bad-syntax"


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_depth_is_bounded(name: str) -> None:
    assert refusal('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", name).code == "too-large"
    assert refusal('{"a": ' + "[" * 150 + "]" * 150 + "}", name).code == "too-large"
    assert load('{"a": ' + "[" * 90 + "]" * 90 + "}", name)


@together(
    ("text", "name", "code", "line"),
    [
        ("", "a.yaml", "not-an-automation", None),
        ("# only a comment\n", "a.yaml", "not-an-automation", None),
        ("- a\n", "a.yaml", "not-an-automation", 1),
        ("just text", "a.yaml", "not-an-automation", 1),
        ("[]", "a.json", "not-an-automation", 1),
        ("a: 1\n---\nb: 2\n", "a.yaml", "bad-syntax", 2),
        ("a:\n\tb: 1\n", "a.yaml", "bad-syntax", 2),
        ("a: {{x}}\n", "a.yaml", "bad-syntax", 1),
        ("a: !!python/object:os.system x", "a.yaml", "bad-syntax", 1),
        ("a: !env HOME", "a.yaml", "bad-syntax", 1),
        ("a: 'x", "a.yaml", "bad-syntax", 1),
        ("a: \x01", "a.yaml", "bad-syntax", 1),
        ("? [a]\n: b", "a.yaml", "bad-syntax", 1),
        ("a: 1\nb: 2\na: 3\n", "a.yaml", "duplicate-key", 3),
        ('{"a": 1,\n "a": 2}', "a.json", "duplicate-key", 2),
        ('{"a": 1,}', "a.json", "bad-syntax", 1),
        ("{'a': 1}", "a.json", "bad-syntax", 1),
        ('{"a": NaN}', "a.json", "bad-value", 1),
        ('{"a": 1e999}', "a.json", "bad-value", 1),
        ('{"a": "\\ud800"}', "a.json", "bad-value", 1),
        ('{"a": ' + "9" * 5000 + "}", "a.json", "bad-value", None),
        ("a: " + "9" * 5000, "a.yaml", "bad-value", 1),
        ("a: .inf", "a.yaml", "bad-value", 1),
        (b"name: caf\xe9", "a.yaml", "unreadable-file", 1),
        (b"a: " + b"x" * MAX_FILE_BYTES, "a.yaml", "too-large", None),
    ],
)
def test_what_cannot_be_read_says_where(text: str | bytes, name: str, code: str, line: int | None) -> None:
    found = refusal(text, name)
    assert (found.code, found.line, found.file) == (code, line, name)


def test_a_duplicate_key_is_told_with_both_lines() -> None:
    assert "lines 1 and 3" in refusal("a: 1\nb: 2\na: 3\n").message


def test_a_template_without_quotes_is_told_what_to_do() -> None:
    assert refusal("a: {{x}}").hint == "Put the template in quotes"


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
def test_no_content_is_a_traceback(content: bytes) -> None:
    for name in ("a.yaml", "a.json"):
        with contextlib.suppress(UnreadableFileError):
            assert isinstance(parse(content, name)[0], dict)


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read(tmp_path / "nothing.yaml")
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read(tmp_path)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_how_a_number_is_written_is_kept_where_a_text_would_show_it(name: str) -> None:
    text = b'{"a": 1.10, "b": [12e5, 1.5, 7, -0], "c": "1.10", "d": true}'
    data, source = parse(text, name)
    assert data == {"a": 1.1, "b": [1200000.0, 1.5, 7, 0], "c": "1.10", "d": True}
    assert source.numbers == {"/a": "1.10", "/b/0": "12e5", "/b/3": "-0"}
