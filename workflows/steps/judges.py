"""What each kind of decision does to a hold, once nothing speaks against it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from trunkline.durations import YEAR, duration
from trunkline.wire import (
    CHECK,
    SUPPLY,
    Answer,
    CheckQuestion,
    NamedParty,
    Request,
    RequestEdit,
    SupplyQuestion,
    request_from,
)
from workflows.errors import StepError
from workflows.holds.hold import Receipt, accepted, approve, settle
from workflows.holds.request import signed
from workflows.language.instants import instant
from workflows.language.people import group
from workflows.report import measure, timestamp
from workflows.run.walk import HeldStep
from workflows.steps.case import DecisionRefused, HoldCase
from workflows.steps.edits import EditError, edited
from workflows.steps.holding import reserve_room
from workflows.steps.messages import renew
from workflows.steps.resolved_policy import resolve_policy

MOST_EDITS = 20
"""How often one hold may be edited."""


async def _approve(case: HoldCase) -> Receipt:
    return approve(case.hold, case.decision, case.at)


async def settled(case: HoldCase) -> Receipt:
    """Settle a hold by one decision."""
    return settle(case.hold, case.decision, case.at)


@dataclass(frozen=True, slots=True)
class _Change:
    """A request after an edit, and how the report shows it."""

    request: Request
    digest: str
    shown: RequestEdit


def _change(case: HoldCase) -> _Change:
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
    shown: RequestEdit = {
        "at": timestamp(case.at),
        "by": case.decision["by"].strip(),
        "edits": edits,
        "before": {"digest": hold.digest, "config": before},
        "after": {"digest": digest, "config": after},
    }
    case.walk.state.fit(measure(shown) + measure(request))
    return _Change(request, digest, shown)


def _apply(case: HoldCase, held: HeldStep, change: _Change) -> None:
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


async def _edit(case: HoldCase) -> Receipt:
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


async def _retry(case: HoldCase) -> Receipt:
    """Let a failed step be sent again, perhaps with another config; that is approved again where the step needs it."""
    if case.decision.get("edits") is not None:
        held = await case.held()
        change = _change(case)
        await case.ask(CHECK, {"request": change.request, "previous": case.hold.request, "people": {}})
        _apply(case, held, change)
    return await settled(case)


async def _supply(case: HoldCase) -> Receipt:
    held = await case.held()
    question: SupplyQuestion = {"actionType": case.hold.actionType, "result": case.decision["result"]}
    if held.step.pick is not None:
        question["pick"] = held.step.pick
    answer: Answer = await case.ask(SUPPLY, question)
    if held.step.save_as:
        case.walk.state.fit(measure(answer["result"]))
    case.hold.supplied = answer
    return await settled(case)


async def _reassign(case: HoldCase) -> Receipt:
    held = await case.held()
    hold, names = case.hold, [name.strip() for name in case.decision["approvers"]]
    entries: list[NamedParty] = [
        {"person": name} if (named := group(name)) is None else {"group": named} for name in names
    ]
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


async def _extend(case: HoldCase) -> Receipt:
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


JUDGES: dict[str, Callable[[HoldCase], Awaitable[Receipt]]] = {
    "approve": _approve,
    "edit": _edit,
    "retry": _retry,
    "supply": _supply,
    "reassign": _reassign,
    "extend": _extend,
}
"""What needs more than being settled, by decision."""
