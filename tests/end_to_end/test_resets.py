"""Resets: to whatever point, with decisions applied again and queries that come early, nothing is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.engine import JSON, Engine
from workers.sandbox import Sandbox, connections
from workflows.run.walk import Walk

Run = WorkflowHandle[Any, Any]

EVERYTHING = """
name: everything
trigger: {event: test.fired, data: [numbers]}
actions:
  - {id: look, actionType: http_request, config: {method: GET, url: RECEIVER/look}}
  - {id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}}
  - {id: quorum, actionType: http_request, config: {method: POST, url: RECEIVER/quorum}, requireApproval: {approvers: [ann, bob], quorum: 2}}
  - {id: post, actionType: send_slack_message, config: {channel: C0123456789, text: Refunded}}
  - {id: refused, actionType: http_request, config: {method: POST, url: RECEIVER/refused}, onFailure: hold}
  - {id: unknown, actionType: http_request, config: {method: POST, url: RECEIVER/unknown}, retry: {onUnknown: hold}}
  - id: each
    forEach: "{{numbers}}"
    parallel: 2
    actions:
      - {id: one, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "Number {{item}}"}}
      - {id: two, actionType: http_request, config: {method: POST, url: "RECEIVER/two/{{item}}"}}
  - {id: last, actionType: http_request, config: {method: POST, url: RECEIVER/last}}
