from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from tests.together import together
from tests.workers.definitions.test_planning import GET, automation, said
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan


def found(pick: Any, *more: Any, **keys: Any) -> list[tuple[str, str, str | None]]:
    data = automation({**GET, "pick": pick, "saveAs": "got", **keys}, *more)
    return [(one.code, one.message, one.hint) for one in check(data, Source(), catalog())[1]]


@pytest.mark.parametrize(
    "pick",
    ["body", "status", "body.items[0]['first name']", 'headers["content-type"]', {"id": "body.id", "n": "body[3].x"}],
)
def test_paths_into_the_result_are_good_and_stand_in_the_plan(pick: Any) -> None:
    assert found(pick) == []
    data = automation({**GET, "pick": pick, "saveAs": "got"})
    made, _ = check(data, Source(), catalog())
    assert made is not None
    assert make_plan(made, data, catalog())["block"][0]["pick"] == pick


@together(
    ("pick", "code"),
    [
        ("bdy.id", "bad-pick"),
        ("body.id | upcase", "bad-pick"),
        ("{{body.id}}", "bad-pick"),
        ("body[status]", "bad-pick"),
        ("body..id", "bad-pick"),
        ("secrets.key", "bad-pick"),
        ("[0]", "bad-pick"),
        ({"id": "body.id", "total": "boddy.total"}, "bad-pick"),
        ("", "bad-pick"),
        ({}, "out-of-range"),
        (7, "wrong-type"),
        ({"id": 7}, "wrong-type"),
        ({"no name": "body"}, "bad-name"),
        (["body"], "wrong-type"),
    ],
)
def test_a_pick_that_cannot_work_is_one_problem(pick: Any, code: str) -> None:
    assert [one for one, _, _ in found(pick)] == [code]


def test_the_nearest_field_is_named() -> None:
    assert found("bdy.id") == [("bad-pick", "The result of http_request has no field 'bdy'.", "Did you mean body?")]


def test_a_pick_that_nothing_is_saved_of_is_a_warning() -> None:
    data = automation({**GET, "pick": "body.id"})
    made, problems = check(data, Source(), catalog())
    assert made is not None
    assert [(one.code, one.severity) for one in problems] == [("unsaved-pick", "warning")]


def test_later_steps_know_the_picked_names() -> None:
    assert found({"id": "body.id"}, said("{{variables.got.id}}")) == []
    assert [code for code, _, _ in found({"id": "body.id"}, said("{{variables.got.status}}"))] == ["unknown-field"]
    assert found("body", said("{{variables.got.anything}}")) == []
