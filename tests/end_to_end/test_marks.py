"""The mark before an action that must not be repeated: what Temporal knows of an attempt when its worker dies."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from activities.attempt import heartbeat
from tests.engine import Engine, step
from trunkline.actions import Config, Context, Result, Unavailable, action
from workers.process import assembly

DEFINITION = """
name: careful
trigger: {event: test.fired}
actions:
  - {label: Send, id: send, actionType: careful_send, config: {}, saveAs: sent}
"""


class Careful(Config):
    """Nothing to say."""


class Done(Result):
    """Nothing to tell."""


def install(engine: Engine, act: Callable[[Context], Awaitable[None]]) -> None:
    """Have an action of its own that must not be repeated."""

    @action("careful_send", repeat="never", example={})
    async def careful_send(config: Careful, context: Context) -> Done:
        """Do what the test says."""
        await act(context)
        return Done()

    engine.actions = {**engine.actions, "careful_send": careful_send}
    engine.define(DEFINITION)


async def last_heartbeat(handle: WorkflowHandle[Any, Any]) -> list[bytes]:
    """Return what Temporal knows of the attempt."""
    described = await handle.describe()
    [pending] = described.raw_description.pending_activities
    return [payload.data for payload in pending.heartbeat_details.payloads]


async def test_no_earlier_heartbeat_wipes_out_the_mark(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK sends heartbeats late: here 0.5 s, in a worker 4 s after the one before."""
    throttle = timedelta(seconds=0.5)
    monkeypatch.setattr(assembly, "HEARTBEAT_THROTTLE", throttle)
    monkeypatch.setattr(heartbeat, "FIRST_BEAT", 0.05)
    monkeypatch.setattr(heartbeat, "BEATS", 0.1)
    marked, done = asyncio.Event(), asyncio.Event()

    async def prepare_and_send(context: Context) -> None:
        await asyncio.sleep(0.12)
        monkeypatch.setattr(heartbeat, "BEATS", 100)
        await asyncio.sleep(0.2)
        await context.sending()
        marked.set()
        await done.wait()

    install(engine, prepare_and_send)
    handle = await engine.start("careful")
    await asyncio.wait_for(marked.wait(), 10)
    assert await last_heartbeat(handle) == [b'"sending"']
    await asyncio.sleep(0.8)
    assert await last_heartbeat(handle) == [b'"sending"']
    done.set()
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_heartbeat_that_may_still_arrive_forbids_the_mark(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heartbeat, "FIRST_BEAT", 0.05)
    attempts = 0

    async def prepare_and_send(context: Context) -> None:
        nonlocal attempts
        attempts += 1
        beats = context.sending.__self__  # type: ignore[attr-defined] # there is no other way to lose an answer
        if attempts == 1:

            async def lost(*_: Any) -> None:
                raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")

            monkeypatch.setattr(beats, "_write", lost)
            await asyncio.sleep(0.2)
            monkeypatch.undo()
            with pytest.raises(Unavailable):
                await context.sending()
        await context.sending()

    install(engine, prepare_and_send)
    assert (await engine.run("careful"))["outcome"] == "completed"
    assert attempts == 2


BUDGET = """
name: budget
trigger: {event: test.fired}
actions:
  - {label: Send, id: send, actionType: http_request, config: {method: POST, url: RECEIVER/send, body: {}}, retry: {within: 3s, initialInterval: 200}}
"""


async def test_a_request_in_flight_when_its_budget_ends_is_unknown(engine: Engine) -> None:
    engine.define(BUDGET)
    engine.receiver.answer("/send", 429, headers={"Retry-After": "1"})
    engine.receiver.stall("/send", 6)
    report = await engine.run("budget")
    assert step(report, "send")["status"] == "unknown", step(report, "send")


async def test_what_was_only_refused_until_its_budget_ends_has_failed(engine: Engine) -> None:
    engine.define(BUDGET)
    engine.receiver.answer("/send", 429, headers={"Retry-After": "1"})
    report = await engine.run("budget")
    assert step(report, "send")["status"] == "failed", step(report, "send")


async def test_what_waits_for_a_worker_after_a_refusal_when_its_budget_ends_has_failed(engine: Engine) -> None:
    engine.define(BUDGET)
    engine.receiver.answer("/send", 429, headers={"Retry-After": "1"})
    handle = await engine.start("budget")
    while not engine.receiver.to("/send"):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    await engine.stop()
    await asyncio.sleep(3.5)
    await engine.serve()
    assert step(await engine.finish(handle), "send")["status"] == "failed"
