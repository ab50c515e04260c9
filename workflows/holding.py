"""Holding a step: opening holds, and what their decisions mean for the step."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio import workflow

from workflows.failure import Failure
from workflows.fault import Fault
from workflows.flow import Flow
from workflows.hold import Hold, seal
from workflows.parallel import cancellation
from workflows.program import ActionStep
from workflows.report import Entry, measure, timestamp
from workflows.state import Frame

if TYPE_CHECKING:
    from workflows.walk import Walk

CHECK = "trunkline:check"
"""Local activity that says whether a request is what its action takes, and whether the worker has its secrets."""

LONGEST_SUMMARY = 200


async def hold_for_approval(walk: Walk, step: ActionStep, entry: Entry, frame: Frame, request: dict[str, Any]) -> Hold:
    """Hold a step until people release it; what could never be sent ends the step before anybody is asked."""
    approval = step.approval or {}
    approvers = walk.render(step.approvers, entry, frame).value
    if "approvers" in approval and not all(isinstance(name, str) and name.strip() for name in approvers or [None]):
        raise Fault(f"`approvers` must name people; here it comes to {approvers!r:.200}.")
    async with walk.checking:
        with cancellation():
            refused: str | None = await workflow.execute_local_activity(
                CHECK, request, start_to_close_timeout=timedelta(seconds=10)
            )
    if refused:
        raise Fault(refused)
    now = workflow.now()
    expires = approval.get("expiresAfter")
    deadline = None if expires is None else timestamp(now + timedelta(milliseconds=expires))
    return _open(walk, step, entry, request, kind="approval", approvers=approvers, deadline=deadline)


def _open(walk: Walk, step: ActionStep, entry: Entry, request: dict[str, Any], **kind: Any) -> Hold:
    holds = walk.state.holds
    hold = Hold(
        hold=holds.new_id(entry["id"]),
        step=entry["id"],
        label=step.label,
        actionType=step.action,
        request=request,
        digest=seal(request),
        openedAt=timestamp(workflow.now()),
        firstRunId=workflow.info().first_execution_run_id,
        **kind,
    )
    walk.state.reserve(f"{hold.hold}#hold", measure(hold.to_json()))
    holds.all[hold.hold] = hold
    walk.holds_changed()
    return hold


async def decided(walk: Walk, step: ActionStep, entry: Entry, hold: Hold) -> Flow | None:
    """Wait until a hold is decided; return how the step ended, or None where it goes on to be sent."""
    entry["status"] = "held"
    try:
        await _decision(hold)
    except asyncio.CancelledError:
        _close(walk, hold)
        raise
    _close(walk, hold)
    decision = hold.decision
    if decision is None:
        return walk.end(step, entry, "expired", {"type": "Expired", "message": f"Nobody decided by {hold.deadline}."})
    walk.state.report.note(entry, "decision", decision)
    match decision["decision"]:
        case "reject":
            return walk.end(step, entry, "rejected", _said("Rejected", decision))
        case "skip":
            return walk.end(step, entry, "skipped", hold.error)
        case "stop":
            return walk.end(step, entry, "unknown" if hold.unknown else "failed", hold.error)
    entry["status"] = "running"
    return None


def _close(walk: Walk, hold: Hold) -> None:
    walk.state.holds.close(hold)
    walk.state.forget(f"{hold.hold}#hold")
    walk.holds_changed()


async def _decision(hold: Hold) -> None:
    remaining = None
    if hold.deadline is not None:
        remaining = max(datetime.fromisoformat(hold.deadline) - workflow.now(), timedelta(0))
    with contextlib.suppress(asyncio.TimeoutError):
        await workflow.wait_condition(
            lambda: hold.decision is not None,
            timeout=remaining,
            timeout_summary=f"{hold.label}: expires"[:LONGEST_SUMMARY],
        )


def _said(kind: str, decision: dict[str, Any]) -> dict[str, str]:
    reason = f": {decision['reason']}" if "reason" in decision else "."
    return {"type": kind, "message": f"Refused by {decision['by']}{reason}"}


def hold_for_failure(
    walk: Walk, step: ActionStep, entry: Entry, request: dict[str, Any], failure: Failure
) -> Hold | None:
    """Hold a step that failed, where it asks for that; None where its failure stands."""
    wanted = step.holds_failure or failure.asks or (failure.unknown and step.holds_unknown)
    if not wanted or walk.stop is not None:  # a hold that opens after the end would keep the run from ending
        return None
    try:
        return _open(walk, step, entry, request, kind="failure", error=failure.error(), unknown=failure.unknown)
    except Fault:  # what failed matters more than that it cannot be held
        return None
