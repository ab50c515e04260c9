"""Holding a step: opening holds, waiting, reminding, escalating, expiring, and what a decision means for the step."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trunkline.wire import REMIND, Answer, ErrorEntry, Flow, HoldDecision, RemindAnswer, RemindQuestion, Request
from workflows import host
from workflows.holds.hold import POLICY, Hold, Kind
from workflows.holds.request import signed
from workflows.report import measure, timestamp
from workflows.run.state import HOLD
from workflows.run.walk import HeldStep, Walk
from workflows.run.worker_calls import ask
from workflows.steps.messages import withdraw
from workflows.steps.notices import notify
from workflows.steps.resolved_policy import ResolvedPolicy, resolve_policy
from workflows.steps.send import LONGEST_SUMMARY

ROOM_FOR_A_VOTE = 1_000
"""Bytes that an approval may take while it waits for others."""

SHORTEST_TIMER = timedelta(milliseconds=1)

NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What people, or the policy, let go.

    Attributes:
        request: what is sent.
        digest: its seal.
        operation: digest of the described operation that people have released, if it is for one.
        edited: whether it was edited after a failure, so that it must be approved again.
        anew: whether it is another request than the one sent before, so that it needs another key.
        supplied: what a person says that the action answered, instead of sending anything.
    """

    request: Request
    digest: str
    operation: str | None
    edited: bool
    anew: bool
    supplied: Answer | None


async def hold_for_approval(walk: Walk, held: HeldStep, request: Request) -> Hold:
    """Hold a step until people release it; what could never be sent ends the step before anybody is asked.

    Raises:
        Fault: it can never be sent, or nobody could ever decide.
    """
    signed(request)  # what nobody could seal need not be asked about
    async with walk.decision_lock:
        resolved = await resolve_policy(walk, held, request, "approval")
    hold = _open(walk, held, resolved, kind="approval")
    walk.state.report.note(held.entry, "expires", hold.deadline or NEVER)
    return hold


async def hold_for_failure(
    walk: Walk, held: HeldStep, request: Request, error: ErrorEntry, *, unknown: bool
) -> Hold | None:
    """Hold a step that failed; None where its run ends: a hold that opened then would keep it from ending.

    Raises:
        Fault: it cannot be held.
    """
    if walk.halted(held.entry["id"]):
        return None
    async with walk.decision_lock:
        resolved = await resolve_policy(walk, held, request, "failure")
    if walk.halted(held.entry["id"]):
        return None
    return _open(walk, held, resolved, kind="failure", error=error, unknown=unknown)


def _open(walk: Walk, held: HeldStep, resolved: ResolvedPolicy, *, kind: Kind, **more: Any) -> Hold:
    holds = walk.state.holds
    hold = Hold(
        hold=holds.new_id(held.entry["id"]),
        step=held.entry["id"],
        label=held.step.label,
        actionType=held.step.action,
        kind=kind,
        request=resolved.request,
        digest=signed(resolved.request),
        openedAt=resolved.at,
        firstRunId=host.info().first_execution_run_id,
        missing=list(held.entry.get("missing", [])),
        **more,
    )
    resolved.govern(hold)
    resolved.time(hold)
    reserve_room(walk, hold)
    holds.all[hold.hold] = hold
    host.tell(host.OPENED, hold=hold)
    walk.holds_changed()
    notify(walk, held, hold, "opened")
    return hold


def reserve_room(walk: Walk, hold: Hold) -> None:
    """Take room for a hold of the run's budget.

    Raises:
        TooLargeError: the budget does not allow it.
    """
    walk.state.reserve(hold.hold + HOLD, measure(hold.to_json()) + ROOM_FOR_A_VOTE * (hold.quorum - 1))


