"""What a decision waits for is an event of the server's: a worker that ends before the answer stalls no run."""

from __future__ import annotations

import contextlib

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.engine import JSON, Engine
from tests.workers.definitions.documents import HELD, PARKS

ACCEPTED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
COMPLETED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_COMPLETED
ANSWERED = EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED
WRITTEN_DOWN = EventType.EVENT_TYPE_MARKER_RECORDED

EDITABLE = HELD.replace("name: held", "name: editable").replace("expiresAfter: 1h", "allowEdit: true, operators: [ops]")


async def waited_for(run: WorkflowHandle[JSON, JSON]) -> list[int]:
    """Return what stands between the last update that was accepted and its answer."""
    kinds = [int(event.event_type) async for event in run.fetch_history_events()]
    last = max(at for at, kind in enumerate(kinds) if kind == ACCEPTED)
    return kinds[last : kinds.index(COMPLETED, last)]


async def test_nothing_that_a_decision_waits_for_is_a_local_activity(engine: Engine) -> None:
    engine.receiver.answer("/missing", 404)
    supplied = {"status": 200, "headers": {}, "body": 1}
    decisions: list[tuple[str, JSON]] = [
        (HELD, {"hold": "refund", "decision": "approve", "by": "lead@example.com"}),
        (EDITABLE, {"hold": "refund", "decision": "edit", "by": "lead@example.com", "edits": {"/body/total": 2}}),
        (EDITABLE, {"hold": "refund", "decision": "reassign", "by": "ops", "approvers": ["ann"]}),
        (PARKS, {"hold": "ask", "decision": "retry", "by": "ops", "edits": {"/url": f"{engine.receiver.url}/echo"}}),
        (PARKS, {"hold": "ask", "decision": "supply", "by": "ops", "result": supplied}),
    ]
    for text, decision in decisions:
        run = await engine.start(engine.define(text), engine.event({"order": {"total": 1}}))
        await engine.held(run)
        receipt = await run.execute_update("decide", decision)
        assert receipt["result"] == "accepted", receipt
        between = await waited_for(run)
        assert ANSWERED in between
        assert WRITTEN_DOWN not in between
        with contextlib.suppress(RPCError):  # where it has not ended by itself
            await run.terminate()
