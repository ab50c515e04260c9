from __future__ import annotations

import asyncio
import gc
from datetime import timedelta
from typing import Any, cast

import pytest
from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError

from tests.engine import Engine
from tests.together import together
from tests.workers.definitions.documents import HELD, PARKS
from workers.client import runs
from workers.client.decisions import decide, may_decide
from workers.errors import NotFoundError, UnreachableError


async def test_a_decision_is_answered(engine: Engine) -> None:
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    stranger = await decide(engine.client, handle.id, {"hold": "refund", "decision": "approve", "by": "bob"})
    assert (stranger.accepted, stranger.result) == (False, "not_allowed")
    lead = {"hold": "refund", "decision": "approve", "by": "lead@example.com"}
    assert (await decide(engine.client, handle.id, lead)).accepted
    assert (await engine.finish(handle))["outcome"] == "completed"
    for answered in (True, False):
        again = await decide(engine.client, handle.id, lead, answered=answered)
        assert (again.accepted, again.result) == (True, "duplicate")
        late = await decide(engine.client, handle.id, {**lead, "decision": "reject", "by": "bob"}, answered=answered)
        assert (late.accepted, late.result) == (False, "already_decided")
        assert "refund: approve by lead@example.com at 20" in late.message
        assert "The step ended as succeeded." in late.message
        assert f"{handle.id} has ended as completed, so this decision changed nothing." in late.message
        never = await decide(engine.client, handle.id, {**lead, "hold": "other"}, answered=answered)
        assert never.result == "not_found"


async def test_a_run_that_is_not_there_is_not_found(engine: Engine) -> None:
    for answered in (True, False):
        with pytest.raises(NotFoundError, match="nope"):
            await decide(engine.client, "nope", {"hold": "x", "decision": "approve", "by": "ann"}, answered=answered)


async def test_a_failed_step_that_is_held_can_be_skipped(engine: Engine) -> None:
    engine.define(PARKS)
    engine.receiver.answer("/missing", 404)
    handle = await engine.start("parks", engine.event({"order": {}}))
    await engine.held(handle)
    answer = await decide(engine.client, handle.id, {"hold": "ask", "decision": "skip", "by": "ann"})
    assert answer.accepted
    assert (await engine.finish(handle))["outcome"] == "completed"


@pytest.mark.parametrize("answered", [True, False])
async def test_without_a_worker_an_approval_waits_as_a_signal(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, *, answered: bool
) -> None:
    monkeypatch.setattr(runs, "ANSWER", timedelta(seconds=1))
    engine.define(HELD)
    handle = await engine.start("held", engine.event({"order": {"total": 1}}))
    await engine.held(handle)
    await engine.stop()
    for decision in ("skip", "edit", "supply", "extend"):
        with pytest.raises(UnreachableError, match="It was sent and not answered" if answered else "Nothing was sent"):
            await decide(
                engine.client, handle.id, {"hold": "refund", "decision": decision, "by": "ann"}, answered=answered
            )
    approval = {"hold": "refund", "decision": "approve", "by": "lead@example.com"}
    answer = await decide(engine.client, handle.id, approval, answered=answered)
    assert (answer.accepted, answer.result) == (True, "signaled")
    await engine.serve()
    assert (await engine.finish(handle))["outcome"] == "completed"


async def test_a_decision_that_was_sent_and_not_answered_may_count_once_a_worker_is_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs, "ANSWER", timedelta(seconds=1))
    engine.define(PARKS)
    engine.receiver.answer("/missing", 404)
    handle = await engine.start("parks", engine.event({"order": {}}))
    await engine.held(handle)
    await engine.stop()
    with pytest.raises(UnreachableError, match="it may count once a worker is back"):
        await decide(engine.client, handle.id, {"hold": "ask", "decision": "skip", "by": "ann"})
    await engine.serve()
    [decided] = (await engine.finish(handle))["audit"]
    assert (decided["decision"], decided["result"]) == ("skip", "accepted")


class _Waits:
    """A client whose runs answer nothing, and which says so in the SDK's way where it is canceled."""

    def get_workflow_handle(self, _: str) -> _Waits:
        return self

    async def execute_update(self, *_: Any, **options: Any) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise WorkflowUpdateRPCTimeoutOrCancelledError from None


async def test_a_decision_that_is_given_up_leaves_nothing_that_nobody_has_looked_at() -> None:
    said: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    try:
        task = asyncio.create_task(decide(cast("Client", _Waits()), "a/1", {"hold": "x", "decision": "approve"}))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        del task
        gc.collect()
        await asyncio.sleep(0)
    finally:
        asyncio.get_running_loop().set_exception_handler(None)
    assert [one for one in said if isinstance(one.get("exception"), WorkflowUpdateRPCTimeoutOrCancelledError)] == []


def hold(**terms: Any) -> Any:
    return {
        "run": "a/1",
        "automation": "a",
        "hold": "refund",
        "step": "refund",
        "label": "Refund",
        "actionType": "http_request",
        "kind": "approval",
        "request": {"actionType": "http_request", "config": {}, "secrets": []},
        "digest": "0" * 64,
        "openedAt": "2026-01-01T00:00:00.000Z",
        "firstRunId": "r",
        "approvers": [],
        "votes": [],
        **terms,
    }


@together(
    ("terms", "decision", "can"),
    [
        ({}, "approve", True),
        ({}, "retry", False),
        ({"kind": "failure"}, "retry", True),
        ({"kind": "failure"}, "approve", False),
        ({"kind": "failure", "approvers": ["bob"]}, "skip", False),
        ({"approvers": [" Ann "]}, "approve", True),
        ({"approvers": ["bob"]}, "approve", False),
        ({"requester": "ANN"}, "approve", False),
        ({"requester": "ANN"}, "reject", True),
        ({"votes": [{"by": "ann", "decision": "approve", "at": "x"}], "quorum": 2}, "approve", False),
        ({"votes": [{"by": "ann", "decision": "approve", "at": "x"}], "quorum": 2}, "reject", True),
        ({"somethingNewer": 1}, "approve", True),
    ],
)
def test_who_can_decide_is_told_as_the_run_will(terms: dict[str, Any], decision: str, *, can: bool) -> None:
    assert may_decide(hold(**terms), "ann", decision) is can
