"""Cancels, and stops, while something is being sent: the report says what is known of it, whatever the run's outcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.worker import Worker

from activities.context import Context
from tests.end_to_end.test_marks import install
from tests.engine import JSON, Engine, step
from workers.sandbox import Sandbox, connections
from workflows.steps import reconcile

POST = "actionType: http_request, config: {method: POST, url: RECEIVER/post}"
BEHIND = "actionType: http_request, config: {method: POST, url: RECEIVER/post, parseResponse: false}"
TEXT = 'actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}'


@pytest_asyncio.fixture
async def sandbox(engine: Engine) -> AsyncIterator[Sandbox]:
    async with Sandbox(port=0) as sandbox:
        engine.connections = connections(sandbox.url)
        yield sandbox


async def until(engine: Engine, path: str, count: int = 1) -> None:
    """Wait until that much has come to a path."""
    for _ in range(400):
        if len(engine.receiver.to(path)) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"nothing came to {path}")


async def canceled(engine: Engine, handle: WorkflowHandle[Any, Any]) -> JSON:
    """Cancel a run and return its report."""
    await handle.cancel()
    report = await engine.finish(handle)
    assert report["outcome"] == "canceled"
    return report


@pytest.mark.parametrize("more", ["", ", retry: {onUnknown: hold}", ", retry: {onUnknown: retry}"])
async def test_what_was_on_the_wire_when_its_run_was_canceled_is_unknown(engine: Engine, more: str) -> None:
    engine.define(f"""
        name: wire
        trigger: {{event: test.fired}}
        actions:
          - {{id: post, {POST}{more}}}
          - {{id: rest, wait: 1h}}
    """)
    engine.receiver.stall("/post", 20)
    handle = await engine.start("wire")
    await until(engine, "/post")
    report = await canceled(engine, handle)
    assert step(report, "post")["status"] == "unknown"
    assert "canceled" in step(report, "post")["error"]["message"]
    assert step(report, "rest")["status"] in {"canceled", "skipped"}
    assert len(engine.receiver.to("/post")) == 1


async def test_what_was_on_the_wire_when_another_step_stopped_the_run_is_unknown(engine: Engine) -> None:
    engine.define(f"""
        name: stopped
        trigger: {{event: test.fired, data: [numbers]}}
        actions:
          - {{id: behind, {BEHIND}}}
          - paths:
              - actions:
                  - id: each
                    forEach: "{{{{numbers}}}}"
                    parallel: 2
                    actions: [{{id: post, {POST}}}]
              - actions:
                  - {{id: pause, wait: 1500}}
                  - {{id: enough, stop: completed, reason: Enough}}
    """)
    engine.receiver.stall("/post", 20)
    handle = await engine.start("stopped", engine.event({"numbers": [1, 2, 3]}))
    await until(engine, "/post", 3)
    report = await engine.finish(handle)
    assert (report["outcome"], report["reason"]) == ("completed", "Enough")
    statuses = {name: step(report, name)["status"] for name in ("behind", "each[0].post", "each[1].post")}
    assert set(statuses.values()) == {"unknown"}, statuses
    assert len(engine.receiver.to("/post")) == 3, "the third iteration was never begun"


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_canceled_run_looks_what_became_of_a_text(
    engine: Engine, sandbox: Sandbox, arrives: bool
) -> None:  # a parameter of the test
    engine.define(f"name: text\ntrigger: {{event: test.fired}}\nactions: [{{id: text, {TEXT}}}]\n")
    sandbox.fail("twilio", delay=20, status=None if arrives else 500)
    handle = await engine.start("text")
    while not sandbox.requests("twilio"):
        await asyncio.sleep(0.02)
    report = await canceled(engine, handle)
    assert step(report, "text")["status"] == ("succeeded" if arrives else "unknown")
    assert step(report, "text").get("found") is (True if arrives else None)


async def test_a_look_that_takes_long_does_not_keep_a_canceled_run(
    engine: Engine, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CLOSING", reconcile.CLOSING / 20)
    engine.define(f"name: long\ntrigger: {{event: test.fired}}\nactions: [{{id: text, {TEXT}}}]\n")
    sandbox.fail("twilio", drop="before")
    sandbox.fail("twilio", drop="after")
    sandbox.fail("twilio", status=503, times=100)
    handle = await engine.start("long")
    while len(sandbox.requests("twilio")) < 3:
        await asyncio.sleep(0.02)
    report = await canceled(engine, handle)
    assert step(report, "text")["status"] == "unknown"


async def test_what_is_held_as_unknown_stays_so_when_its_run_is_canceled(engine: Engine) -> None:
    engine.define(f"""
        name: held
        trigger: {{event: test.fired}}
        paths:
          - actions: [{{id: post, {POST}, retry: {{onUnknown: hold}}}}]
          - actions: [{{id: again, {POST}, onFailure: [{{when: unknown, do: retry, delay: 1h}}]}}]
          - actions: [{{id: waits, {POST}, requireApproval: {{approvers: [ann]}}}}]
    """)
    engine.receiver.drop("/post")
    handle = await engine.start("held")
    await engine.held(handle, 2)
    report = await canceled(engine, handle)
    found = {name: step(report, name)["status"] for name in ("post", "again", "waits")}
    assert found == {"post": "unknown", "again": "unknown", "waits": "canceled"}


@pytest.mark.parametrize("marks", [True, False])
async def test_what_was_canceled_before_it_was_sent_is_canceled(
    engine: Engine, marks: bool
) -> None:  # a parameter of the test
    begun, may_send = asyncio.Event(), asyncio.Event()

    async def prepare(context: Context) -> None:
        begun.set()
        await may_send.wait()
        await context.sending()
        raise AssertionError("It was told to end.")

    install(engine, prepare)
    handle = await engine.start("careful")
    await begun.wait()
    await handle.cancel()
    if marks:
        while not [
            a
            async for a in handle.fetch_history_events()
            if a.HasField("activity_task_cancel_requested_event_attributes")
        ]:
            await asyncio.sleep(0.02)
        may_send.set()
    report = await engine.finish(handle)
    assert report["outcome"] == "canceled"
    assert step(report, "send")["status"] == "canceled"


async def test_an_answer_that_comes_with_the_cancel_is_not_lost(engine: Engine) -> None:
    engine.define(f"name: both\ntrigger: {{event: test.fired}}\nactions: [{{id: post, {POST}}}]\n")
    begun, done = asyncio.Event(), asyncio.Event()

    @activity.defn(name="http_request")
    async def post(_: JSON) -> JSON:
        begun.set()
        await done.wait()
        return {"result": {"status": 200, "headers": {}, "body": {}}}

    def runs() -> Worker:
        (worker,) = engine.assembly().workers(())
        return worker

    async with Worker(engine.client, task_queue=engine.task_queue, activities=[post]):
        async with runs():
            handle = await engine.client.start_workflow(
                "both", engine.event(), id=f"both/{engine.task_queue}", task_queue=engine.task_queue
            )
            await begun.wait()
        done.set()
        while not [
            e async for e in handle.fetch_history_events() if e.HasField("activity_task_completed_event_attributes")
        ]:
            await asyncio.sleep(0.02)
        await handle.cancel()
        async with runs():
            report = await engine.finish(handle)
            assert report["outcome"] == "canceled"
            assert step(report, "post")["status"] == "succeeded"
    engine.handles.append(handle)
