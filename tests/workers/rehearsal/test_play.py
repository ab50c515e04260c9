"""A rehearsed run does what the shipped interpreter does, on a clock that jumps."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.workers.rehearsal.stage import CLOCK, GET, POST, after, moments, played, stage, step_of
from workers.rehearsal.answers import Answers
from workers.rehearsal.performance import PlayedDecision

OK = {"status": 200}


def test_waiting_takes_no_time() -> None:
    seen = played(stage({"wait": "300d"}, GET), answers={"look": OK})
    assert (seen.outcome, moments(seen, "look")) == ("completed", [300 * 86_400])
    assert step_of(seen, "wait")["endedAt"] == after(300 * 86_400)


def test_attempts_are_repeated_as_temporal_repeats_them() -> None:
    answers = {"look": [{"fails": "unavailable", "times": 8}, OK]}
    seen = played(stage(GET), answers=answers)
    assert moments(seen, "look") == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert len({one.key for one in seen.requests}) == 1
    assert step_of(seen, "look")["attempts"] == 9


def test_attempts_end_with_their_number_or_their_time() -> None:
    bounded = {**GET, "retry": {"maximumAttempts": 3, "initialInterval": "10s", "backoffCoefficient": 3.0}}
    seen = played(stage(bounded), answers={"look": {"fails": "unavailable"}})
    assert (seen.outcome, moments(seen, "look")) == ("failed", [0, 10, 40])
    seen = played(stage({**GET, "retry": {"within": "5s"}}), answers={"look": {"fails": "unavailable"}})
    assert moments(seen, "look") == [0, 1, 3]


@pytest.mark.parametrize(
    ("wait", "at"),
    [("90", 90), ("Mon, 23 Nov 2026 09:02:00 GMT", 120), ("Mon, 23 Nov 2026 08:00:00 GMT", 0), ("soon", 1)],
)
def test_a_receiver_says_when_to_come_back(wait: str, at: float) -> None:
    """A date counts against the virtual clock."""
    seen = played(stage(GET), answers={"look": [{"status": 429, "headers": {"Retry-After": wait}}, OK]})
    assert moments(seen, "look") == [0, at]


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "Refused"), (301, "Refused"), (500, "OutcomeUnknown"), (503, "OutcomeUnknown")]
)
def test_a_status_means_what_it_means_to_the_action(status: int, kind: str) -> None:
    seen = played(stage(POST), answers={"pay": {"status": status, "body": {"error": "no"}}})
    assert step_of(seen, "pay")["error"]["type"] == kind
    assert "no" in step_of(seen, "pay")["error"]["message"]
    accepting = {**POST, "config": {**POST["config"], "accept": [status]}}  # type: ignore[dict-item] # a config is an object
    assert played(stage(accepting), answers={"pay": {"status": status}}).outcome == "completed"


@pytest.mark.parametrize(
    ("fails", "step", "attempts"),
    [("refused", GET, 1), ("unknown", POST, 1), ("timeout", POST, 1), ("unknown", GET, 65), ("unavailable", POST, 65)],
)
def test_what_may_be_repeated_is_and_nothing_else(fails: str, step: dict[str, object], attempts: int) -> None:
    seen = played(stage(step), answers={"look": {"fails": fails}, "pay": {"fails": fails}})
    assert (seen.outcome, len(seen.requests)) == ("failed", attempts)


def test_nothing_is_invented_for_a_request_that_nobody_answers() -> None:
    seen = played(stage(GET, POST), answers={"pay": OK})
    assert [one.step for one in seen.unanswered] == ["look"]
    assert (seen.outcome, step_of(seen, "look")["error"]["type"]) == ("failed", "Unanswered")
    assert moments(seen, "pay") == []


def test_a_secret_that_is_not_there_fails_the_step_and_one_that_is_stays_a_placeholder() -> None:
    def step(name: str) -> dict[str, object]:
        headers = {"Authorization": f"Bearer {{{{secrets.{name}}}}}"}
        return {**GET, "config": {"method": "GET", "url": "https://a.example.com/", "headers": headers}}

    there = played(stage(step("token")), answers={"look": OK})
    assert there.requests[0].config["headers"] == {"Authorization": "Bearer {{secrets.token}}"}
    lacking = played(stage(step("other")), answers={"look": OK})
    assert "secret 'other' is not set" in step_of(lacking, "look")["error"]["message"]
    assert lacking.requests == []


def test_people_decide_when_their_hold_has_opened_and_too_late_once_the_run_has_ended() -> None:
    held = {**POST, "requireApproval": {"approvers": ["ann"], "expiresAfter": "2d"}}
    early = PlayedDecision(hold="pay", says={"decision": "approve", "by": "ann"}, after=timedelta(hours=5))
    late = PlayedDecision(hold="pay", says={"decision": "approve", "by": "ann"}, after=timedelta(days=3))
    never = PlayedDecision(hold="pay#2", says={"decision": "stop", "by": "ann"})
    on = stage({"wait": "1h"}, held)
    seen = played(on, answers={"pay": OK}, decisions=(late, early, never))
    assert (seen.outcome, moments(seen, "pay")) == ("completed", [6 * 3600])
    assert [made.receipt for made in seen.made] == ["not_found", "accepted", None]
    assert seen.made[2].opened is None
    expired = played(on, decisions=(late,))
    assert (expired.outcome, step_of(expired, "pay")["endedAt"]) == ("rejected", after(49 * 3600))


def test_a_run_that_only_people_can_move_on_is_held_though_it_reminds_them_for_ever() -> None:
    notify = [
        {"label": "Tell", "actionType": "send_slack_message", "config": {"channel": "#a", "text": "{{hold.status}}"}}
    ]
    held = {**POST, "requireApproval": {"approvers": ["ann"], "remindAfter": "1d", "notify": notify}}
    seen = played(stage(held))
    assert (seen.outcome, seen.ended) == ("held", False)
    assert [notice.on for notice in seen.notices] == ["opened", "reminder"]
    assert [notice.config["text"] for notice in seen.notices] == ["opened", "reminder"]
    untold = {**POST, "requireApproval": {"approvers": ["ann"], "remindAfter": "1d"}}
    assert played(stage(untold)).now == CLOCK + timedelta(days=1)
    later = played(stage(held), until=timedelta(days=3))
    assert [notice.on for notice in later.notices] == ["opened", *["reminder"] * 3]
    assert later.now == CLOCK + timedelta(days=3)


def test_a_long_run_continues_as_new() -> None:
    loop = {"forEach": "{{d.items}}", "maxItems": 2_000, "actions": [{**GET, "saveAs": "it"}], "label": "Each"}
    items = {"data": {"d": {"items": list(range(1_500))}}}
    seen = played(stage(loop, POST), answers={"look": OK, "pay": OK}, event=items)
    assert (seen.outcome, seen.fault, len(seen.requests)) == ("completed", None, 1_501)
    assert len({one.key for one in seen.requests}) == 1_501
    assert step_of(seen, "each")["counts"] == {"succeeded": 1_500}


def test_a_called_automation_answers_as_its_step_says() -> None:
    call = {"label": "Ask", "actionType": "run_automation", "config": {"automation": "other", "data": {"n": 1}}}
    step = {**call, "timeout": "10m", "saveAs": "asked"}
    seen = played(stage(step), answers={"ask": {"outcome": "rejected", "result": {"n": 2}}})
    assert seen.report["variables"]["asked"]["result"] == {"n": 2}
    assert seen.report["variables"]["asked"]["outcome"] == "rejected"
    assert seen.requests[0].config == {"automation": "other", "data": {"n": 1}}
    assert step_of(played(stage(step), answers={"ask": {"fails": "timeout"}}), "ask")["endedAt"] == after(600)
    assert (
        "It is closed."
        in step_of(played(stage(step), answers={"ask": {"fails": "refused", "message": "It is closed."}}), "ask")[
            "error"
        ]["message"]
    )
    assert [one.step for one in played(stage(step)).unanswered] == ["ask"]


def test_two_plays_are_equal_wherever_they_are_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """In threads side by side, and without a socket."""
    monkeypatch.setattr(socket.socket, "connect", None)
    monkeypatch.setattr(socket, "getaddrinfo", None)
    step = {"paths": [{"actions": [{"wait": "1h"}, GET]}, {"actions": [POST]}]}
    on = stage(step)

    def once() -> object:
        seen = played(on, answers={"look": [{"fails": "unavailable"}, OK], "pay": OK})
        return seen.report, seen.requests

    with ThreadPoolExecutor(4) as threads:
        plays = list(threads.map(lambda _: once(), range(8)))
    first = once()
    assert all(one == first for one in plays)


async def test_a_run_is_played_within_a_loop_that_runs() -> None:
    before = asyncio.get_running_loop()
    assert played(stage({"wait": "1d"})).outcome == "completed"
    assert asyncio.get_running_loop() is before
    await asyncio.sleep(0)


def test_what_is_no_request_is_refused_by_the_action_itself() -> None:
    twice = {**GET, "config": {"method": "GET", "url": "https://a.example.com/?a=1", "query": {"a": 2}}}
    seen = played(stage(twice), answers={"look": OK})
    assert "`query` has 'a', which stands in `url` already" in step_of(seen, "look")["error"]["message"]
    assert seen.requests == []


def test_a_receiver_that_wants_to_be_asked_at_once_for_ever_ends_with_the_step_s_time() -> None:
    hasty = {"status": 429, "headers": {"Retry-After": "0"}}
    seen = played(stage({**GET, "retry": {"within": "5m"}}), answers={"look": hasty})
    assert (seen.outcome, len(seen.requests)) == ("failed", 400)
    assert step_of(seen, "look")["endedAt"] == after(300)


def test_a_defect_is_said_of_its_run_and_keeps_nobody_from_the_next() -> None:
    class Broken(Answers):
        def next(self, step: str, request: tuple[str, str] | None) -> tuple[bool, object]:
            raise LookupError(step)

    on = stage(GET)
    seen = played(on, answers={}, given=Broken())
    assert (seen.outcome, seen.fault) == (None, "LookupError: look")
    assert played(on, answers={"look": OK}).outcome == "completed"
