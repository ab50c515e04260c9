from __future__ import annotations

from typing import Any

import pytest

from trunkline.strict_json import JsonError, JsonTooDeepError, read_json


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (' {"a": [1, 1.50, true]} ', {"a": [1, 1.5, True]}),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (r'["\ud83d", "\ud83d\ude00"]', ["\ufffd", "😀"]),
        ("[" * 100 + "]" * 100, None),
    ],
)
def test_json_is_read(text: str, value: Any) -> None:
    found = read_json(text)
    assert value is None or found == value


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        (" \n", "it is empty"),
        ("{", "line 1"),
        ("[1,]", "line 1"),
        ("NaN", "JSON has no NaN"),
        ("[-Infinity]", "JSON has no -Infinity"),
        ("1e999", "1e999 is too large a number"),
        ("1" * 400 + ".0", "this is too large a number"),
        ("9" * 1001, "more than 1,000 digits"),
    ],
)
def test_what_is_none_says_why(text: str, says: str) -> None:
    with pytest.raises(JsonError) as refused:
        read_json(text)
    assert says in str(refused.value)


@pytest.mark.parametrize("depth", [101, 100_000])
def test_what_nests_too_deeply_is_refused(depth: int) -> None:
    with pytest.raises(JsonTooDeepError, match="deeper than 100 levels"):
        read_json("[" * depth + "]" * depth)