async def decided(walk: Walk, held: HeldStep, hold: Hold) -> Flow | Release:
    """Wait until a hold is decided; return how the step ended, or what goes on to be sent."""
    step, entry = held.step, held.entry
    entry["status"] = "held"
    walk.held[hold.hold] = held
    try:
        while hold.decision is None:
            due = await _time_comes(hold)
            if due is None:
                continue
            async with walk.decision_lock:  # what came before is judged before time is
                if hold.decision is None:
                    await _due(walk, held, hold, due)
    except asyncio.CancelledError:
        withdraw(walk, held, hold)
        _close(walk, hold)
        raise
    finally:
        del walk.held[hold.hold]
    decision = hold.decision
    release = _release(hold)
    notify(walk, held, hold, "decided")
    error = hold.error
    _close(walk, hold)
    walk.state.report.note(entry, "decision", decision)
    match decision["decision"]:
        case "reject" if decision.get("via") == POLICY:
            message = f"Nobody decided by {hold.deadline}."
            return walk.end(step, entry, "expired", {"type": "Expired", "message": message})
        case "reject":
            return walk.end(step, entry, "rejected", _refused(decision))
        case "skip":
            return walk.end(step, entry, "skipped", error)
        case "stop":
            return walk.end(step, entry, "unknown" if hold.unknown else "failed", error)
    if decision["decision"] != "supply" and not _still_wanted(walk, held):
        message = "The step's conditions no longer held when it was released, so nothing was sent."
        return walk.end(step, entry, "superseded", {"type": "Superseded", "message": message})
    entry["status"] = "running"
    return release


def _release(hold: Hold) -> Release:
    after_failure = hold.kind == "failure"
    edited = after_failure and hold.edited > 0
    return Release(
        request=hold.request,
        digest=hold.digest,
        operation=None if hold.operation is None else hold.operation["digest"],
        edited=edited,
        anew=after_failure and (edited or not hold.unknown),
        supplied=hold.supplied,
    )


def _still_wanted(walk: Walk, held: HeldStep) -> bool:
    condition = held.step.condition
    return not held.step.policy.recheck or condition is None or walk.judge(condition, held.entry, held.frame).holds


def _close(walk: Walk, hold: Hold) -> None:
    host.tell(host.CLOSED, hold=hold)
    walk.state.holds.close(hold)
    walk.state.forget(hold.hold + HOLD)
    walk.holds_changed()


async def _time_comes(hold: Hold) -> str | None:
    """Wait until a hold's next time has come, and return it; None where the hold was decided or changed before."""
    seen = hold.version
    due = min((at for at in (hold.remindAt, hold.escalateAt, hold.deadline) if at is not None), default=None)
    remaining = None
    if due is not None:  # there is a timer even where its time has come, lest a replay whose clock differs goes without
        remaining = max(datetime.fromisoformat(due) - host.now(), SHORTEST_TIMER)
    try:
        await host.wait_condition(
            lambda: hold.decision is not None or hold.version != seen,
            timeout=remaining,
            timeout_summary=f"{hold.label}: held"[:LONGEST_SUMMARY],
        )
    except TimeoutError:
        return due
    return None


async def _due(walk: Walk, held: HeldStep, hold: Hold, due: str) -> None:
    """Do what a hold's time has come for: by the time that was waited for, which every replay knows, not the clock."""
    if due == hold.deadline:
        _expire(walk, held, hold)
    elif due == hold.escalateAt:
        hold.escalate()
        walk.holds_changed()
        notify(walk, held, hold, "escalated")
    elif due == hold.remindAt:
        await _remind(walk, held, hold, due)


async def _remind(walk: Walk, held: HeldStep, hold: Hold, due: str) -> None:
    times = held.step.policy.times
    question: RemindQuestion = {"now": timestamp(host.now()), "due": due, "every": times["remindAfter"]}
    if "businessHours" in times:
        question["businessHours"] = times["businessHours"]
    if hold.deadline is not None:
        question["deadline"] = hold.deadline
    answer: RemindAnswer = await ask(REMIND, question)
    hold.remindAt = answer.get("at")
    if not answer["late"]:  # what was missed while no worker ran is not made up for when it expires next
        memory = walk.state.remember(held.entry["id"])
        memory["reminders"] = memory.get("reminders", 0) + 1
        notify(walk, held, hold, "reminder", memory["reminders"])


def _expire(walk: Walk, held: HeldStep, hold: Hold) -> None:
    what, now = hold.onExpiry or "reject", host.now()
    decision = {"hold": hold.hold, "by": POLICY, "decision": what}
    walk.state.holds.note(decision, "accepted", "policy", now, counted=True)
    if what == "hold":
        hold.deadline = None
        walk.state.report.note(held.entry, "expires", NEVER)
    else:
        hold.settle(what, POLICY, now, via=POLICY)


def _refused(decision: HoldDecision) -> ErrorEntry:
    reason = f": {decision['reason']}" if "reason" in decision else "."
    return {"type": "Rejected", "message": f"Refused by {decision['by']}{reason}"}
