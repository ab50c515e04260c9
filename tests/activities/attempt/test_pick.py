from __future__ import annotations

from typing import Any

import pytest

from activities.attempt.pick import picked

ANSWER = {
    "status": 200,
    "body": {
        "order": {"id": 7, "lines": [{"name": "cup"}, {"name": "pot"}]},
        "12": "twelve",
        "size": "L",
        "note": None,
    },
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["status"], 200),
        (["body", "order", "id"], 7),
        (["body", "order", "lines", 0, "name"], "cup"),
        (["body", "order", "lines", -1, "name"], "pot"),
        (["body", "order", "lines", "last", "name"], "pot"),
        (["body", "order", "lines", "size"], 2),
        (["body", 12], "twelve"),
        (["body", "size"], "L"),
        (["body", "note"], None),
    ],
)
def test_one_path_gives_its_value(path: list[Any], value: Any) -> None:
    assert picked(ANSWER, path) == (value, [])


@pytest.mark.parametrize(
    "path", [["body", "x"], ["status", "x"], ["body", "order", "lines", 2], ["body", "note", "x"], ["status", 0]]
)
def test_a_path_that_finds_nothing_is_missing(path: list[Any]) -> None:
    assert picked(ANSWER, path) == (None, [path])
    assert picked(ANSWER, {"a": path, "b": ["status"]}) == ({"b": 200}, [path])
    assert picked(None, path) == (None, [path])
