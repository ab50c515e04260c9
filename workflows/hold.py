"""Holds: steps that wait for people, and the one function that judges what people send."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

import rfc8785

from workflows.fault import Unsealable
from workflows.report import timestamp

Kind = Literal["approval", "failure"]

DECISIONS: Mapping[str, tuple[str, ...]] = {"approval": ("approve", "reject"), "failure": ("retry", "skip", "stop")}

AUDITED_REFUSALS = 100
AUDIT_ENTRY_SIZE = 1_024
LONGEST_NAME = 256
LONGEST_REASON = 2_000


@dataclass(slots=True, kw_only=True)
class Hold:
    """One step waiting for people: plain JSON, so that it survives continue-as-new as it stands."""

    hold: str
    step: str
    label: str
    actionType: str  # noqa: N815 # the public name
    kind: Kind
    request: dict[str, Any]
    digest: str
    openedAt: str  # noqa: N815 # the public name
    deadline: str | None = None
    approvers: list[str] = field(default_factory=list)
    firstRunId: str  # noqa: N815 # the public name
    unknown: bool = False
    quorum: int = 1
    votes: list[dict[str, Any]] = field(default_factory=list)
    error: dict[str, str] | None = None
    decision: dict[str, Any] | None = None
    closed: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what the query `holds` shows."""
        shown = asdict(self)
        del shown["closed"], shown["decision"], shown["unknown"]
        return {key: value for key, value in shown.items() if value is not None}

    def expired(self, now: datetime) -> bool:
        """Say whether an approval would come too late."""
        return self.deadline is not None and now >= datetime.fromisoformat(self.deadline)


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
        self, holds: Iterable[Hold] = (), audit: list[dict[str, Any]] | None = None, refusals: int = 0
    ) -> None:
        self.all: dict[str, Hold] = {hold.hold: hold for hold in holds}
        self.audit: list[dict[str, Any]] = audit or []
        self.refusals = refusals
        self.size = AUDIT_ENTRY_SIZE * len(self.audit)

    def open(self) -> list[Hold]:
        """Return the holds that wait, in the order in which they were opened."""
        return [hold for hold in self.all.values() if not hold.closed]

    def close(self, hold: Hold) -> None:
        """Close a hold; what was asked is dropped, what was decided is kept for those who come late."""
        hold.closed = True
        hold.request = {}

    def of(self, step: str) -> Hold | None:
        """Return the open hold of a step."""
        return next((hold for hold in self.all.values() if hold.step == step and not hold.closed), None)

    def new_id(self, step: str) -> str:
        """Return an id for a step's next hold, unique within the run and never used again."""
        earlier = sum(1 for hold in self.all.values() if hold.step == step)
        return step if not earlier else f"{step}#{earlier + 1}"

    def decide(self, arguments: tuple[Any, ...], *, via: str, now: datetime, decision: str | None = None) -> Receipt:
        """Judge one decision, whatever was sent; it counts only as a literal decision for a named open hold.

        Args:
            arguments: what the signal or update carried.
            via: `signal` or `update`.
            now: the workflow's clock.
            decision: what the handler's own name says (`approve`, `reject`), where it says it.
        """
        said = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], dict) else {}
        if decision is not None and said:
            said = {**said, "decision": decision}
        receipt = self._judge(said, len(arguments), now)
        self._note(said, receipt, via, now)
        return receipt

    def _judge(  # noqa: PLR0911 # one refusal each, in the order in which they are checked
        self, said: dict[str, Any], count: int, now: datetime
    ) -> Receipt:
        wrong = _malformed(said, count)
        if wrong:
            return Receipt("invalid", wrong)
        hold = self.all.get(said["hold"])
        if hold is None:
            names = ", ".join(h.hold for h in self.open()) or "none"
            return Receipt("not_found", f"Nothing is held under {said['hold']!r} (yet, or any more); open: {names}.")
        allowed = DECISIONS[hold.kind]
        if said["decision"] not in allowed:
            return Receipt("invalid", f"This hold takes {' or '.join(allowed)}, not {said['decision']!r}.")
        if hold.decision is not None or hold.closed:
            return self._late(hold, said)
        by = _person(said["by"])
        if hold.approvers and by not in {_person(name) for name in hold.approvers}:
            return Receipt("not_allowed", f"{said['by']} may not decide this; {', '.join(hold.approvers)} may.")
        if said.get("digest") not in {None, hold.digest}:
            return Receipt("digest_mismatch", "The request is not the one you saw: look at it again, then decide.")
        if said["decision"] != "reject" and hold.expired(now):
            return Receipt("expired", f"This hold expired at {hold.deadline}.")
        hold.decision = {key: said[key] for key in ("decision", "by", "reason") if said.get(key)}
        hold.decision["at"] = timestamp(now)
        return Receipt("accepted", f"{hold.label}: {said['decision']} by {said['by']}.")

    @staticmethod
    def _late(hold: Hold, said: dict[str, Any]) -> Receipt:
        made = hold.decision
        if made is None:
            return Receipt("expired", f"This hold is closed; its deadline was {hold.deadline}.")
        if (made["decision"], _person(made["by"])) == (said["decision"], _person(said["by"])):
            return Receipt("duplicate", "You have decided this already.")
        return Receipt("already_decided", f"{made['by']} has decided this already: {made['decision']}.")

    def _note(self, said: dict[str, Any], receipt: Receipt, via: str, now: datetime) -> None:
        if receipt.result != "accepted":
            self.refusals += 1
            if self.refusals > AUDITED_REFUSALS:
                return
        self.size += AUDIT_ENTRY_SIZE
        self.audit.append(
            {
                "at": timestamp(now),
                "hold": _shown(said.get("hold")),
                "by": _shown(said.get("by")),
                "decision": _shown(said.get("decision")),
                "via": via,
                "result": receipt.result,
            }
        )

    def audit_json(self) -> list[dict[str, Any]]:
        """Return the audit; refusals beyond the first hundred are a count."""
        more = self.refusals - AUDITED_REFUSALS
        return [*self.audit, {"more": more}] if more > 0 else list(self.audit)


def seal(request: dict[str, Any]) -> str:
    """Return the digest of a request: lowercase hex SHA-256 of its RFC 8785 form.

    Raises:
        Unsealable: it has no such form (integers of 2^53 and more, lone surrogates).
    """
    try:
        return hashlib.sha256(rfc8785.dumps(request)).hexdigest()
    except (rfc8785.CanonicalizationError, UnicodeError, RecursionError) as error:
        raise Unsealable(f"The request cannot be sealed for approval: {error}.") from None


def _malformed(said: dict[str, Any], count: int) -> str | None:
    if count != 1 or not said:
        return 'A decision is one JSON object: {"hold": …, "by": …, "decision": …, "reason"?: …, "digest"?: …}.'
    for name, longest in (("hold", 1_000), ("decision", LONGEST_NAME), ("by", LONGEST_NAME)):
        value = said.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            return f"`{name}` must be a text of 1 to {longest} characters."
    for name in ("reason", "digest"):
        value = said.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_REASON):
            return f"`{name}` must be a text of at most {LONGEST_REASON} characters."
    return None


def _person(name: str) -> str:
    return name.strip().casefold()


def _shown(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value and value[:LONGEST_NAME]
    return f"({type(value).__name__})"
