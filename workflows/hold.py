"""Holds: steps that wait for people, and the rules by which what people send counts; pure, without clock or server."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

import rfc8785

from workflows.fault import Unsealable
from workflows.report import measure, timestamp

if TYPE_CHECKING:
    from workflows.policy import Editing

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

AUDITED_REFUSALS = 100
AUDITED_CHANGES = 2_000
AUDIT_ENTRY_SIZE = 1_024
LONGEST_NAME = 256
LONGEST_SHOWN = 300
LONGEST_REASON = 2_000
LONGEST_VOTE = 500
MOST_PEOPLE = 100
MOST_EDITS = 20
"""How often one hold may be edited."""

PRIVATE = ("named", "index", "decision", "closed", "unknown", "supplied", "version")
"""Fields that the query `holds` does not show."""

SHAPE = 'A decision is one JSON object: {"hold": …, "by": …, "decision": …, "reason"?: …, "digest"?: …}.'


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
        error: why the step failed.
        edited: how often the request was edited.
        named: who may decide by the policy alone, before anybody reassigned or escalated it.
        index: what stands for each person in the search attributes, where names must not.
        unknown: whether the failed step may have been carried out.
        supplied: the result that an operator supplied, as `{"result": …}`.
        decision: how it was decided.
        version: counts what those who wait for it must look at.
        closed: whether it waits no more.
    """

    hold: str
    step: str
    label: str
    actionType: str  # noqa: N815 # the public name
    kind: Kind
    request: dict[str, Any]
    digest: str
    openedAt: str  # noqa: N815 # the public name
    firstRunId: str  # noqa: N815 # the public name
    approvers: list[str] = field(default_factory=list)
    operators: list[str] | None = None
    quorum: int = 1
    votes: list[dict[str, Any]] = field(default_factory=list)
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
    error: dict[str, str] | None = None
    edited: int = 0
    named: list[str] = field(default_factory=list)
    index: dict[str, str] | None = None
    unknown: bool = False
    supplied: dict[str, Any] | None = None
    decision: dict[str, Any] | None = None
    version: int = 0
    closed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what the query `holds` shows."""
        shown = {name: value for name, value in asdict(self).items() if name not in PRIVATE}
        always = {"approvers": self.approvers, "votes": shown["votes"]}
        return {**{name: value for name, value in shown.items() if value not in (None, False, [], 0)}, **always}

    def expired(self, now: datetime) -> bool:
        """Say whether an approval would come too late."""
        return self.deadline is not None and now >= datetime.fromisoformat(self.deadline)

    def settle(self, decision: str, by: str, now: datetime, **more: Any) -> None:
        """Decide the hold."""
        self.decision = {"decision": decision, "by": by, "at": timestamp(now), **more}
        self.version += 1

    def vote(self, said: Mapping[str, Any], now: datetime) -> bool:
        """Count an approval, and say whether it settled the hold."""
        vote = {"by": said["by"].strip(), "at": timestamp(now), "decision": said["decision"]}
        if said.get("reason"):
            vote["reason"] = said["reason"][:LONGEST_VOTE]
        self.votes.append(vote)
        if len(self.votes) < self.quorum:
            return False
        votes = {"votes": list(self.votes)} if self.quorum > 1 else {}
        self.settle("approve", vote["by"], now, **_reason(said), **votes)
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


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to a decision: what became of it, and a sentence for the person who sent it."""

    result: str
    message: str

    def to_json(self) -> dict[str, str]:
        """Return what the update `decide` answers."""
        return {"result": self.result, "message": self.message}