"""  # one step a line


@pytest_asyncio.fixture
async def sandbox(engine: Engine) -> AsyncIterator[Sandbox]:
    async with Sandbox(port=0) as sandbox:
        engine.connections = connections(sandbox.url)
        yield sandbox


def received(engine: Engine, sandbox: Sandbox) -> Counter[str]:
    """Return what the receivers got that must not come twice, and how often."""
    texts = [r.request for r in sandbox.requests() if r.accepted and r.request.method == "POST"]
    posts = [f"{r.path}" for r in engine.receiver.requests if r.method == "POST"]
    return Counter([*posts, *(str(r.body.get("Body") or r.body["text"]) for r in texts)])


async def tasks(engine: Engine, workflow_id: str, run: str) -> tuple[list[int], str | None]:
    """Return the completed workflow tasks of one run, and the run that it continued as."""
    history = await engine.client.get_workflow_handle(workflow_id, run_id=run).fetch_history()
    last = history.events[-1].workflow_execution_continued_as_new_event_attributes
    completed = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    return completed, last.new_execution_run_id or None


async def decide(engine: Engine, run: Run, decisions: dict[str, str]) -> JSON:
    """Decide whatever is held until the run has ended; what a reset asks about is skipped."""
    last = asyncio.ensure_future(engine.finish(run))
    while not last.done():
        holds: list[JSON] = []
        with contextlib.suppress(RPCError):
            holds = await run.query("holds")
        for hold in holds:
            decision = "approve" if hold["kind"] == "approval" else decisions.get(hold["step"], "skip")
            if "reset" in hold.get("error", {}).get("message", ""):
                decision = "skip"
            for who in ("ann", "bob")[: hold["quorum"]]:
                await engine.decide(run, hold=hold["hold"], decision=decision, by=who)
        await asyncio.sleep(0.02)
    return last.result()


async def replay(engine: Engine, workflow_id: str) -> None:
    """Replay every run of an id: what a reset run decided must be deterministic."""
    async for run in engine.client.list_workflows(f'WorkflowId = "{workflow_id}"'):
        await engine.replay_history(await engine.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history())


@pytest.mark.parametrize("longest", [100_000, 30])
async def test_no_reset_sends_anything_twice(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, sandbox: Sandbox, longest: int
) -> None:
    """A run with everything, also one that continues as new all the time, is reset to each of its workflow tasks."""

    def must(self: Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > longest

    monkeypatch.setattr(Walk, "must_continue_as_new", must)
    engine.define(EVERYTHING)
    engine.receiver.answer("/refused", 400)
    engine.receiver.answer("/refused")
    engine.receiver.drop("/unknown")
    engine.receiver.answer("/unknown")
    handle = await engine.start("everything", engine.event({"numbers": [1, 2, 3]}))
    await handle.query("report")
    report = await decide(engine, handle, {"refused": "retry", "unknown": "retry"})
    assert report["outcome"] == "completed"
    before = received(engine, sandbox)
    assert before == {
        **dict.fromkeys(("Sorry", "Refunded", "Number 1", "Number 2", "Number 3"), 1),
        **dict.fromkeys(("/quorum", "/two/1", "/two/2", "/two/3", "/last"), 1),
        "/refused": 2,
        "/unknown": 2,
    }
    run = handle.first_execution_run_id
    runs = 0
    while run is not None:
        completed, following = await tasks(engine, handle.id, run)
        points = completed[: -1 if following is None else None]
        for event in points if longest > 100 else points[::-2]:  # the last of each run is where it continues as new
            again = await engine.reset(handle.id, event, run)
            await again.query("report")
            report = await decide(engine, again, {"refused": "retry", "unknown": "retry"})
            assert report["outcome"] == "completed", report
            assert received(engine, sandbox) == before, f"run {runs}, event {event}"
        run, runs = following, runs + 1
    assert (runs > 1) == (longest < 100)
    await replay(engine, handle.id)


def posts(engine: Engine, path: str) -> int:
    return len(engine.receiver.to(path))


async def arrives(engine: Engine, path: str) -> None:
    for _ in range(400):
        if posts(engine, path):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nothing came to {path}")


async def held_by_reset(engine: Engine, run: Run) -> str:
    """Wait until a step is held because of a reset; nothing else may be held, and return its id."""
    (hold,) = await engine.held(run)
    assert "reset" in hold["error"]["message"], hold
    return str(hold["step"])


async def test_a_reset_while_an_approved_request_is_in_flight_sends_nothing(engine: Engine) -> None:
    engine.define("""
        name: flight
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}, requireApproval: {approvers: [ann]}}
    """)
    engine.receiver.stall("/post", 2)
    handle = await engine.start("flight")
    await engine.held(handle)
    await handle.signal("approve", {"hold": "post", "by": "ann"})
    await arrives(engine, "/post")
    completed, _ = await tasks(engine, handle.id, str(handle.first_execution_run_id))
    again = await engine.reset(handle.id, completed[-1])
    for _ in range(3):  # and again and again, each time before anybody has decided
        assert await held_by_reset(engine, again) == "post"
        again = await engine.reset(handle.id, (await tasks(engine, handle.id, ""))[0][-1])
    assert await held_by_reset(engine, again) == "post"
    assert posts(engine, "/post") == 1
    again = await engine.reset(handle.id, completed[-1], str(handle.first_execution_run_id))
    assert await held_by_reset(engine, again) == "post"
    await engine.decide(again, hold="post#2", decision="retry", by="ann")
    assert (await engine.finish(again))["outcome"] == "completed"
    assert posts(engine, "/post") == 2, "a person who knew of the reset said so"
    engine.handles.clear()
    await replay(engine, handle.id)


async def test_decisions_come_in_their_order_again_after_a_reset_and_in_its_replays(engine: Engine) -> None:
    """Temporal's core brings signals before updates where it replays the task that applies both again."""
    engine.define("""
        name: order
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}, requireApproval: {approvers: [ann, bob]},
             onRejected: {actions: [{id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/ask}, requireApproval: {approvers: [ann]}}]}}
    """)
    handle = await engine.start("order")
    await engine.held(handle)
    completed, _ = await tasks(engine, handle.id, "")
    await handle.signal("approve", {"hold": "post", "by": "nobody"})
    assert (await engine.decide(handle, hold="post", decision="reject", by="ann"))["result"] == "accepted"
    await handle.signal("approve", {"hold": "post", "by": "bob"})
    assert [hold["hold"] for hold in await engine.held(handle)] == ["ask"]
    again = await engine.reset(handle.id, completed[-1])
    assert [hold["hold"] for hold in await engine.held(again)] == ["ask"]
    report = await again.query("report")
    await engine.stop()
    await engine.serve()
    assert await again.query("report") == report
    await engine.decide(again, hold="ask", decision="approve", by="ann")
    assert (await engine.finish(again))["outcome"] == "rejected"
    assert (posts(engine, "/post"), posts(engine, "/ask")) == (0, 1)
    engine.handles.clear()
    await replay(engine, handle.id)


