"""The reserved workflow type `event`: starts every automation that an event concerns, durably."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from trunkline.wire import LONGEST_ID, MATCH
from workflows.run.parallel import run_parallel


async def dispatch(event: dict[str, Any]) -> list[dict[str, Any]]:
    """Start a run of every automation that matches; the runs outlive this workflow.

    Returns:
        For every automation `{"automation", "workflowId", "started", "reason"?}`.
    """
    matches: list[dict[str, Any]] = await workflow.execute_local_activity(
        MATCH, event, start_to_close_timeout=timedelta(seconds=30), summary="Match"
    )
    return await run_parallel(_start(match, event) for match in matches)


async def _start(match: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    name = match["automation"]
    answer = {"automation": name, "workflowId": f"{name}/{event['id']}", "started": False}
    if not match["matches"]:
        return {**answer, "reason": match["reason"]}
    if len(answer["workflowId"].encode("utf-8", "replace")) > LONGEST_ID:
        return {**answer, "reason": f"The event's id is too long: a workflow id takes at most {LONGEST_ID} bytes."}
    try:
        await workflow.start_child_workflow(
            name,
            event,
            id=answer["workflowId"],
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            priority=Priority(**match.get("priority", {})),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
        )
    except WorkflowAlreadyStartedError:
        return {**answer, "reason": "This event has started it before."}
    return {**answer, "started": True}
