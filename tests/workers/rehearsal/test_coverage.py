"""Coverage counts what decides something, and mutants what a case would notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine import JSON
from tests.workers.rehearsal.stage import GET, POST, definition, suite
from workers.rehearsal.suite.paths import shown

A: JSON = {"field": "d.a", "operator": "equals", "value": 1}
B: JSON = {"field": "d.b", "operator": "greater_than", "value": 5}


def event(**data: Any) -> JSON:
    return {"name": str(data), "event": {"data": {"d": data}}}


def cases(*events: JSON, **more: Any) -> JSON:
    return {"answers": {"* *": {"status": 200}}, **more, "cases": list(events)}


def missing(folder: Path, plan: JSON, test: JSON) -> dict[str, list[str]]:
    """Return what each item that is not covered lacks, by its kind and path."""
    [measured] = suite(folder, plan, test, coverage=True).files
    assert measured.coverage is not None
    assert measured.result.failed == [], [fault for case in measured.result.failed for fault in case.faults]
    found: dict[str, list[str]] = {}
    for item in measured.coverage.missing():
        found.setdefault(f"{item.kind} {shown(item.place)}", []).extend(item.never)
    return found


TESTS: list[tuple[JSON, list[JSON], dict[str, list[str]]]] = [
    (A, [event(a=1)], {"conditions": ["false"]}),
    (A, [event(a=1), event(a=2)], {}),
    ({"not": A}, [event(a=1), event(a=2)], {}),
    ({"all": [A, B]}, [event(a=1, b=6), event(a=2, b=1)], {"conditions.all[0]": ["deciding"], "conditions.all[1]": ["deciding"]}),
    ({"all": [A, B]}, [event(a=1, b=6), event(a=2, b=6), event(a=1, b=5)], {}),
    ({"any": [A, B]}, [event(a=1, b=6), event(a=2, b=5)], {"conditions.any[0]": ["deciding"], "conditions.any[1]": ["deciding"]}),
    ({"any": [A, B]}, [event(a=1, b=1), event(a=2, b=6)], {}),
    ({"any": [A, {"not": B}]}, [event(a=2, b=1), event(a=1, b=6)], {}),
    ({"all": [A, {"any": [B]}]}, [event(a=1, b=6), event(a=2, b=6), event(a=1, b=1)], {}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "events", "lacking"), TESTS, ids=[str(n) for n in range(len(TESTS))])
def test_a_test_is_covered_once_it_was_true_false_and_deciding(
    condition: JSON, events: list[JSON], lacking: dict[str, list[str]], tmp_path: Path
) -> None:
    found = missing(tmp_path, definition(GET, conditions=condition), cases(*events))
    assert {key.partition(" ")[2]: never for key, never in found.items() if key.startswith("tests")} == lacking


def test_steps_and_ways_are_covered_once_they_were_reached(tmp_path: Path) -> None:
    branch = {"branch": [{"conditions": A, "actions": [GET]}], "label": "Which"}
    plan = definition(branch, {"wait": "1h", "conditions": B})
    assert missing(tmp_path, plan, cases(event(a=2, b=6))) == {
        "steps actions[0].branch[0].actions[0]": ["reached"],
        "tests actions[0].branch[0].conditions": ["true"],
        "tests actions[1].conditions": ["false"],
        "ways actions[0].branch[0]": ["taken"],
    }
    assert missing(tmp_path, plan, cases(event(a=1, b=1), event(a=2, b=6))) == {}


def test_iterations_reach_their_steps(tmp_path: Path) -> None:
    plan = definition({"forEach": "{{d.items}}", "actions": [{"set": {"x": 1}}, GET]})
    assert missing(tmp_path, plan, cases(event(items=[1]))) == {}
    assert sorted(missing(tmp_path, plan, cases(event(items=[])))) == [
        "steps actions[0].actions[0]",
        "steps actions[0].actions[1]",
    ]


def failures(folder: Path, step: JSON, *answers: JSON) -> list[str]:
    """Return the failures of a step that answers do not cover, as `rule: class`."""
    step = {**step, "retry": {"maximumAttempts": 1}}
    test = cases(*({**event(n=n), "answers": {"* *": one}} for n, one in enumerate(answers)))
    for one in test["cases"]:
        one["until"] = "1d"
    rows = missing(folder, definition(step), test)
    return [
        f"{key.rpartition('.')[2]} {cls}" for key, never in rows.items() if key.startswith("failures") for cls in never
    ]


def test_each_rule_counts_for_each_class_that_the_action_can_produce(tmp_path: Path) -> None:
    fine = {"status": 200}
    assert failures(tmp_path, POST, fine) == []
    assert failures(tmp_path, {**POST, "onFailure": "continue"}, fine) == ["onFailure any"]
    assert failures(tmp_path, {**POST, "onFailure": "continue"}, {"fails": "refused"}) == []
    rules: list[JSON] = [{"when": ["http_429", "unavailable"], "do": "stop"}, {"when": "any", "do": "continue"}]
    ruled = {**POST, "onFailure": rules}
    assert failures(tmp_path, ruled, {"fails": "unavailable", "status": 429}) == [
        "onFailure[1] refused",
        "onFailure[1] unknown",
        "onFailure[1] timeout",
    ]
    rest = [{"fails": name} for name in ("refused", "unknown", "timeout")]
    assert failures(tmp_path, ruled, {"fails": "unavailable", "status": 429}, *rest) == []
    assert failures(tmp_path, {**GET, "onFailure": rules}, fine)[2:] == ["onFailure[1] refused", "onFailure[1] timeout"]


def test_actions_follow_only_what_certainly_had_no_effect(tmp_path: Path) -> None:
    rules: list[JSON] = [{"when": "any", "actions": [{"set": {"x": 1}}]}, {"when": "unknown", "do": "hold"}]
    found = failures(tmp_path, {**POST, "onFailure": rules}, {"status": 200})
    assert found == ["onFailure[0] refused", "onFailure[0] unavailable", "onFailure[1] unknown"]


def test_only_what_counted_ends_a_hold(tmp_path: Path) -> None:
    held = {**POST, "requireApproval": {"approvers": ["ann"], "expiresAfter": "1d"}}

    def case(n: int, **said: Any) -> JSON:
        return {**event(n=n), "until": "2d", "decisions": [{"hold": "pay", **said}]}

    nothing = case(1, decision="approve", by="eve", expect="not_allowed") | {"until": "1h"}
    key = "holds actions[0].requireApproval"
    assert missing(tmp_path, definition(held), cases(nothing)) == {key: ["approved", "rejected", "expired"]}
    both = [case(2, decision="approve", by="ann"), case(3, decision="reject", by="ann")]
    assert missing(tmp_path, definition(held), cases(*both)) == {key: ["expired"]}
    assert missing(tmp_path, definition(held), cases(*both, {**event(n=4)})) == {}


def survivors(folder: Path, plan: JSON, test: JSON) -> list[str]:
    [measured] = suite(folder, plan, test, mutants=True).files
    assert measured.mutants is not None
    return [f"{shown(one.place)} {one.change}" for one in measured.mutants.survivors]


def test_a_mutant_survives_what_no_case_looks_at(tmp_path: Path) -> None:
    plan = definition({"wait": "1h"}, GET, {**POST, "conditions": B})
    blind = cases(event(b=6), event(b=1))
    assert survivors(tmp_path, plan, blind) == [
        *("actions[0] dropped", "actions[0].wait time", "actions[1] dropped", "actions[1].config.url text"),
        *("actions[2] dropped", "actions[2].conditions dropped"),
        *("actions[2].conditions operator", "actions[2].conditions boundary", "actions[2].config.url text"),
    ]
    config = {"method": "GET", "url": "https://a.example.com/"}
    look = {"step": "look", "at": "1h", "config": config}
    pay = {"step": "pay", "config": {"url": "https://b.example.com/"}}
    seeing = cases(
        event(b=6) | {"expect": {"requests": [look, pay], "only": True}},
        event(b=5) | {"expect": {"requests": [look], "only": True}},
    )
    assert survivors(tmp_path, plan, seeing) == []


def test_what_is_equivalent_is_excused_with_a_reason_and_an_idle_excuse_is_said(tmp_path: Path) -> None:
    plan = definition({"wait": "1h"}, {"stop": "completed"})
    excuse = {"path": "actions[0].wait", "change": "time", "reason": "How long it waits is a matter of taste."}
    idle = {"path": "actions[1].stop", "change": "outcome", "reason": "It is killed."}
    test = cases(event() | {"expect": {"outcome": "completed"}}, excused=[excuse, idle])
    result = suite(tmp_path, plan, test, mutants=True)
    found = result.files[0].mutants
    assert found is not None
    assert (found.killed, found.excused, [one.change for one in found.survivors]) == (1, 1, ["dropped"] * 2)
    assert found.of == 4
    assert found.percent == 50.0
    assert result.below == [
        f"{tmp_path}/tried.test.yaml: `excused` names actions[1].stop (outcome), which no mutant survives"
    ]
    assert result.exit_code == 1


def test_mutants_are_not_tried_where_a_case_fails(tmp_path: Path) -> None:
    test = cases(event() | {"expect": {"outcome": "failed"}})
    result = suite(tmp_path, definition(GET), test, mutants=True, least_mutants=50.0)
    assert result.mutants is None
    assert result.to_json()["files"][0]["mutants"] is None
    assert result.below == ["no mutants were tried, and 50 % must be killed"]


def test_bounds_are_of_all_files_together(tmp_path: Path) -> None:
    result = suite(tmp_path, definition(GET, conditions=A), cases(event(a=1)), coverage=True, least_coverage=60.0)
    assert result.coverage == 50.0
    assert (result.below, result.exit_code) == (["coverage 50 % is below 60 %"], 1)