async def test_what_was_under_way_where_a_run_was_reset_is_not_started_again(engine: Engine) -> None:
    """Temporal itself starts again what was pending at the point of a reset, and asks no run."""
    engine.define("""
        name: pending
        trigger: {event: test.fired}
        paths:
          - actions: [{id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}}]
          - actions:
              - {id: one, actionType: http_request, config: {method: GET, url: RECEIVER/one}}
              - {id: two, actionType: http_request, config: {method: GET, url: RECEIVER/two}}
    """)
    engine.receiver.stall("/post", 1.5)
    handle = await engine.start("pending")
    await arrives(engine, "/two")
    assert (await engine.finish(handle))["outcome"] == "completed"
    completed, _ = await tasks(engine, handle.id, "")
    again = await engine.reset(handle.id, completed[1])
    assert await held_by_reset(engine, again) == "post"
    assert posts(engine, "/post") == 1
    failed = [e.activity_task_failed_event_attributes async for e in again.fetch_history_events()]
    assert [a.failure.application_failure_info.type for a in failed if a.scheduled_event_id] == ["NotSent"]
    await engine.decide(again, hold="post", decision="skip", by="op")
    assert (await engine.finish(again))["outcome"] == "completed"
    engine.handles.clear()
    await replay(engine, handle.id)


async def test_what_an_earlier_reset_sent_is_known_to_the_next_one_of_the_same_run(engine: Engine) -> None:
    engine.define("""
        name: siblings
        trigger: {event: test.fired}
        actions:
          - {id: look, actionType: http_request, config: {method: GET, url: RECEIVER/look}}
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}}
    """)
    engine.receiver.answer("/look", 400)
    engine.receiver.answer("/look")
    handle = await engine.start("siblings")
    assert (await engine.finish(handle))["outcome"] == "failed"
    first = str(handle.first_execution_run_id)
    completed, _ = await tasks(engine, handle.id, first)
    again = await engine.reset(handle.id, completed[0], first)
    assert (await engine.finish(again))["outcome"] == "completed"
    again = await engine.reset(handle.id, completed[0], first)
    assert await held_by_reset(engine, again) == "post"
    assert posts(engine, "/post") == 1


async def test_a_fresh_retry_of_what_failed_before_the_reset_is_not_asked_about_twice(engine: Engine) -> None:
    engine.define("""
        name: fresh
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}, retry: {onUnknown: hold}}
    """)
    engine.receiver.drop("/post")
    engine.receiver.answer("/post")
    handle = await engine.start("fresh")
    await engine.held(handle)
    again = await engine.reset(handle.id, (await tasks(engine, handle.id, ""))[0][-1])
    (hold,) = await engine.held(again)
    await engine.decide(again, hold=hold["hold"], decision="retry", by="op")
    assert (await engine.finish(again))["outcome"] == "completed"
    assert posts(engine, "/post") == 2


async def test_an_event_whose_dispatch_is_reset_starts_nothing_twice(engine: Engine) -> None:
    engine.define("""
        name: started
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}}
          - {id: pause, wait: 1h}
    """)
    handle = await engine.start("event")
    await engine.finish(handle)
    await arrives(engine, "/post")
    completed, _ = await tasks(engine, handle.id, "")
    for event in completed[:-1]:
        again = await engine.reset(handle.id, event, str(handle.first_execution_run_id))
        await again.result()
    await asyncio.sleep(0.5)
    assert posts(engine, "/post") == 1
