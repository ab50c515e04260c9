"""Resets: to whatever point, with decisions applied again and queries that come early, nothing is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
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


async def reset(engine: Engine, workflow_id: str, event: int, run: str = "") -> Run:
    """Reset a run to a workflow task, and follow whatever the new run becomes."""
    await engine.client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace="default",
            workflow_execution=WorkflowExecution(workflow_id=workflow_id, run_id=run),
            reason="test",
            workflow_task_finish_event_id=event,
            request_id=uuid.uuid4().hex,
        )
    )
    return engine.client.get_workflow_handle(workflow_id)


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


@pytest.mark.parametrize("longest", [30, 1000])
async def test_no_reset_sends_anything_twice(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, sandbox: Sandbox, longest: int
) -> None:
    """A run with everything, also one that continues as new all the time, is reset to each of its workflow tasks."""

    def must(self: Walk) -> bool:
        return self.handing_over or workflow.info().get_current_history_length() > longest

    monkeypatch.setattr(Walk, "must_hand_over", must)
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
        for event in completed[: -1 if following is None else None]:
            again = await reset(engine, handle.id, event, run)
            await again.query("report")
            report = await decide(engine, again, {"refused": "retry", "unknown": "retry"})
            assert report["outcome"] == "completed", report
            assert received(engine, sandbox) == before, f"run {runs}, event {event}"
        run, runs = following, runs + 1
    assert (runs > 1) == (longest < 100)
    if longest > 100:  # after a local activity, a replay is told another length than the one that this test cuts by
        await replay(engine, handle.id)
