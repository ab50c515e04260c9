"""Judging decisions: strictly in the order in which they came, with what only the worker can say written down."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from trunkline.durations import YEAR, duration
from trunkline.wire import (
    CHECK,
    RECORD,
    SUPPLY,
    VERIFY,
    Answer,
    AuditEntry,
    CheckQuestion,
    Decision,
    Edited,
    Named,
    Request,
    SupplyQuestion,
    VerifyQuestion,
    request_from,
)
from workflows import host
from workflows.errors import StepError
from workflows.holds.hold import Hold, Receipt, Via, accepted, approve, late, objection, settle
from workflows.holds.request import signed
from workflows.holds.wording import COUNTED, became
from workflows.language.instants import instant
from workflows.language.people import group
from workflows.language.template import TemplateError
from workflows.report import measure, timestamp
from workflows.run.encrypted import UNREADABLE, opened
from workflows.run.walk import HeldStep, Walk
from workflows.run.worker_calls import ask
from workflows.steps.edits import EditError, edited
from workflows.steps.holding import reserve_room
from workflows.steps.messages import renew
from workflows.steps.resolved_policy import resolve_policy


class DecisionRefused(Exception):  # noqa: N818 # the answer, and no program's error
    """A decision does not count; the receipt says why."""

    def __init__(self, result: str, message: str) -> None:
        super().__init__(message)
        self.receipt = Receipt(result, message)


MOST_EDITS = 20
"""How often one hold may be edited."""

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


@dataclass(frozen=True, slots=True)
class _Case:
    """One decision about one open hold.

    Attributes:
        walk: the walk of the run.
        hold: the hold.
        decision: what was sent.
        at: when it came.
        more: what the audit says besides.
    """

    walk: Walk
    hold: Hold
    decision: Decision
    at: datetime
    more: AuditEntry

    async def ask(self, activity: str, question: Any) -> Any:
        """Ask the worker; its answer stands in the history, so that no replay disagrees.

        Raises:
            DecisionRefused: it refuses, or the hold was closed meanwhile.
        """
        answer = await ask(activity, question)
        if "refused" in answer:
            raise DecisionRefused(
                "invalid" if activity != VERIFY or answer.get("malformed") else "not_allowed", answer["refused"]
            )
        self.check_open()
        return answer

    def check_open(self) -> None:
        """Refuse a decision about a hold that was closed while somebody was asked.

        Raises:
            DecisionRefused: it was closed.
        """
        if self.hold.closed or self.hold.decision is not None:
            receipt = late(self.hold, self.decision)
            raise DecisionRefused(receipt.result, receipt.message)

    async def held(self) -> HeldStep:
        """Return the step that waits; just after continue-as-new the walk must reach it first.

        Raises:
            DecisionRefused: the run is ending, or being continued.
        """
        walk, name = self.walk, self.hold.hold
        await host.wait_condition(
            lambda: name in walk.held or self.hold.closed or walk.stop is not None or walk.continuing_as_new
        )
        if name not in walk.held:
            raise DecisionRefused(
                "not_found", "The run was just being continued or ended: look at it, and decide again."
            )
        return walk.held[name]


async def _judged(walk: Walk, sent: Mapping[str, Any], count: int, at: datetime, more: AuditEntry) -> Receipt:
    hold = walk.state.holds.find(sent, count)
    if isinstance(hold, Receipt):
        return hold
    decision = cast("Decision", sent)
    case = _Case(walk, hold, decision, at, more)
    try:
        if hold.verified:
            await _verify(case)
        refusal = objection(hold, decision, expired=await _came_late(case))
        if refusal is not None:
            return refusal
        return await JUDGES.get(decision["decision"], _settle)(case)
    except DecisionRefused as no:
        return no.receipt
    except (EditError, StepError, TemplateError) as error:
        return Receipt("invalid", str(error))


async def _came_late(case: _Case) -> bool:
    """Say whether a decision came after the deadline; that is written down, as a replay's clock may be a little off."""
    hold = case.hold
    if hold.deadline is None or case.decision["decision"] == "reject":  # a refusal is never too late
        return False
    too_late: bool = await ask(RECORD, hold.expired(case.at))
    case.check_open()
    return too_late


async def _verify(case: _Case) -> None:
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


async def _approve(case: _Case) -> Receipt:
    return approve(case.hold, case.decision, case.at)


async def _settle(case: _Case) -> Receipt:
    return settle(case.hold, case.decision, case.at)


@dataclass(frozen=True, slots=True)
class _Change:
    """A request after an edit, and how the report shows it."""

    request: Request
    digest: str
    shown: Edited


def _change(case: _Case) -> _Change:
    """Apply an edit to a copy of a hold's request.

    Raises:
        EditError: it cannot be applied.
        StepError: the edited request cannot be sealed, or the run has no room to keep both versions.
    """
    hold, edits = case.hold, case.decision["edits"]
    if hold.edited >= MOST_EDITS:
        raise EditError(f"This request was edited {MOST_EDITS} times: decide about it as it is.")
    config = edited(hold.request["config"], edits, hold.request["secrets"])
    request = request_from(hold.actionType, config, hold.request["secrets"])
    digest = signed(request)
    if digest == hold.digest:  # not Python's own equality, to which true is 1
        raise EditError("The edit changes nothing: the request is the one that is held.")
    before, after = hold.request["config"], config
    case.more.update({"digest": hold.digest, "edited": digest, "edits": edits, "before": before, "after": after})
    shown: Edited = {
        "at": timestamp(case.at),
        "by": case.decision["by"].strip(),
        "edits": edits,
        "before": {"digest": hold.digest, "config": before},
        "after": {"digest": digest, "config": after},
    }
    case.walk.state.fit(measure(shown) + measure(request))
    return _Change(request, digest, shown)


