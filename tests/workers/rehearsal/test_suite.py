"""Test files: what is wrong with one, what a case may expect, and everything that is said where it is not so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine import JSON
from tests.workers.command import ROOT
from tests.workers.rehearsal.stage import GET, POST, definition, suite
from workers.rehearsal.suite.checking import CASE, TOP
from workers.rehearsal.suite.expected import EXPECT
from workers.rehearsal.suite.paths import shown

HELD = {**POST, "requireApproval": {"approvers": ["ann", "bob"], "quorum": 2}, "saveAs": "paid"}
EACH = {"label": "Each", "forEach": "{{d.items}}", "actions": [{**POST, "label": "Put"}]}
PLAN = definition(GET, HELD, EACH)
EVENTS = {"one": {"data": {"d": {"items": [1, 2]}}}}


def case(**more: Any) -> JSON:
    return {"name": "it works", "event": "one", **more}


def wrong(folder: Path, test: JSON | str) -> list[tuple[str, int | None, str]]:
    result = suite(folder, PLAN, test)
    assert result.exit_code == 2
    assert result.files[0].result.results == []
    return [(one.code, one.line, one.message) for one in result.wrong[0].problems]


WRONG: list[tuple[str, str, int | None, str]] = [
    ("cases: []\nclok: now", "unknown-key", 2, "no key `clok`"),
    ("clock: soon\ncases: []", "bad-instant", 1, "is no instant"),
    ("secrets: a\ncases: []", "wrong-type", 1, "a list of texts"),
    ("events: {a: {extends: b}}\ncases: []", "unknown-event", 1, "no event 'b'"),
    ("events: {a: {extends: a}}\ncases: []", "unknown-event", 1, "extends itself"),
    ("answers: {}", "missing-key", 1, "needs `cases`"),
    ("cases:\n- {name: a, event: x}", "unknown-event", 2, "no event 'x'"),
    ("cases:\n- {name: a}", "missing-key", 2, "needs an `event`"),
    ("cases:\n- {event: {data: {}}}", "missing-key", 2, "needs `name`"),
    ("cases:\n- {name: a, event: {data: 1}}", "wrong-type", 2, "an object with the roots"),
    ("cases:\n- {name: a, event: {}}\n- {name: a, event: {}}", "duplicate-name", 3, "called 'a' already"),
    ("cases:\n- {name: a, event: {dta: {}}}", "unknown-key", 2, "no key `dta`"),
    ("cases:\n- {name: a, event: {id: 5, data: {}}}", "wrong-type", 2, "`id` is a text"),
    ("people: {a: [ann, 1]}\ncases: []", "wrong-type", 1, "'a' must hold texts"),
    ("people: {a b: [ann]}\ncases: []", "wrong-type", 1, "'a b' is no name"),
    ("cases:\n- {name: a, event: {}, until: later}", "bad-duration", 2, "neither a duration"),
    ("cases:\n- {name: a, event: {}, answers: {lok: {status: 200}}}", "unknown-step-id", 2, "no step 'lok'"),
    ("cases:\n- {name: a, event: {}, answers: {each: {status: 200}}}", "bad-answer", 2, "sends nothing"),
    ("cases:\n- {name: a, event: {}, answers: {look: {stat: 200}}}", "bad-answer", 2, "gives no 'stat'"),
    ("cases:\n- {name: a, event: {}, answers: {look: {status: ok}}}", "bad-answer", 2, "not what http_request gives"),
    ("cases:\n- {name: a, event: {}, answers: {look: {status: 99}}}", "bad-answer", 2, "no HTTP status"),
    ("cases:\n- {name: a, event: {}, answers: {look: [{status: 200, times: 0}]}}", "wrong-type", 2, "from 1 on"),
    ("cases:\n- {name: a, event: {}, answers: {look: {fails: down}}}", "wrong-type", 2, "no class of failure 'down'"),
    ("cases:\n- {name: a, event: {}, answers: {look: {fails: refused, body: 1}}}", "unknown-key", 2, "no key `body`"),
    ('cases:\n- {name: a, event: {}, answers: {"GET https://*": {id: 1}}}', "bad-answer", 2, "gives no 'id'"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: 'pay#x', decision: approve, by: ann}]}", "unknown-step-id", 2, "pay#2"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: 'pay#1', decision: approve, by: ann}]}", "unknown-step-id", 2, "pay#2"),
    ("cases:\n- {name: a, event: {}, expect: {only: true}}", "missing-key", 2, "`requests` beside it"),
    ("cases:\n- {name: a, event: {}, expect: {requests: [{step: pay, only: true}]}}", "unknown-key", 2, "`only`"),
    ("", "not-an-automation", None, "A test file is an object with `cases`"),
    ("- a", "not-an-automation", 1, "A test file is an object with `cases`"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: pay, by: ann}]}", "missing-key", 2, "needs `decision`"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: look, decision: stop, by: ann}]}", "never-held", 2, "never held"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: pya, decision: stop, by: a}]}", "unknown-step-id", 2, "'pya'"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: pay, decision: ok, by: a}]}", "wrong-type", 2, "no decision 'ok'"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: pay, decision: approve, by: a, after: x}]}", "bad-duration", 2, "'x'"),
    ("cases:\n- {name: a, event: {}, decisions: [{hold: pay, decision: approve, by: a, expect: yes}]}", "wrong-type", 2, "no receipt"),
    ("cases:\n- {name: a, event: {}, expect: {outcom: x}}", "unknown-key", 2, "no key `outcom`"),
    ("cases:\n- {name: a, event: {}, expect: {outcome: done}}", "wrong-type", 2, "no outcome 'done'"),
    ("cases:\n- {name: a, event: {}, expect: {outcome: {operator: is, value: 1}}}", "wrong-type", 2, "no operator 'is'"),
    ("cases:\n- {name: a, event: {}, expect: {outcome: {operator: exists, value: 1}}}", "wrong-type", 2, "takes no `value`"),
    ("cases:\n- {name: a, event: {}, expect: {steps: {look: good}}}", "wrong-type", 2, "no status 'good'"),
    ("cases:\n- {name: a, event: {}, expect: {steps: {lok: failed}}}", "unknown-step-id", 2, "no step 'lok'"),
    ("cases:\n- {name: a, event: {}, expect: {requests: [{at: 1h}]}}", "missing-key", 2, "needs `step`"),
    ("cases:\n- {name: a, event: {}, expect: {requests: [{step: look, at: [1h, x]}]}}", "bad-duration", 2, "'x'"),
    ("cases:\n- {name: a, event: {}, expect: {requests: [{step: look, times: 0}]}}", "wrong-type", 2, "from 1 on"),
    ("cases:\n- {name: a, event: {}, expect: {notices: [{on: closed}]}}", "wrong-type", 2, "no occasion 'closed'"),
    ("cases:\n- {name: a, event: {}, expect: {holds: {look: {}}}}", "never-held", 2, "never held"),
    ("excused:\n- {path: a, change: dropped}\ncases: []", "missing-key", 2, "needs `reason`"),
    ("environment: [a]\ncases: []", "wrong-type", 1, "an object of values by name"),
    ("environment: {shop: x}\ncases: []", "unknown-key", 1, "has no key `shop`"),
    ("environment: {shop: '{{a}}'}\ncases: []", "wrong-type", 1, "is a template"),
    ("remembered: [a]\ncases: []", "wrong-type", 1, "an object of values by key"),
    ("cases:\n- {name: a, event: {}, remembered: 1}", "wrong-type", 2, "an object of values by key"),
    ("cases:\n- {name: a, event: {}, arrives: {}}", "wrong-type", 2, "a list of events"),
    ("cases:\n- {name: a, event: {}, arrives: [{after: 1h}]}", "missing-key", 2, "needs `event`"),
    ("cases:\n- {name: a, event: {}, arrives: [{event: x}]}", "unknown-event", 2, "no event 'x'"),
    ("cases:\n- {name: a, event: {}, arrives: [{event: {}, after: x}]}", "bad-duration", 2, "'x'"),
    ("cases:\n- {name: a, event: {}, arrives: [{event: {}, at: 1h}]}", "unknown-key", 2, "no key `at`"),
    ("cases:\n- {name: a, event: {}, expect: {remembered: [a]}}", "wrong-type", 2, "an object of values by key"),
    ("cases: [", "bad-syntax", 2, "no YAML"),
    ("automation: other.yaml\ncases: []", "missing-automation", 1, "no automation"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line", "words"), WRONG, ids=[f"{n}-{row[1]}" for n, row in enumerate(WRONG)])
def test_what_is_wrong_is_said_with_its_place(
    text: str, code: str, line: int | None, words: str, tmp_path: Path
) -> None:
    [found] = wrong(tmp_path, text)
    assert found[:2] == (code, line)
    assert words in found[2]


def test_an_automation_with_problems_is_not_played_and_its_problems_are_listed(tmp_path: Path) -> None:
    result = suite(tmp_path, definition({"label": "A", "actionType": "http_requst"}), {"cases": []})
    assert [(one.code, Path(str(one.file)).name) for one in result.wrong[0].problems] == [
        ("unknown-action", "tried.yaml")
    ]
    assert result.exit_code == 2


APPROVED = [{"hold": "pay", "decision": "approve", "by": by} for by in ("ann", "bob")]
ALL = {"look": {"status": 200, "body": {"n": 1}}, "pay": {"status": 201, "body": {"id": "P-1"}}, "put": {"status": 204}}


def faults(folder: Path, expect: JSON, **more: Any) -> list[str]:
    """Return where the faults of one case stand, with their messages."""
    test = {"events": EVENTS, "cases": [case(answers=ALL, decisions=APPROVED, expect=expect) | more]}
    [result] = suite(folder, PLAN, test).files[0].result.results
    return [f"{shown(fault.place)}: {fault.message}" for fault in result.faults]


HOLDS: list[JSON] = [
    {},
    {"outcome": "completed", "missing": []},
    {"outcome": {"operator": "in", "value": ["completed", "failed"]}},
    {"steps": {"look": "succeeded", "pay": {"status": "succeeded", "at": "0s", "attempts": 1}}},
    {"steps": {"each": {"counts": {"succeeded": 2}}}},
    {"variables": {"paid": {"body": {"id": "P-1"}}}},
    {"variables": {"paid": {"status": {"operator": "greater_than", "value": 200}, "headers": {}}}},
    {"requests": [{"step": "look"}, {"step": "pay", "config": {"method": "POST"}}], "only": False},
    {"requests": [{"step": "put", "times": 2, "sameKey": False}]},
    {"requests": [{"step": "each[0].put", "at": "0s"}, {"step": "each[1].put", "at": ["0s"]}]},
    {"requests": [{"step": name} for name in ("look", "pay", "put", "put")], "only": True},
    {"requests": [{"step": "look", "exactly": GET["config"]}]},
    {"holds": {"pay": {"quorum": 2, "approvers": ["ann", "bob"], "kind": "approval"}}},
]


@pytest.mark.parametrize("expect", HOLDS, ids=str)
def test_what_is_so_passes(expect: JSON, tmp_path: Path) -> None:
    assert faults(tmp_path, expect) == []


LACKING: list[tuple[JSON, str]] = [
    ({"outcome": "failed"}, "expect.outcome: The outcome is completed, not failed."),
    ({"steps": {"look": "failed"}}, "expect.steps.look: look: status is succeeded, not failed."),
    ({"steps": {"pay": {"at": "1h"}}}, "expect.steps.pay: pay: at is 2026-01-05T09:00:00.000Z, not 1h."),
    ({"steps": {"each[0].put": "failed"}}, 'expect.steps["each[0].put"]: each[0].put: status is skipped, not failed.'),
    ({"variables": {"paid": {"status": "201"}}}, "expect.variables.paid: variables.paid is"),
    ({"variables": {"other": 1}}, "expect.variables.other: variables.other is missing, not 1."),
    ({"missing": ["a"]}, "expect.missing: What is missing is [], not"),
    ({"reason": "Why"}, "expect.reason: The reason is missing, not Why."),
    ({"requests": []}, "expect.requests: Nothing else was to be sent; look, pay, each[0].put, each[1].put was."),
    ({"requests": [{"step": "look"}], "only": True}, "expect.requests: Nothing else"),
    ({"requests": [{"step": "look", "times": 2}]}, "expect.requests[0]: look was sent once, not 2."),
    ({"requests": [{"step": "look", "at": "1m"}]}, "expect.requests[0]: look was sent at 2026-01-05T09:00:00.000Z, not at"),
    ({"requests": [{"step": "pay"}, {"step": "look"}]}, "expect.requests[1]: look was sent before"),
    ({"requests": [{"step": "put", "times": 2, "sameKey": True}]}, "expect.requests[0]: put was sent under several keys."),
    ({"requests": [{"step": "look", "config": {"method": "PUT"}}]}, 'Expected {"method": "PUT"}, sent {"method": "GET"}.'),
    ({"requests": [{"step": "look", "exactly": {"method": "GET"}}]}, "look was sent with another config."),
    ({"holds": {"pay": {"quorum": 3}}}, "expect.holds.pay: The hold pay is"),
    ({"notices": [{"on": "opened"}]}, "expect.notices[0]: No such notice was sent; 0 others were."),
]  # fmt: skip


@pytest.mark.parametrize(("expect", "sentence"), LACKING, ids=[str(row[0]) for row in LACKING])
def test_what_is_not_so_is_one_fault_at_its_place(expect: JSON, sentence: str, tmp_path: Path) -> None:
    [fault] = faults(tmp_path, expect)
    assert sentence in fault


def test_everything_that_is_wrong_is_shown(tmp_path: Path) -> None:
    found = faults(tmp_path, {"outcome": "failed", "requests": [{"step": "look", "times": 3}], "reason": "x"})
    assert [one.partition(":")[0] for one in found] == ["expect.outcome", "expect.reason", "expect.requests[0]"]


def test_a_request_that_nobody_answers_comes_with_the_line_that_answers_it(tmp_path: Path) -> None:
    lacking = {key: value for key, value in ALL.items() if key != "look"}
    test: JSON = {
        "events": EVENTS,
        "cases": [case(answers=lacking, decisions=APPROVED, expect={"outcome": "completed"})],
    }
    [result] = suite(tmp_path, PLAN, test).files[0].result.results
    pastes = [fault.paste for fault in result.faults if fault.paste]
    assert pastes == ['look: {"status": 200, "body": {}}']
    text = (tmp_path / "tried.test.yaml").read_text().replace("  answers:\n", f"  answers:\n    {pastes[0]}\n")
    assert suite(tmp_path, PLAN, text).exit_code == 0


def test_answers_that_are_not_asked_for_and_lists_that_are_used_up_are_faults(tmp_path: Path) -> None:
    twice = ALL | {"look": [{"status": 200}, {"status": 200}], "put": [{"status": 204}]}
    found = faults(tmp_path, {}, answers=twice)
    assert [one.partition(":")[0] for one in found] == ["answers.put", "answers.look"]
    assert "1 answer was never asked for" in found[1]
    test = {"events": EVENTS, "answers": {"look": [{"status": 200, "times": 5}]}, "cases": [case(until="1h")]}
    [result] = suite(tmp_path, PLAN, test).files[0].result.results
    assert result.faults == []  # the file's may be left


def test_a_case_s_answers_go_before_the_file_s_and_steps_before_requests(tmp_path: Path) -> None:
    file = {"look": {"status": 500}, "GET https://a.example.com/*": {"status": 500}, "* *": {"status": 200}}
    mine = {"GET *": {"status": 404}, "look": {"status": 200}}
    test = {"events": EVENTS, "answers": file, "cases": [case(answers=mine, until="1h", expect={"outcome": "held"})]}
    assert suite(tmp_path, PLAN, test).exit_code == 0
    del test["cases"][0]["answers"]["look"]  # type: ignore[index] # the case above
    test["cases"][0]["expect"] = {"outcome": "failed", "requests": [{"step": "look", "times": 1}]}  # type: ignore[index] # same
    assert suite(tmp_path, PLAN, test).exit_code == 0


def test_decisions_that_do_not_count_are_faults_unless_they_are_expected(tmp_path: Path) -> None:
    decisions = [
        {"hold": "pay", "decision": "approve", "by": "eve"},
        {"hold": "pay", "decision": "approve", "by": "eve", "expect": "not_allowed"},
        {"hold": "pay", "decision": "approve", "by": "ann", "expect": "accepted"},
        {"hold": "pay", "decision": "approve", "by": "bob", "after": "2d"},
        {"hold": "pay#2", "decision": "approve", "by": "bob"},
    ]
    found = faults(tmp_path, {"outcome": "held"}, decisions=decisions, until="1d", answers={"look": {"status": 200}})
    assert [one.partition(":")[0] for one in found] == ["decisions[0]", "decisions[2]", "decisions[3]", "decisions[4]"]
    assert "The receipt is needs_more, not accepted" in found[1]
    assert "(`until`" in found[2]
    assert "never opened" in found[3]


def test_one_case_over_many_events_is_one_result_for_each(tmp_path: Path) -> None:
    rows = [{"data": {"d": {"items": list(range(n))}}} for n in (0, 3)]
    test = {
        "events": EVENTS,
        "answers": ALL,
        "cases": [case(forEach=rows, decisions=APPROVED, expect={"requests": [{"step": "put"}]})],
    }
    result = suite(tmp_path, PLAN, test)
    assert [one.passed for one in result.files[0].result.results] == [False, True]
    assert (result.passed, result.failed, result.exit_code) == (1, 1, 1)


def test_an_event_that_the_trigger_does_not_declare_begins_no_run(tmp_path: Path) -> None:
    plan = PLAN | {"trigger": {"event": "d.happened", "data": {"type": "object", "required": ["d"]}}}
    test = {
        "cases": [
            {
                "name": "a",
                "event": {"data": {}},
                "expect": {
                    "outcome": "failed",
                    "reason": {"operator": "contains", "value": "'d' is a required"},
                    "requests": [],
                },
            }
        ]
    }
    result = suite(tmp_path, plan, test)
    assert [one.message for case in result.files[0].result.results for one in case.faults] == []


def test_a_list_that_is_used_up_comes_back_with_one_more(tmp_path: Path) -> None:
    mine = {**ALL, "put": [{"status": 204}]}
    test: JSON = {"events": EVENTS, "cases": [case(answers=mine, decisions=APPROVED, expect={"outcome": "completed"})]}
    [result] = suite(tmp_path, PLAN, test).files[0].result.results
    [fault] = [fault for fault in result.faults if fault.paste]
    assert fault.message.startswith("No answer is left for the request of each[1].put (http_request, POST")
    test["cases"][0]["answers"] |= yaml.safe_load(str(fault.paste))
    assert suite(tmp_path, PLAN, test).exit_code == 0


def test_the_page_has_every_key(tmp_path: Path) -> None:
    page = (ROOT / "docs/testing.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|", page, re.MULTILINE)
    shown_keys = {key for row in rows for key in re.findall(r"`(\w+)`", row)}
    assert shown_keys == {*TOP, *CASE, *EXPECT} - {"only"}
