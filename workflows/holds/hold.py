"""Holds: steps that wait for people, and the rules by which what people send counts; pure, without clock or server."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, cast

from trunkline.wire import (
    Answer,
    Decision,
    ErrorEntry,
    HeldOperation,
    HoldDecision,
    HoldMessage,
    HoldState,
    Request,
    ShownHold,
    Vote,
)
from workflows.language.people import distinct, person
from workflows.report import timestamp

if TYPE_CHECKING:
    from workflows.hold_rules import Editing

Kind = Literal["approval", "failure"]
Via = Literal["signal", "update", "policy"]

DECISIONS: Mapping[str, tuple[str, ...]] = {
    "approval": ("approve", "reject", "edit"),
    "failure": ("retry", "skip", "supply", "stop"),
}
OPERATIONS = ("reassign", "extend")
"""What operators may do to a hold without deciding it."""

POLICY = "policy"
"""Who decided where nobody did in time."""

LONGEST_VOTE = 500
"""Characters of a reason that stands in a vote."""

PRIVATE = ("named", "index", "decision", "closed", "unknown", "supplied", "version", "posted")
"""Fields that the query `holds` does not show."""


@dataclass(slots=True, kw_only=True)
class Hold:
    """One step waiting for people: plain JSON, so that it survives continue-as-new as it stands.

    Attributes:
        hold: its id, unique within the run and never used again.
        step: instance id of the step.
        label: what people call the step.
        actionType: the action.
        kind: whether it waits for approval, or after a failure.
        request: what would be sent, with secrets as placeholders.
        digest: seal of the request.
        openedAt: when it began to wait.
        firstRunId: first run of the chain, which signed decisions name.
        approvers: who may decide; nobody: anyone may.
        operators: who may reassign and extend; None: nobody is named.
        quorum: how many people must approve.
        votes: who has approved so far.
        requester: who may not approve, because they want it done.
        rejectNeedsReason: whether a refusal must say why.
        allowEdit: whether the request may be edited, and whether an edit approves it.
        verified: whether decisions must be signed.
        digestRequired: whether a decision must quote the digest.
        deadline: until when approvals count.
        onExpiry: what happens then.
        remindAt: when people are reminded next.
        escalateAt: when those of `escalateTo` may approve too.
        escalateTo: who they are.
        operation: the described operation that the request is for, as it was when people were asked.
        missing: values that the step's templates did not find.
        error: why the step failed.
        edited: how often the request was edited.
        named: who may decide by the policy alone, before anybody reassigned or escalated it.
        index: what stands for each person in the search attributes, where names must not.
        unknown: whether the failed step may have been carried out.
        supplied: the result that an operator supplied, as `{"result": …}`.
        decision: how it was decided.
        version: counts what those who wait for it must look at.
        posted: messages in which it can be decided, until they say that it is closed.
        closed: whether it waits no more.
    """

    hold: str
    step: str
    label: str
    actionType: str  # noqa: N815 # the public name
    kind: Kind
    request: Request
    digest: str
    openedAt: str  # noqa: N815 # the public name
    firstRunId: str  # noqa: N815 # the public name
    approvers: list[str] = field(default_factory=list)
    operators: list[str] | None = None
    quorum: int = 1
    votes: list[Vote] = field(default_factory=list)
    requester: str | None = None
    rejectNeedsReason: bool = False  # noqa: N815 # the public name
    allowEdit: Editing = False  # noqa: N815 # the public name
    verified: bool = False
    digestRequired: bool = False  # noqa: N815 # the public name
    deadline: str | None = None
    onExpiry: str | None = None  # noqa: N815 # the public name
    remindAt: str | None = None  # noqa: N815 # the public name
    escalateAt: str | None = None  # noqa: N815 # the public name
    escalateTo: list[str] = field(default_factory=list)  # noqa: N815 # the public name
    operation: HeldOperation | None = None
    missing: list[str] = field(default_factory=list)
    error: ErrorEntry | None = None
    edited: int = 0
    named: list[str] = field(default_factory=list)
    index: dict[str, str] | None = None
    unknown: bool = False
    supplied: Answer | None = None
    decision: HoldDecision | None = None
    version: int = 0
    posted: list[HoldMessage] = field(default_factory=list)
    closed: bool = False

    def to_json(self) -> ShownHold:
        """Return what the query `holds` shows."""
        shown = {name: value for name in SHOWN if (value := getattr(self, name)) not in (None, False, [], 0)}
        found: ShownHold = json.loads(json.dumps({**shown, "approvers": self.approvers, "votes": self.votes}))
        return found  # a copy, as what is told about a hold must not change with it

    def carry(self) -> HoldState:
        """Return all of it, for the next run of the chain."""
        return cast("HoldState", asdict(self))

    def expired(self, now: datetime) -> bool:
        """Say whether an approval would come too late."""
        return self.deadline is not None and now >= datetime.fromisoformat(self.deadline)

    def settle(self, decision: str, by: str, now: datetime, **more: Any) -> None:
        """Decide the hold."""
        self.decision = cast("HoldDecision", {"decision": decision, "by": by, "at": timestamp(now), **more})
        self.version += 1

    def vote(self, decision: Decision, now: datetime) -> bool:
        """Count an approval, and say whether it settled the hold."""
        vote: Vote = {"by": decision["by"].strip(), "at": timestamp(now), "decision": decision["decision"]}
        if reason := decision.get("reason"):
            vote["reason"] = reason[:LONGEST_VOTE]
        self.votes.append(vote)
        if len(self.votes) < self.quorum:
            return False
        votes = {"votes": list(self.votes)} if self.quorum > 1 else {}
        self.settle("approve", vote["by"], now, **_reason(decision), **votes)
        return True

    def has_voted(self, by: str) -> bool:
        """Say whether a person has approved."""
        return person(by) in {person(vote["by"]) for vote in self.votes}

    def may(self, by: str, decision: str) -> str | None:
        """Return why a person may not decide so, or None."""
        if decision in OPERATIONS and self.kind == "approval":
            if self.operators is None and self.approvers:
                return f"Only operators {decision} a hold, and its policy names no `operators`."
            names: list[str] | None = self.operators
        else:
            names = self.approvers or None
        if names is not None and person(by) not in set(map(person, names)):
            return f"{by} may not decide this; {', '.join(names) or 'nobody'} may."
        if self.requester is not None and person(by) == person(self.requester) and decision != "reject":
            return f"{by} asked for this (`selfApproval: false`): somebody else must decide."
        if decision == "edit" and self.allowEdit is False:
            return "This request may not be edited (`allowEdit`): approve it as it is, or reject it."
        return None

    def reassign(self, approvers: list[str]) -> None:
        """Let other people decide; approvals of those who no longer may are void."""
        self.approvers = approvers
        known = set(map(person, approvers))
        self.votes = [vote for vote in self.votes if person(vote["by"]) in known]
        self.version += 1

    def escalate(self) -> None:
        """Let those decide, too, to whom it is escalated."""
        self.escalateAt = None
        if self.approvers:
            self.approvers = distinct([*self.approvers, *self.escalateTo])


SHOWN = tuple(one.name for one in fields(Hold) if one.name not in PRIVATE)
"""Fields that the query `holds` shows, where they say anything."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a decision: what became of it, and a sentence for the person who sent it."""

    result: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return what the update `decide` answers."""
        return {"result": self.result, "message": self.message}


def late(hold: Hold, decision: Decision) -> Receipt:
    """Return the receipt of a decision about a hold that is no longer open."""
    made = hold.decision
    if made is None:
        return Receipt("not_found", "This hold was closed undecided, because its run went to its end.")
    if made.get("via") == POLICY:
        return Receipt("expired", f"Nobody had decided by {hold.deadline}; the policy did: {made['decision']}.")
    mine = (decision["decision"], person(decision["by"])) == (made["decision"], person(made["by"]))
    if mine or (decision["decision"] == "approve" and hold.has_voted(decision["by"])):
        return Receipt("duplicate", "You have decided this already.")
    return Receipt("already_decided", f"{made['by']} has decided this already: {made['decision']}.")


def objection(hold: Hold, decision: Decision, *, expired: bool) -> Receipt | None:
    """Return why a decision about an open hold does not count, or None where it does; `expired`: it came too late."""
    forbidden = hold.may(decision["by"], decision["decision"])
    if forbidden is not None:
        return Receipt("not_allowed", forbidden)
    if decision.get("digest") != hold.digest and (decision.get("digest") is not None or hold.digestRequired):
        return Receipt(
            "digest_mismatch",
            "The request is not the one you saw: look at it again, then decide."
            if decision.get("digest") is not None
            else f"This decision must quote the digest of the request that you saw ({hold.digest}).",
        )
    if decision["decision"] == "reject" and hold.rejectNeedsReason and not str(decision.get("reason") or "").strip():
        return Receipt("invalid", "A refusal needs a `reason` here.")
    if decision["decision"] != "reject" and expired:
        return Receipt("expired", f"This hold expired at {hold.deadline}.")
    if decision["decision"] == "approve" and hold.has_voted(decision["by"]):
        return Receipt("duplicate", f"You have approved this already; {_more(hold)}.")
    return None


def approve(hold: Hold, decision: Decision, now: datetime) -> Receipt:
    """Count an approval to which there is no objection."""
    if hold.vote(decision, now):
        return accepted(hold, decision)
    return Receipt("needs_more", f"{hold.label}: approved by {decision['by']}; {_more(hold)}.")


def accepted(hold: Hold, decision: Decision) -> Receipt:
    """Return the receipt of a decision that counts."""
    if decision["decision"] == "edit":
        return Receipt(
            "accepted", f"{hold.label}: edited and approved by {decision['by']}; the edited request is sent."
        )
    return Receipt("accepted", f"{hold.label}: {decision['decision']} by {decision['by']}.")


def _more(hold: Hold) -> str:
    return f"{len(hold.votes)} of {hold.quorum} approvals are there"


def settle(hold: Hold, decision: Decision, now: datetime) -> Receipt:
    """Settle a hold by one decision to which there is no objection."""
    hold.settle(decision["decision"], decision["by"].strip(), now, **_reason(decision))
    return accepted(hold, decision)


def _reason(decision: Decision) -> dict[str, str]:
    reason = decision.get("reason")
    return {"reason": reason} if reason else {}
