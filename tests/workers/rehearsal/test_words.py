"""Cases of automations that wait for events, remember, poll, race, and differ by environment."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine import JSON
from tests.workers.rehearsal.stage import GET, POST, definition, played, stage, step_of, suite
from workers.rehearsal.performance import PlayedDecision
from workers.rehearsal.suite.paths import shown

WAIT: JSON = {
    "label": "Wait",
    "wait": {
        "event": "x.answered",
        "where": {
            "all": [
                {"field": "wanted.id", "operator": "equals", "value": "{{d.id}}"},
                {"field": "wanted.score", "operator": "less_than", "value": 3},
            ]
        },
        "atMost": "4d",
    },
    "saveAs": "answer",
}
EARLY: JSON = {**WAIT, "wait": {**WAIT["wait"], "since": "start"}}
LATER: JSON = {"wait": "2d"}
COUNT: JSON = {"label": "Count", "actionType": "remember", "config": {"key": "{{d.id}}", "add": 1, "for": "24h"}}
KNOW: JSON = {"label": "Know", "actionType": "recall", "config": {"key": "other"}, "saveAs": "known"}


def arriving(after: str, score: int = 2, of: int = 7, **more: Any) -> JSON:
    return {"event": {"data": {"id": of, "score": score}, **more}, "after": after}


def faults(folder: Path, *steps: JSON, top: JSON | None = None, of: JSON | None = None, **case: Any) -> list[str]:
    """Return where the faults of one case stand, with their messages."""
    test = {**(top or {}), "cases": [{"name": "it", "event": {"data": {"d": {"id": 7}}}, **case}]}
    result = suite(folder, definition(*steps, **(of or {})), test)
    problems = [str(one) for file in result.wrong for one in file.problems]
    results = [one for file in result.files for one in file.result.results]
    return [*problems, *(f"{shown(fault.place)}: {fault.message}" for one in results for fault in one.faults)]


ARRIVALS: list[tuple[list[JSON], list[JSON], JSON]] = [
    ([WAIT], [arriving("1d")], {"steps": {"wait": {"status": "succeeded", "at": "1d"}}}),
    ([WAIT], [arriving("1d")], {"variables": {"answer": {"type": "x.answered", "data": {"score": 2}}}}),
    ([WAIT], [arriving("1h", of=8), arriving("2h", score=3), arriving("3h")], {"steps": {"wait": {"at": "3h"}}}),
    ([WAIT], [arriving("1h", type="x.other")], {"variables": {"answer": None}, "steps": {"wait": {"at": "4d"}}}),
    ([LATER, EARLY], [arriving("1d")], {"steps": {"wait": {"at": "2d"}}}),
    ([WAIT, {**WAIT, "saveAs": "more"}], [arriving("1h", id="a"), arriving("2h", id="a"), arriving("3h", id="b")],
     {"variables": {"more": {"id": "b"}}}),
]  # fmt: skip


@pytest.mark.parametrize(("steps", "events", "expect"), ARRIVALS, ids=range(len(ARRIVALS)))
def test_an_event_that_arrives_is_taken_or_left_by_who_waits(
    steps: list[JSON], events: list[JSON], expect: JSON, tmp_path: Path
) -> None:
    assert faults(tmp_path, *steps, arrives=events, expect={"outcome": "completed", **expect}) == []


def test_an_event_for_which_nobody_waits_is_a_fault(tmp_path: Path) -> None:
    ended = faults(tmp_path, WAIT, arrives=[arriving("1h"), arriving("2h")])
    assert ended == ["arrives[1]: Nobody waited for this event any more: the run ended at 2026-01-05T10:00:00.000Z."]
    early = faults(tmp_path, LATER, WAIT, arrives=[arriving("1h")])
    assert early == ["arrives[0]: Nobody waited for this event when it arrived at 2026-01-05T10:00:00.000Z."]
    never = {"conditions": {"field": "d.id", "operator": "equals", "value": 8}}
    kept = faults(tmp_path, {**EARLY, **never}, LATER, arrives=[arriving("1h")])
    assert kept == ["arrives[0]: Nobody waited for this event when it arrived at 2026-01-05T10:00:00.000Z."]
    late = faults(tmp_path, WAIT, arrives=[arriving("2d")], until="1d")
    assert late == ["arrives[0]: The case was over before this event was to arrive (`until`, `after`)."]


def test_what_is_remembered_goes_from_case_to_store_and_back(tmp_path: Path) -> None:
    top: JSON = {"remembered": {"7": 1, "other": "file"}}
    both: JSON = {
        "expect": {"remembered": {"7": 2, "other": "file"}, "variables": {"known": {"found": True}}, "requests": []}
    }
    assert faults(tmp_path, COUNT, KNOW, top=top, **both) == []
    own: JSON = {"remembered": {"other": "case"}, "expect": {"variables": {"known": {"value": "case"}}}}
    assert faults(tmp_path, KNOW, top=top, **own) == []
    assert faults(tmp_path, COUNT, until="24h", expect={"remembered": {}}) == []
    assert faults(tmp_path, COUNT, until="23h", expect={"remembered": {"7": {"operator": "equals", "value": 1}}}) == []
    for wrong in ({}, {"7": 2}, {"7": 1, "8": 1}):
        [fault] = faults(tmp_path, COUNT, expect={"remembered": wrong})
        assert fault.startswith('expect.remembered: What is remembered afterwards is {"7": 1}, not')


def test_remembering_may_be_made_to_fail(tmp_path: Path) -> None:
    refused = {"count": {"fails": "refused", "message": "It is full."}}
    expect = {"outcome": "failed", "steps": {"count": {"error": {"message": "It is full."}}}, "remembered": {}}
    assert faults(tmp_path, COUNT, answers=refused, expect=expect) == []
    large = {**COUNT, "config": {"key": "k", "value": "{{d.text}}"}}
    event = {"data": {"d": {"text": "x" * 20_000}}}
    assert faults(tmp_path, large, event=event, expect={"outcome": "failed", "remembered": {}}) == []


def test_answers_of_a_poll_serve_its_passes_in_order(tmp_path: Path) -> None:
    done = {"field": "variables.got.body.done", "operator": "equals", "value": True}
    poll = {"label": "Poll", "repeat": [{**GET, "saveAs": "got"}], "until": done, "every": "1h", "atMost": "1d"}
    answers = {"look": [{"body": {"done": False}, "times": 2}, {"body": {"done": True}}]}
    requests = [{"step": f"poll[{n}].look", "at": f"{n}h"} for n in range(3)]
    assert faults(tmp_path, poll, answers=answers, expect={"requests": requests, "only": True}) == []
    late = {"look": {"body": {"done": False}}}
    timeout = {"poll": {"status": "failed", "at": "1d", "error": {"type": "Timeout"}}}
    assert faults(tmp_path, poll, answers=late, expect={"outcome": "failed", "steps": timeout}) == []


def test_the_environment_is_that_of_dev_and_what_the_file_says(tmp_path: Path) -> None:
    step = {**GET, "config": {"method": "GET", "url": "{{env.shop}}/orders"}}
    of = {"environment": ["shop"]}
    answers = {"look": {"status": 200}}

    def sent(url: str) -> JSON:
        return {"requests": [{"step": "look", "config": {"url": url}}]}

    [problem] = faults(tmp_path, step, of=of, answers=answers)
    assert "missing-environment-value" in problem
    (tmp_path / "environments").mkdir()
    (tmp_path / "environments/dev.yaml").write_text("shop: https://dev.example.com\n")
    assert faults(tmp_path, step, of=of, answers=answers, expect=sent("https://dev.example.com/orders")) == []
    top = {"environment": {"shop": "https://test.example.com"}}
    found = faults(tmp_path, step, of=of, top=top, answers=answers, expect=sent("https://test.example.com/orders"))
    assert found == []
    for wrong, words in (({"shpo": "x"}, "has no key `shpo`"), ({"shop": [1]}, "is a text, a number")):
        [problem] = faults(tmp_path, step, of=of, top={"environment": {"shop": "https://x", **wrong}}, answers=answers)
        assert words in problem


FORMAT = {"type": "object", "properties": {"wish": {"enum": ["refund"]}}, "required": ["wish"]}


def test_an_answer_is_held_to_the_format_that_its_step_wants(tmp_path: Path) -> None:
    config = {"promptTemplate": "Read {{d.id}}.", "format": FORMAT}
    ask = {"label": "Ask", "actionType": "generate_ai_response", "config": config, "saveAs": "asked"}
    good: JSON = {"answers": {"ask": {"wish": "refund"}}, "expect": {"variables": {"asked": {"wish": "refund"}}}}
    assert faults(tmp_path, ask, **good) == []
    [problem] = faults(tmp_path, ask, answers={"ask": [{"wish": "refund"}, {"wish": "money"}]})
    assert "has another form than `format` says: `wish`: this must be one of refund" in problem
    detailed = {**ask, "config": {**config, "details": True}}
    assert faults(tmp_path, detailed, answers={"ask": {"value": {"wish": "refund"}}}) == []
    [problem] = faults(tmp_path, detailed, answers={"ask": {"text": "refund"}})
    assert "another form" in problem


def test_a_message_in_which_a_hold_is_decided_is_one_notice(tmp_path: Path) -> None:
    notify = [{"label": "Ask", "actionType": "send_slack_approval", "config": {"channel": "#a"}}]
    held = {**POST, "requireApproval": {"approvers": ["ann"], "remindAfter": "1d", "notify": notify}}
    approve = PlayedDecision(hold="pay", says={"decision": "approve", "by": "ann"}, after=timedelta(hours=30))
    seen = played(stage(held), answers={"pay": {"status": 200}}, decisions=(approve,))
    assert [(one.on, one.text) for one in seen.notices] == [
        ("opened", "Approval needed: Pay"),
        ("reminder", "Still waits for approval: Pay"),
    ]
    assert [one["status"] for one in step_of(seen, "pay")["notified"]] == ["succeeded"] * 4
    assert (seen.outcome, [one.step for one in seen.requests]) == ("completed", ["pay"])
    case: JSON = {
        "decisions": [{"hold": "pay", "decision": "approve", "by": "ann"}],
        "answers": {"pay": {"status": 200}},
    }
    text = {"operator": "contains", "value": "Pay"}
    assert faults(tmp_path, held, **case, expect={"notices": [{"on": "opened", "hold": "pay", "text": text}]}) == []


def measured(folder: Path, plan: JSON, *cases: JSON, **top: Any) -> tuple[list[str], list[str]]:
    """Return what no case has covered, and the mutants that none has noticed."""
    test = {**top, "cases": [{"name": str(number), **case} for number, case in enumerate(cases)]}
    [found] = suite(folder, plan, test, coverage=True, mutants=True).files
    assert not found.file.problems, found.file.problems
    assert found.coverage is not None
    assert found.mutants is not None, [fault.message for one in found.result.failed for fault in one.faults]
    lacking = [f"{shown(item.place)} {' '.join(item.never)}" for item in found.coverage.missing()]
    return lacking, [f"{shown(one.place)} {one.change}" for one in found.mutants.survivors]


def test_what_an_event_must_be_is_covered_and_changed(tmp_path: Path) -> None:
    mine = {"event": {"data": {"d": {"id": 7}}}}
    taken = {"steps": {"wait": {"at": "1h"}}}
    lacking, survivors = measured(tmp_path, definition(WAIT), {**mine, "arrives": [arriving("1h")], "expect": taken})
    assert lacking == [f"actions[0].wait.where.all[{number}] false deciding" for number in range(2)]
    assert survivors == [
        "actions[0].wait.atMost time",
        *("actions[0].wait.where.all[1] dropped", "actions[0].wait.where.all[1] boundary"),
    ]
    others = [arriving("1h", of=8), arriving("2h", score=3), arriving("3h", of=8, score=4)]
    left = {**mine, "arrives": others, "expect": {"variables": {"answer": None}, "steps": {"wait": {"at": "4d"}}}}
    assert measured(tmp_path, definition(WAIT), {**mine, "arrives": [arriving("1h")], "expect": taken}, left) == (
        [],
        [],
    )


def test_a_poll_s_end_and_pauses_and_a_race_s_are_covered_and_changed(tmp_path: Path) -> None:
    done = {"field": "variables.got.body.n", "operator": "greater_than", "value": 2}
    poll = {"label": "Poll", "repeat": [{**GET, "saveAs": "got"}], "until": done, "every": "1h", "atMost": "1d"}
    plan = definition({**poll, "backoff": 2.5})
    event = {"event": {"data": {"d": {}}}, "answers": {"look": {"body": {"n": 3}}}}
    lacking, survivors = measured(tmp_path, plan, {**event, "expect": {"steps": {"poll": "succeeded"}}})
    assert lacking == ["actions[0].until false"]
    assert sorted(survivors) == [
        *("actions[0].atMost time", "actions[0].backoff number", "actions[0].backoff number"),
        *("actions[0].every time", "actions[0].repeat[0].config.url text", "actions[0].until boundary"),
    ]
    race = {"first": True, "label": "Race", "paths": [{"actions": [GET]}, {"actions": [{"wait": "1h"}, POST]}]}
    blind = {"event": {"data": {"d": {}}}, "answers": {"look": {}, "pay": {}}}
    assert "actions[0].first dropped" in measured(tmp_path, definition(race), blind)[1]
    seeing = {**blind, "expect": {"requests": [{"step": "look"}], "only": True}}
    assert "actions[0].first dropped" not in measured(tmp_path, definition(race), seeing)[1]


def test_ages_and_hours_are_covered_and_ages_moved(tmp_path: Path) -> None:
    office = {"office": {"timeZone": "Europe/Berlin", "start": "09:00", "end": "17:00"}}
    old: JSON = {"field": "d.at", "operator": "older_than", "value": "4h"}
    now: JSON = {"field": "now", "operator": "during", "value": "office"}
    plan = definition(GET, conditions={"all": [old, now]}, hours=office)
    answers: JSON = {"look": {}}

    def case(at: str, clock: str, outcome: str) -> JSON:
        return {"event": {"data": {"d": {"at": at}}}, "clock": clock, "expect": {"outcome": outcome}}

    day, night = "2026-01-05T14:00:00Z", "2026-01-05T20:00:00Z"
    cases = [
        case("2026-01-05T09:59:59Z", day, "completed"),
        case("2026-01-05T10:00:00Z", day, "skipped"),
        case("2026-01-05T09:59:59Z", night, "skipped"),
    ]
    lacking, survivors = measured(tmp_path, plan, *cases, answers=answers)
    assert (lacking, survivors) == ([], ["actions[0].config.url text"])
    lacking, survivors = measured(tmp_path, plan, case("2026-01-05T01:00:00Z", day, "completed"), answers=answers)
    assert lacking == [f"conditions.all[{number}] false deciding" for number in range(2)]
    assert "conditions.all[0] boundary" in survivors
