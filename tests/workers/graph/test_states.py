"""How the steps of a run read on its picture."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workers.graph.pictures import EVERYTHING, definition, get, picture, plan_of
from workers.graph.building import Mark
from workers.graph.mermaid import STYLES
from workers.graph.states import GRAVEST, marks_of_run, step_of
from workflows.compiled import program
from workflows.report import ENDED, Report


def entry(name: str, status: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": name, "status": status, **more}


def marks(*entries: dict[str, Any], text: str = EVERYTHING) -> dict[str, Mark]:
    report: Any = {"steps": [*entries]}
    return marks_of_run(plan_of(text)[0], report)


def test_every_status_has_a_place_and_a_colour() -> None:
    assert {*GRAVEST} == {*ENDED, "pending", "running", "held"}
    assert {*GRAVEST} <= STYLES.keys()


def test_each_step_of_a_report_is_marked() -> None:
    plan, _ = plan_of(EVERYTHING)
    report: Any = {"steps": Report(program(plan), room=1_000_000).steps(closed=False)}
    found = marks_of_run(plan, report)
    assert {mark.name for mark in found.values()} == {"pending"}
    boxes = {item.box.id: item.box for item in picture(EVERYTHING, found).items()}
    no_steps = {"trigger", "done", "on-failure", "tried-operators", "tried-operators_", "tried-failed"}
    assert {name for name, box in boxes.items() if "pending" not in box.classes} == no_steps


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ("2026-11-28T09:00:00.250Z", "succeeded after 250ms"),
        ("2026-11-28T09:00:03.900Z", "succeeded after 3s"),
        ("2026-11-28T09:02:05.000Z", "succeeded after 2m5s"),
        ("2026-11-28T11:05:09.000Z", "succeeded after 2h5m"),
        ("2026-12-01T13:05:09.000Z", "succeeded after 3d4h"),
    ],
)
def test_how_long_it_took_as_exact_as_it_matters(ended: str, words: str) -> None:
    found = marks(entry("ask", "succeeded", startedAt="2026-11-28T09:00:00.000Z", endedAt=ended, attempts=3))
    assert found == {"ask": Mark(name="succeeded", facts=(words, "3 attempts"))}


def test_what_is_under_way_says_since_and_until_when() -> None:
    begun = "2026-11-28T09:00:00.000Z"
    found = marks(
        entry("ask", "held", startedAt=begun),
        entry("pause", "running", startedAt=begun, until="2026-11-28T09:15:00.000Z"),
        entry("high", "skipped", reason="not taken"),
    )
    assert found["ask"] == Mark(name="held", facts=("held", "since 2026-11-28 09:00 UTC"))
    assert found["pause"] == Mark(name="running", facts=("running", "until 2026-11-28 09:15 UTC"))
    assert found["high"] == Mark(name="skipped", facts=("not taken",))


def test_turns_of_a_loop_are_counted_also_those_that_are_not_listed() -> None:
    found = marks(
        entry("each", "failed", counts={"succeeded": 11, "failed": 1}),
        entry("each[3].put", "succeeded", attempts=2),
        entry("each[3].both", "succeeded"),
        entry("each[3].both.left", "succeeded"),
        entry("each[7].put", "failed"),
    )
    assert found["each"].facts == ("failed", "12 times: 1 failed, 11 succeeded")
    assert found["put"] == Mark(name="failed", facts=("11 times: 1 failed, 10 succeeded",))
    assert found["left"].facts == ("9 times: 9 succeeded",)
    assert found["both.left"].name == "succeeded"


def test_of_a_turn_that_is_not_listed_only_what_is_sure_is_told() -> None:
    way = {"conditions": {"field": "d.a", "operator": "exists"}, "actions": [get("maybe")]}
    inner = {"id": "inner", "forEach": "{{d.list}}", "actions": [get("deep")]}
    loop = {
        "id": "each",
        "forEach": "{{d.list}}",
        "actions": [
            get("sure"),
            get("asked", conditions={"field": "d.a", "operator": "exists"}),
            {"id": "choose", "branch": [way]},
            inner,
        ],
    }
    found = marks(entry("each", "succeeded", counts={"succeeded": 4}), text=definition([loop]))
    assert found.keys() == {"each", "sure", "choose", "inner"}
    assert found["sure"] == Mark(name="succeeded", facts=("4 times: 4 succeeded",))


def test_a_loop_in_which_nothing_was_done_says_so() -> None:
    assert marks(entry("each", "succeeded", counts={}))["each"].facts == ("succeeded", "0 times: none")


def test_of_which_step_an_entry_is() -> None:
    assert step_of("refund") == "refund"
    assert step_of("each[0].paths.left") == "paths.left"
    assert step_of("each[0].inner[12].put") == "put"