class Holds:
    """All holds of a run, open and closed, and what was decided about them."""

    def __init__(
        self,
        holds: Iterable[Hold] = (),
        audit: list[dict[str, Any]] | None = None,
        refusals: int = 0,
        changes: int = 0,
    ) -> None:
        self.all: dict[str, Hold] = {hold.hold: hold for hold in holds}
        self.audit: list[dict[str, Any]] = audit or []
        self.refusals = refusals
        self.changes = changes
        self.size = sum(map(measure, self.audit))

    def open(self) -> list[Hold]:
        """Return the holds that wait, in the order in which they were opened."""
        return [hold for hold in self.all.values() if not hold.closed]

    def close(self, hold: Hold) -> None:
        """Close a hold; what was asked is dropped, what was decided is kept for those who come late."""
        hold.closed = True
        hold.request, hold.error, hold.supplied, hold.index = {}, None, None, None
        hold.approvers, hold.named, hold.operators, hold.escalateTo = [], [], None, []

    def of(self, step: str) -> Hold | None:
        """Return the open hold of a step."""
        return next((hold for hold in self.all.values() if hold.step == step and not hold.closed), None)

    def new_id(self, step: str) -> str:
        """Return an id for a step's next hold, unique within the run and never used again."""
        earlier = sum(1 for hold in self.all.values() if hold.step == step)
        return step if not earlier else f"{step}#{earlier + 1}"

    def find(self, said: dict[str, Any], count: int) -> Hold | Receipt:
        """Return the open hold that a decision is about, or why it cannot count, whatever was sent.

        Args:
            said: what the signal or update carried, if that was an object.
            count: how many arguments it carried.
        """
        wrong = _malformed(said, count)
        if wrong:
            return Receipt("invalid", wrong)
        hold = self.all.get(said["hold"])
        if hold is None:
            names = ", ".join(h.hold for h in self.open()) or "none"
            return Receipt("not_found", f"Nothing is held under {said['hold']!r} (yet, or any more); open: {names}.")
        allowed = (*DECISIONS[hold.kind], *OPERATIONS)
        if said["decision"] not in allowed:
            return Receipt("invalid", f"This hold takes {', '.join(allowed)}, not {said['decision']!r}.")
        return hold if hold.decision is None and not hold.closed else late(hold, said)

    def note(
        self, said: Mapping[str, Any], result: str, via: Via, now: datetime, *, counted: bool, **more: Any
    ) -> None:
        """Write down what came in and what became of it; refusals beyond the first hundred are only counted."""
        if counted:
            self.changes += 1
            full = self.changes > AUDITED_CHANGES
        else:
            self.refusals += 1
            full = self.refusals > AUDITED_REFUSALS
        if full:
            return
        entry: dict[str, Any] = {
            "at": timestamp(now),
            "hold": _shown(said.get("hold")),
            "by": _shown(said.get("by")),
            "decision": _shown(said.get("decision")),
            "via": via,
            "result": result,
        }
        for name, value in more.items():
            if measure({**entry, name: value}) <= AUDIT_ENTRY_SIZE:
                entry[name] = value
            else:
                entry["cut"] = True
        self.size += measure(entry)
        self.audit.append(entry)

    def audit_json(self) -> list[dict[str, Any]]:
        """Return the audit; what is only counted stands at its end."""
        more = max(self.refusals - AUDITED_REFUSALS, 0) + max(self.changes - AUDITED_CHANGES, 0)
        return [*self.audit, {"more": more}] if more else list(self.audit)


def late(hold: Hold, said: Mapping[str, Any]) -> Receipt:
    """Return the receipt of a decision about a hold that is no longer open."""
    made = hold.decision
    if made is None:
        return Receipt("not_found", "This hold was closed undecided, because its run went to its end.")
    if made.get("via") == POLICY:
        return Receipt("expired", f"Nobody had decided by {hold.deadline}; the policy did: {made['decision']}.")
    mine = (said["decision"], person(said["by"])) == (made["decision"], person(made["by"]))
    if mine or (said["decision"] == "approve" and hold.has_voted(said["by"])):
        return Receipt("duplicate", "You have decided this already.")
    return Receipt("already_decided", f"{made['by']} has decided this already: {made['decision']}.")


def objection(hold: Hold, said: Mapping[str, Any], now: datetime) -> Receipt | None:
    """Return why a decision about an open hold does not count, or None where it does."""
    forbidden = hold.may(said["by"], said["decision"])
    if forbidden is not None:
        return Receipt("not_allowed", forbidden)
    if said.get("digest") != hold.digest and (said.get("digest") is not None or hold.digestRequired):
        return Receipt(
            "digest_mismatch",
            "The request is not the one you saw: look at it again, then decide."
            if said.get("digest") is not None
            else f"This decision must quote the digest of the request that you saw ({hold.digest}).",
        )
    if said["decision"] == "reject" and hold.rejectNeedsReason and not str(said.get("reason") or "").strip():
        return Receipt("invalid", "A refusal needs a `reason` here.")
    if said["decision"] != "reject" and hold.expired(now):
        return Receipt("expired", f"This hold expired at {hold.deadline}.")
    if said["decision"] == "approve" and hold.has_voted(said["by"]):
        return Receipt("duplicate", f"You have approved this already; {_more(hold)}.")
    return None


