"""Judging decisions: strictly in the order in which they came, with what only the worker can say written down."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from trunkline.wire import RECORD, VERIFY, AuditEntry, Decision, VerifyQuestion
from workflows import host
from workflows.errors import StepError
from workflows.holds.hold import Receipt, Via, objection
from workflows.holds.wording import COUNTED, became
from workflows.language.template import TemplateError
from workflows.report import timestamp
from workflows.run.encrypted import UNREADABLE, ask_any, opened
from workflows.run.walk import Walk
from workflows.steps.case import DecisionRefused, HoldCase
from workflows.steps.edits import EditError
from workflows.steps.judges import JUDGES, settled

LATE = ("already_decided", "duplicate", "expired")
"""Receipts of decisions about a hold that was decided before."""

LONGEST_NOTED = 300
"""Characters of a reason, its sender's or ours, that stand in the audit."""


async def decide(
    walk: Walk, arguments: tuple[Any, ...], *, at: datetime, via: Via, decision: str | None = None
) -> Receipt:
    """Judge one decision, whatever was sent; it counts only as a literal decision for a named open hold.

    Args:
        walk: the walk of the run.
        arguments: what the signal or update carried.
        at: when it came. What is asked meanwhile takes no time, and the clock after it is not that of a replay.
        via: `signal` or `update`.
        decision: what the handler's own name says (`approve`, `reject`), where it says it.
    """
    async with walk.decision_lock:
        readable = await opened(arguments)
        only = readable[0] if readable and len(readable) == 1 else None
        message: dict[str, Any] = dict(only) if isinstance(only, dict) else {}
        more: AuditEntry = {}
        if readable is None:
            receipt = Receipt("invalid", UNREADABLE)
        elif decision is not None and message.get("decision", decision) != decision:
            receipt = Receipt("invalid", f"The signal `{decision}` says itself what is decided: leave `decision` out.")
        else:
            if decision is not None and message:
                message["decision"] = decision
            receipt = await _judged(walk, message, len(readable), at, more)
        receipt = _with_outcome(walk, message, receipt)
        counted = receipt.result in COUNTED
        if not counted:
            more = {"message": receipt.message[:LONGEST_NOTED], **more}
        elif isinstance(message.get("reason"), str):
            more["reason"] = message["reason"][:LONGEST_NOTED]
        walk.state.holds.note(message, receipt.result, via, at, counted=counted, more=more)
    host.logger().info("decision by %s: %s", via, receipt.message)
    return receipt


def _with_outcome(walk: Walk, sent: Mapping[str, Any], receipt: Receipt) -> Receipt:
    """Return the receipt of a decision that came too late together with what became of the step meanwhile."""
    hold = walk.state.holds.all.get(str(sent.get("hold")))
    if receipt.result not in LATE or hold is None or not (hold.closed or hold.decision is not None):
        return receipt
    entry = walk.state.report.entries.get(hold.step)
    return receipt if entry is None else Receipt(receipt.result, f"{receipt.message} {became(entry)}")


async def _judged(walk: Walk, sent: Mapping[str, Any], count: int, at: datetime, more: AuditEntry) -> Receipt:
    hold = walk.state.holds.find(sent, count)
    if isinstance(hold, Receipt):
        return hold
    decision = cast("Decision", sent)
    case = HoldCase(walk, hold, decision, at, more)
    try:
        if hold.verified:
            await _verify(case)
        refusal = objection(hold, decision, expired=await _came_late(case))
        if refusal is not None:
            return refusal
        return await JUDGES.get(decision["decision"], settled)(case)
    except DecisionRefused as no:
        return no.receipt
    except (EditError, StepError, TemplateError) as error:
        return Receipt("invalid", str(error))


async def _came_late(case: HoldCase) -> bool:
    """Say whether a decision came after the deadline; that is written down, as a replay's clock may be a little off."""
    hold = case.hold
    if hold.deadline is None or case.decision["decision"] == "reject":  # a refusal is never too late
        return False
    too_late: bool = await ask_any(RECORD, hold.expired(case.at))
    case.check_open()
    return too_late


async def _verify(case: HoldCase) -> None:
    """Refuse a decision that is not proven to come from its sender."""
    if case.decision.get("proof") is None:
        raise DecisionRefused(
            "not_allowed",
            "This hold takes signed decisions only (`verified`): sign with `trunkline approve` and a key, or send "
            "`proof`.",
        )
    question: VerifyQuestion = {
        "decision": case.decision,
        "workflowId": host.info().workflow_id,
        "firstRunId": case.hold.firstRunId,
        "now": timestamp(case.at),
    }
    await case.ask(VERIFY, question)
