"""What a worker sees to before a run is activated; what it does about updates is in tests/end_to_end/test_budgets.py."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.worker._workflow import _WorkflowWorker

from tests.engine import Engine
from workflows.run import walk


async def test_a_replay_reads_the_same_clock(engine: Engine) -> None:
    engine.define("""
        name: clock
        trigger: {event: test.fired}
        actions:
          - {label: Call, actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {at: "{{now}}"}}}
          - {label: Ask, id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/ask, body: {at: "{{now}}"}}, requireApproval: true}
    """)

    async def begin() -> Any:
        handle = await engine.start("clock")
        await handle.query("report")  # often makes the first task end right after the plan has come
        return handle

    handles = await asyncio.gather(*(begin() for _ in range(25)))
    held = [(await engine.held(handle))[0] for handle in handles]
    reports = [await handle.query("report") for handle in handles]
    await engine.stop()
    await engine.serve()
    for handle, report, hold in zip(handles, reports, held, strict=True):
        assert await handle.query("report") == report
        assert await handle.query("holds") == [hold]
        decision = {"hold": "ask", "decision": "approve", "by": "ann", "digest": hold["digest"]}
        assert (await handle.execute_update("decide", decision))["result"] == "accepted"
    for handle in handles:
        assert (await engine.finish(handle))["outcome"] == "completed"
    sent = {request.body["at"] for request in engine.receiver.to("/ask")}
    assert sent == {hold["request"]["config"]["body"]["at"] for hold in held}


async def test_a_task_that_a_busy_machine_makes_too_slow_is_repeated(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    """Temporal takes a task for a deadlock after two seconds by the clock on the wall, which load alone can bring."""
    slow = [1.0]
    render = walk.Walk.render

    def rendered(self: walk.Walk, *arguments: Any) -> Any:
        time.sleep(slow.pop() if slow else 0)
        return render(self, *arguments)

    monkeypatch.setattr(walk.Walk, "render", rendered)
    patience = property(lambda _: 0.3, lambda *_: None)
    monkeypatch.setattr(_WorkflowWorker, "_deadlock_timeout_seconds", patience, raising=False)
    engine.define("""
        name: slow
        trigger: {event: test.fired}
        paths:
          - actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {n: 1}}}]
          - actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {n: 2}}}]
    """)
    handle = await engine.start("slow")
    assert (await engine.finish(handle, 30))["outcome"] == "completed"
    history = await handle.fetch_history()
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED in [event.event_type for event in history.events]
    assert len(engine.receiver.to("/call")) == 2
    await asyncio.wait_for(engine.stop(), 20)
