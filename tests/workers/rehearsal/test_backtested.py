"""A definition beside an earlier one, over recordings: what differs, and what nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ApplicationError

from tests.engine import JSON
from tests.workers.rehearsal.stage import ACTIONS, CLOCK, GET, POST, definition
from workers.client.recordings import ActivityOutcome, CountedDecision, HistoryRecording, RecordedArrival
from workers.definitions.loading import Source
from workers.definitions.runnable import Definition, load
from workers.rehearsal.backtest.backtesting import Backtest, Past
from workers.rehearsal.backtest.summary import failed, summary
from workers.rehearsal.backtest.telling import lines

LOOK: JSON = {**GET, "saveAs": "look"}
ASKED = {**POST, "requireApproval": {"approvers": ["group:finance"]}}


def made(*actions: JSON, **more: Any) -> Definition:
    found, problems = load(definition(*actions, **more), Source(), ACTIONS)
    assert found is not None, problems
    return found


def past(
    old: Definition,
    *answers: ActivityOutcome,
    number: int = 0,
    decisions: tuple[CountedDecision, ...] = (),
    **data: Any,
) -> Past:
    event = {"specversion": "1.0", "id": f"e{number}", "source": "manual", "type": "d.happened", "data": {"d": data}}
    began = CLOCK + timedelta(hours=number)
    run = HistoryRecording(run=f"tried/e{number}", automation="tried", event=event, began=began, plan=old.plan)
    run.answers, run.decisions = list(answers), list(decisions)
    run.opened = [(began, one.config) for one in answers]
    return Past(event=event, run=run)


def got(step: str, config: Any, body: Any = None, failure: Exception | None = None) -> ActivityOutcome:
    answer = None if failure else {"result": {"status": 200, "headers": {}, "body": body}}
    return ActivityOutcome(step, "http_request", config, None, answer, failure)


def backtested(new: Definition, *events: Past, **more: Any) -> JSON:
    return summary(events, Backtest(definition=new, actions=ACTIONS, **more).compare(events), new.plan)


def verdicts(found: JSON) -> list[str]:
    return [one["verdict"] for one in found["runs"]]


def test_recorded_answers_and_failures_are_those_of_the_same_request() -> None:
    old = made({**LOOK, "onFailure": "continue"}, POST)
    refused = got("look", GET["config"], failure=ApplicationError("No.", type="Refused", non_retryable=True))
    event = past(old, refused, got("pay", POST["config"]))
    assert verdicts(backtested(old, event)) == ["same"]
    stops = backtested(made(LOOK, POST), event)
    assert (verdicts(stops), stops["requests"]) == (
        ["otherRequests"],
        [{"step": "pay", "more": 0, "fewer": 1, "changed": 0, "later": None}],
    )
    twice = backtested(made({**LOOK, "onFailure": "continue"}, POST, {**POST, "id": "pay-2"}), event)
    assert (verdicts(twice), twice["runs"][0]["requests"][0]["change"]) == (["otherRequests"], "more")
    before = {**GET, "label": "Contract", "config": {"method": "GET", "url": "https://c.example.com/"}}
    unknown = backtested(made(before, {**LOOK, "onFailure": "continue"}, POST), event)
    assert (verdicts(unknown), unknown["runs"][0]["unknownFrom"]["step"]) == (["unknown"], "contract")
    assumed = backtested(
        made(before, {**LOOK, "onFailure": "continue"}, POST), event, assumed={"contract": {"status": 200}}
    )
    assert (verdicts(assumed), assumed["requests"][0]["more"]) == (["otherRequests"], 1)


def test_people_decide_what_they_did_and_new_approvals_count_as_given() -> None:
    old = made(ASKED)
    says = {"hold": "pay", "decision": "reject", "by": "ann", "reason": "No.", "digest": "of another request"}
    refused = past(old, decisions=(CountedDecision(says, CLOCK + timedelta(hours=1)),))
    assert (verdicts(backtested(old, refused)), backtested(old, refused)["approvals"]) == (
        ["same"],
        {"before": 1, "after": 1},
    )
    plain = made(POST)
    paid = past(plain, got("pay", POST["config"]), number=1)
    found = backtested(old, refused, paid)
    assert (verdicts(found), found["approvals"]) == (["same", "same"], {"before": 1, "after": 2})
    assert failed(found, ["more-approvals", "unknown"]) == ["more-approvals"]


def test_an_event_that_came_to_a_run_that_waited_comes_again() -> None:
    where = {"field": "wanted.id", "operator": "equals", "value": "{{d.id}}"}
    wait: JSON = {"label": "Wait", "wait": {"event": "d.answered", "where": where, "atMost": "2h"}, "saveAs": "answer"}
    old = made(wait, {**POST, "conditions": {"field": "variables.answer", "operator": "exists"}})
    event = past(old, got("pay", POST["config"]), id=1)
    assert event.run is not None
    silent = backtested(old, event)
    assert (verdicts(silent), silent["perDay"]) == (["same"], [])
    answer = {"specversion": "1.0", "id": "a", "source": "manual", "type": "d.answered", "data": {"id": 1}}
    event.run.arrived.append(RecordedArrival(answer, CLOCK + timedelta(hours=1)))
    assert backtested(old, event)["perDay"][0]["after"] == 1
    shorter = {**wait, "wait": {**wait["wait"], "atMost": "30m"}}
    found = backtested(
        made(shorter, {**POST, "conditions": {"field": "variables.answer", "operator": "exists"}}), event
    )
    assert (verdicts(found), found["requests"][0]["fewer"]) == (["otherRequests"], 1)


def test_the_verdicts_the_rate_and_the_words() -> None:
    high = {"field": "d.n", "operator": "greater_than", "value": 1}
    old = made(POST, conditions=high)
    events = [past(old, *[got("pay", POST["config"])] * (n > 1), number=n * 24, n=n) for n in range(4)]
    found = backtested(made(POST, conditions={**high, "value": 2}), *events)
    assert verdicts(found) == ["neither", "neither", "noLongerRuns", "same"]
    assert found["perDay"] == [{"receiver": "b.example.com", "before": 0.7, "after": 0.3}]
    assert found["runs"][2]["reason"] == "`d.n` is 2, not greater than 2."
    text = "\n".join(lines(found))
    for part in (
        "4 events, 2026-11-23 to 2026-11-26",
        "no longer runs",
        "e.g. e48 (`d.n` is 2, not greater than 2)",
        "1 fewer",
    ):
        assert part in text
    other = made(POST, trigger={"event": "d.lost"})
    assert [one["reason"] for one in backtested(other, events[3])["runs"]] == [
        "Its trigger is d.lost; the event is d.happened."
    ]
    assert verdicts(backtested(made(POST), *events)) == ["runsNow", "runsNow", "same", "same"]


def test_a_header_that_was_not_recorded_is_told() -> None:
    pay: JSON = {**POST}

    def sending(body: Any) -> JSON:
        return {**pay, "config": {**pay["config"], "body": body}}

    def using(header: str) -> JSON:
        return sending({"at": f"{{{{variables.look.headers.{header}}}}}"})

    old = made(LOOK, POST)
    event = past(old, got("look", GET["config"]), got("pay", POST["config"]))
    found = backtested(made(LOOK, using("date")), event)
    assert (verdicts(found), found["runs"][0]["reason"]) == (["unknown"], "Header not recorded: `date`.")
    assert found["runs"][0]["unknownFrom"]["step"] == "look"
    assert "from look on: --assume look=@FILE; Header not recorded: `date`)" in "\n".join(lines(found))
    assert verdicts(backtested(made(LOOK, using("etag")), event)) == ["otherRequests"], "it is always recorded"
    assumed = {"look": {"status": 200, "headers": {"date": "today"}}}
    answered = backtested(made(LOOK, using("date")), event, assumed=assumed)["runs"][0]
    assert (answered["verdict"], answered["requests"][0]["after"]["config"]["body"]) == (
        "otherRequests",
        {"at": "today"},
    )
    asked = got("look", GET["config"])._replace(headers=["date"])
    assert verdicts(backtested(made(LOOK, using("date")), past(old, asked, got("pay", POST["config"])))) == [
        "otherRequests"
    ]
    whole = backtested(made(LOOK, sending("{{variables.look}}")), event)
    assert whole["runs"][0]["reason"] == "Header not recorded: all of them."