def approve(hold: Hold, said: Mapping[str, Any], now: datetime) -> Receipt:
    """Count an approval to which there is no objection."""
    if hold.vote(said, now):
        return accepted(hold, said)
    return Receipt("needs_more", f"{hold.label}: approved by {said['by']}; {_more(hold)}.")


def accepted(hold: Hold, said: Mapping[str, Any]) -> Receipt:
    """Return the receipt of a decision that counts."""
    return Receipt("accepted", f"{hold.label}: {said['decision']} by {said['by']}.")


def _more(hold: Hold) -> str:
    return f"{len(hold.votes)} of {hold.quorum} approvals are there"


def settle(hold: Hold, said: Mapping[str, Any], now: datetime) -> Receipt:
    """Settle a hold by one decision to which there is no objection."""
    hold.settle(said["decision"], said["by"].strip(), now, **_reason(said))
    return accepted(hold, said)


def _reason(said: Mapping[str, Any]) -> dict[str, str]:
    return {"reason": said["reason"]} if said.get("reason") else {}


def seal(request: dict[str, Any]) -> str:
    """Return the digest of a request: lowercase hex SHA-256 of its RFC 8785 form.

    Raises:
        Unsealable: it has no such form (integers of 2^53 and more, lone surrogates).
    """
    try:
        return hashlib.sha256(rfc8785.dumps(request)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Unsealable(f"The request cannot be sealed for approval: {error}.") from None


def person(name: str) -> str:
    """Return a name in the form in which names are compared."""
    return name.strip().casefold()


def distinct(names: Iterable[str]) -> list[str]:
    """Return names without those that name the same person again."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(person(name), name)
    return list(found.values())


def _malformed(said: dict[str, Any], count: int) -> str | None:
    if count != 1 or not said:
        return SHAPE
    for name, longest in (("hold", 1_000), ("decision", LONGEST_NAME), ("by", LONGEST_NAME)):
        value = said.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            return f"`{name}` must be a text of 1 to {longest} characters."
    for name in ("reason", "digest"):
        value = said.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_REASON):
            return f"`{name}` must be a text of at most {LONGEST_REASON} characters."
    return _lacking(said)


def _lacking(said: dict[str, Any]) -> str | None:
    """Say what a decision needs that this one does not have."""
    match said["decision"]:
        case "edit" if said.get("edits") is None:
            return "`edit` needs `edits`: a JSON Patch on the config, or new values by key."
        case "supply" if "result" not in said:
            return "`supply` needs a `result`: what the action would have answered."
        case "reassign" if not _are_people(said.get("approvers")):
            return f"`reassign` needs `approvers`: a list of 1 to {MOST_PEOPLE} people or groups."
        case "extend" if not isinstance(said.get("deadline"), str):
            return "`extend` needs a `deadline`: an instant such as 2030-01-31T09:00:00Z, or a duration such as 2d."
        case other if other not in {"edit", "retry"} and said.get("edits") is not None:
            return f"`{other}` takes no `edits`: send the decision `edit` (or `retry`, after a failure)."
    return None


def _are_people(names: Any) -> bool:
    return (
        isinstance(names, list)
        and 0 < len(names) <= MOST_PEOPLE
        and all(isinstance(name, str) and name.strip() and len(name) <= LONGEST_NAME for name in names)
    )


def _shown(value: Any) -> str | None:
    """Return what was sent for a field as the audit shows it, in few bytes."""
    if value is None:
        return None
    if not isinstance(value, str):
        return f"({type(value).__name__})"
    text = value[:LONGEST_NAME]
    return text if measure(text) <= LONGEST_SHOWN else f"{text[:24]}…"
