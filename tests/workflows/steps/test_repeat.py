"""Blocks that are repeated until conditions hold."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest

from tests.workflows.scripted import Scripted, get, post
from tests.workflows.simulation import BEGINNING
from workflows.report import timestamp

POLL = f"""
- id: poll
  repeat:
    - {{id: look, {get("job", saveAs="job")}}}
    - {{id: note, set: {{seen: "{{{{variables.seen | default: '' | append: loop.index}}}}"}}}}
  until: {{field: variables.job.body.state, operator: equals, value: done}}
  every: 30s
  atMost: 2h
- id: after
  {post("after").replace(", config", chr(10) + "  config")}
"""


def poll(**keys: Any) -> str:
    """Return the automation with other keys of its `repeat`."""
    text = POLL
    for key, value in keys.items():
        line = f"\n  {key}: {value}"
        known = next((one for one in text.splitlines() if one.strip().startswith(f"{key}:")), None)
        text = text.replace(f"\n{known}", line) if known else text.replace("\n  every:", f"{line}\n  every:")
    return text


def waiting(*states: str) -> list[Any]:
    return [{"state": state} for state in states]


async def test_passes_follow_each_other_until_the_condition_holds() -> None:
    async with Scripted(poll(), {}, {"job": waiting("new", "new", "new", "done")}) as run:
        assert run.asked == ["job"], "the first pass begins at once"
        assert run.steps["poll"]["counts"] == {"succeeded": 1}
        await run.advance(timedelta(seconds=29))
        assert run.asked == ["job"]
        await run.continue_as_new()
        await run.advance(timedelta(seconds=61))
        assert run.asked == ["job", "job", "job", "job", "after"]
        assert run.task.result() == "done"
        steps = run.steps
        assert (steps["poll"]["kind"], steps["poll"]["status"], steps["poll"]["counts"]) == (
            "repeat",
            "succeeded",
            {"succeeded": 4},
        )
        assert set(steps) == {"poll", "after"}, "good passes are only counted"
        assert run.walk.state.variables["job"]["body"] == {"state": "done"}
        assert run.walk.state.variables["seen"] == "0123", "a pass finds what the one before it has saved"
        assert len(set(run.activity_ids)) == 5, "each pass has a key of its own"
        assert all("key" not in call for call in run.sent)
        assert run.walk.state.memory == {}
        assert [place for place in run.walk.state._sizes if "poll" in place] == []


@pytest.mark.parametrize("every", ["30s", "40m", "2h", "3h"])
async def test_time_is_up_exactly_after_at_most(every: str) -> None:
    async with Scripted(poll(every=every), {}, {"job": waiting("new")}) as run:
        await run.advance(timedelta(hours=2) - timedelta(milliseconds=1))
        assert run.statuses["poll"] == "running"
        asked = len(run.asked)
        await run.advance(timedelta(milliseconds=1))
        assert len(run.asked) == asked, "no pass begins then"
        entry = run.steps["poll"]
        assert (entry["status"], entry["error"]["type"]) == ("failed", "Timeout")
        assert entry["error"]["message"] == "`until` did not hold within 2h (`atMost`)."
        assert entry["endedAt"] == timestamp(BEGINNING + timedelta(hours=2))
        assert entry["counts"] == {"succeeded": asked}
        assert run.task.result() == "failed"
        assert run.statuses["after"] == "skipped"


async def test_a_step_whose_time_is_up_may_go_on() -> None:
    async with Scripted(poll(onFailure="continue", atMost="1m"), {}, {"job": waiting("new")}) as run:
        await run.advance(timedelta(minutes=1))
        assert (run.statuses["poll"], run.statuses["after"]) == ("failed", "succeeded")
        assert run.task.result() == "done"


async def test_pauses_grow_and_are_bounded_by_an_hour() -> None:
    async with Scripted(poll(backoff=4, atMost="3d"), {}, {"job": waiting("new")}) as run:
        begun = [0]
        for _ in range(6):
            while len(run.asked) == len(begun):
                await run.advance(timedelta(seconds=30))
            begun.append(round((run.time - BEGINNING).total_seconds()))
        pauses = [later - earlier for earlier, later in itertools.pairwise(begun)]
        assert pauses == [30, 120, 480, 1_920, 3_600, 3_600]


async def test_passes_may_be_counted() -> None:
    async with Scripted(poll(maxPasses=2), {}, {"job": waiting("new")}) as run:
        await run.advance(timedelta(seconds=30))
        entry = run.steps["poll"]
        assert (entry["status"], entry["error"]["type"]) == ("failed", "Timeout")
        assert "after 2 passes" in entry["error"]["message"]


async def test_a_pass_that_fails_fails_it_and_is_listed() -> None:
    async with Scripted(poll(), {}, {"job": [{"state": "new"}, {"state": "new"}, None]}) as run:
        await run.advance(timedelta(minutes=1))
        assert run.task.result() == "failed"
        assert run.steps["poll"]["counts"] == {"succeeded": 2, "failed": 1}
        assert run.statuses == {"poll": "failed", "poll[2].look": "failed", "after": "skipped"}
        assert run.steps["poll[2].look"]["parent"] == "poll"


async def test_a_refused_pass_refuses_it() -> None:
    held = poll().replace("saveAs: job}", "saveAs: job, requireApproval: {approvers: [ann]}}")
    async with Scripted(held, {}) as run:
        assert await run.decide({"hold": "poll[0].look", "decision": "reject", "by": "ann"}) == "accepted"
        assert run.statuses["poll"] == "rejected"
        assert run.task.result() == "rejected"


async def test_a_condition_that_cannot_be_judged_fails_it() -> None:
    until = '{field: "{{variables.job.body.state | date: variables.job.body.form}}", operator: exists}'
    async with Scripted(poll(until=until), {}, {"job": [{"state": "2030-01-01", "form": "%Q"}]}) as run:
        assert run.statuses["poll"] == "failed"
        assert run.statuses["poll[0].look"] == "succeeded"


async def test_it_sees_how_the_steps_of_a_pass_ended_and_may_stop_the_run() -> None:
    text = f"""
    - id: poll
      repeat:
        - {{id: look, {get("job", onFailure="continue")}}}
        - {{conditions: {{field: loop.index, operator: equals, value: 3}}, stop: failed}}
      until: {{field: steps.look.status, operator: equals, value: succeeded}}
      every: 1m
      atMost: 1h
    """
    async with Scripted(text, {}, {"job": [None, None, {}]}) as run:
        await run.advance(timedelta(minutes=2))
        assert run.statuses["poll"] == "succeeded"
        assert (run.statuses["poll[0].look"], run.steps["poll"]["counts"]) == ("failed", {"succeeded": 3})
    async with Scripted(text, {}, {"job": [None]}) as run:
        await run.advance(timedelta(minutes=3))
        assert run.walk.stop is not None
        assert run.walk.stop.outcome == "failed"
