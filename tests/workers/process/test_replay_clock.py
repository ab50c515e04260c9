"""What a worker sees to before a run is activated; what it does about updates is in tests/end_to_end/test_budgets.py."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.engine import Engine


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
