"""The reserved workflow type `event`: starts every automation that an event concerns, durably."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from trunkline.wire import MATCH, SOURCE, DispatchEntry, MatchAnswer
from workflows.event import EventError, another_event, run_id
from workflows.run.parallel import run_parallel
from workflows.run.worker_calls import ask


async def dispatch(event: dict[str, Any]) -> list[DispatchEntry]:
    """Start a run of every automation that matches; the runs outlive this workflow."""
    matches: list[MatchAnswer] = await workflow.execute_local_activity(
        MATCH, event, start_to_close_timeout=timedelta(seconds=30), summary="Match"
    )
    return await run_parallel(_start(match, event) for match in matches)


async def _start(match: MatchAnswer, event: dict[str, Any]) -> DispatchEntry:
    name, once = match["automation"], match.get("once")
    answer: DispatchEntry = {"automation": name, "workflowId": f"{name}/{event['id']}", "started": False}
    if not match["matches"] or match["reason"] is not None:
        return {**answer, "reason": match["reason"]}
    try:
        answer["workflowId"] = run_id(name, event["id"], once)
    except EventError as error:
        return {**answer, "reason": str(error)}
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
        return {**answer, "reason": await _duplicate(answer["workflowId"], event, once)}
    return {**answer, "started": True}


async def _duplicate(run: str, event: dict[str, Any], once: str | None) -> str:
    """Return what became of an event whose workflow id is taken."""
    if once is not None:
        return "An event that `trigger.once` takes for the same has started it before."
    earlier: str | None = await ask(SOURCE, run)
    return another_event(run, event, earlier) or "This event has started it before."
