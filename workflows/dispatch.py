"""The reserved workflow type `event`: starts what an event concerns, and brings it to who waits for it, durably."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from trunkline.keyed import COME, DELIVER, PER_KEY, Entrance, EventDelivery
from trunkline.wire import MATCH, SOURCE, DispatchEntry, EmittedEvent, EventMatches, MatchAnswer
from workflows.event import EventError, another_event, kept_out, run_id
from workflows.run.parallel import run_parallel
from workflows.run.worker_calls import ask, have_done
from workflows.view.attributes import of_run


async def dispatch(event: dict[str, Any], emitted: EmittedEvent | None = None) -> list[DispatchEntry]:
    """Start a run of every automation that matches, and bring the event to the runs that wait for it.

    The runs outlive this workflow.

    Args:
        event: the event.
        emitted: what became of it, where it was dispatched from outside: then this workflow only keeps that.

    Returns:
        For every automation of the event's type (of those that do not start, the first ones)
        `{"automation", "workflowId", "started", "reason"?}`, and for every run that waited for the event the same with
        `"started": false, "delivered": true`.
    """
    if emitted is not None:
        return emitted["answer"]
    found: EventMatches = await workflow.execute_local_activity(
        MATCH, event, start_to_close_timeout=timedelta(seconds=30), summary="Match"
    )
    started = await run_parallel(_start(match, event) for match in found["matches"])
    return [*started, *(await _delivered(event) if found["awaited"] else [])]


async def _delivered(event: dict[str, Any]) -> list[DispatchEntry]:
    """Bring the event to every run that waits for it; those that it has just started do not take it."""
    runs: list[EventDelivery] = await have_done(DELIVER, event)
    return [
        DispatchEntry(automation=run["automation"], workflowId=run["workflowId"], started=False, delivered=True)
        for run in runs
    ]


async def _start(match: MatchAnswer, event: dict[str, Any]) -> DispatchEntry:
    name, once = match["automation"], match.get("once")
    answer: DispatchEntry = {"automation": name, "workflowId": f"{name}/{event['id']}", "started": False}
    if not match["matches"] or match["reason"] is not None:
        return {**answer, "reason": match["reason"]}
    try:
        answer["workflowId"] = run_id(name, event["id"], once)
    except EventError as error:
        return {**answer, "reason": str(error)}
    admission = match.get("admission")
    entrance = None
    if admission is not None:
        entrance = Entrance(run=answer["workflowId"], automation=name, admission=admission)
    if entrance is not None and entrance["admission"]["mode"] == "skip":
        inside = await have_done(COME, entrance)
        if inside is not None:
            return {**answer, "reason": kept_out(inside)}
    try:
        await workflow.start_child_workflow(
            name,
            event,
            id=answer["workflowId"],
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            priority=Priority(**match.get("priority", {})),
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,
            search_attributes=of_run(name, event["id"]),
            memo=None if admission is None else {PER_KEY: admission},
        )
    except WorkflowAlreadyStartedError:
        return {**answer, "reason": await _duplicate(answer["workflowId"], event, once)}
    if entrance is not None and entrance["admission"]["mode"] != "skip":
        await have_done(COME, entrance)
    return {**answer, "started": True}


async def _duplicate(run: str, event: dict[str, Any], once: str | None) -> str:
    """Return what became of an event whose workflow id is taken."""
    if once is not None:
        return "An event that `trigger.once` takes for the same has started it before."
    earlier: str | None = await ask(SOURCE, run)
    return another_event(run, event, earlier) or "This event has started it before."