def _apply(case: _Case, held: HeldStep, change: _Change) -> None:
    """Put an edited request in the place of the one that was held: its seal is dead, and so are the votes."""
    hold, earlier = case.hold, (case.hold.request, case.hold.digest)
    hold.request, hold.digest = change.request, change.digest
    try:
        reserve_room(case.walk, hold)
    except StepError:
        hold.request, hold.digest = earlier
        raise
    hold.edited += 1
    hold.digestRequired = True
    hold.votes = []
    hold.version += 1
    case.walk.state.report.note(held.entry, "edited", [*held.entry.get("edited", []), change.shown])


async def _edit(case: _Case) -> Receipt:
    hold, decision = case.hold, case.decision
    held = await case.held()
    change = _change(case)
    resolved = await resolve_policy(case.walk, held, change.request, "approval", previous=hold.request)
    case.check_open()
    if resolved.rules["allowEdit"] is False:
        raise DecisionRefused("not_allowed", "A request such as the edited one may not be edited (`allowEdit`).")
    was_verified = hold.verified
    resolved.check(hold)
    _apply(case, held, change)
    resolved.govern(hold)
    case.walk.holds_changed()
    proven = was_verified or not hold.verified
    counts = hold.allowEdit is True and proven and hold.may(decision["by"], "approve") is None
    if counts and hold.vote(decision, case.at):
        return accepted(hold, decision)
    renew(case.walk, held, hold)
    by = f"edited and approved by {decision['by']}" if counts else f"edited by {decision['by']}, which approves nothing"
    return Receipt("needs_more", f"{hold.label}: {by}; {len(hold.votes)} of {hold.quorum} approvals are there.")


async def _retry(case: _Case) -> Receipt:
    """Let a failed step be sent again, perhaps with another config; that is approved again where the step needs it."""
    if case.decision.get("edits") is not None:
        held = await case.held()
        change = _change(case)
        await case.ask(CHECK, {"request": change.request, "previous": case.hold.request, "people": {}})
        _apply(case, held, change)
    return await _settle(case)


async def _supply(case: _Case) -> Receipt:
    held = await case.held()
    question: SupplyQuestion = {"actionType": case.hold.actionType, "result": case.decision["result"]}
    if held.step.pick is not None:
        question["pick"] = held.step.pick
    answer: Answer = await case.ask(SUPPLY, question)
    if held.step.save_as:
        case.walk.state.fit(measure(answer["result"]))
    case.hold.supplied = answer
    return await _settle(case)


async def _reassign(case: _Case) -> Receipt:
    held = await case.held()
    hold, names = case.hold, [name.strip() for name in case.decision["approvers"]]
    entries: list[Named] = [{"person": name} if (named := group(name)) is None else {"group": named} for name in names]
    question: CheckQuestion = {"people": {"approvers": entries}, "quorum": hold.quorum}
    if hold.requester is not None:
        question["excluded"] = hold.requester
    answer = await case.ask(CHECK, question)
    hold.reassign(answer["people"]["approvers"])
    if "index" in answer:
        hold.index = {**(hold.index or {}), **answer["index"]}
    case.more["approvers"] = names
    case.walk.holds_changed()
    renew(case.walk, held, hold)
    return Receipt("accepted", f"{hold.label}: now decided by {', '.join(hold.approvers)}.")


async def _extend(case: _Case) -> Receipt:
    hold, now, wanted = case.hold, case.at, case.decision["deadline"]
    deadline = _deadline(wanted, now)
    if deadline is None or not now < deadline <= now + timedelta(milliseconds=YEAR):
        raise DecisionRefused(
            "invalid",
            f"{wanted!r:.60} is no `deadline`: it must be an instant such as 2030-01-31T09:00:00Z or a duration such "
            "as 2d, in the future and at most a year ahead.",
        )
    held = await case.held()
    hold.deadline = case.more["deadline"] = timestamp(deadline)
    hold.onExpiry = hold.onExpiry or ("reject" if hold.kind == "approval" else "stop")
    hold.version += 1
    case.walk.state.report.note(held.entry, "expires", hold.deadline)
    return Receipt("accepted", f"{hold.label}: waits until {hold.deadline}.")


def _deadline(text: str, now: datetime) -> datetime | None:
    try:
        return now + timedelta(milliseconds=duration(text))
    except (ValueError, OverflowError):
        return instant(text)


JUDGES: dict[str, Callable[[_Case], Awaitable[Receipt]]] = {
    "approve": _approve,
    "edit": _edit,
    "retry": _retry,
    "supply": _supply,
    "reassign": _reassign,
    "extend": _extend,
}
"""What needs more than being settled, by decision."""
