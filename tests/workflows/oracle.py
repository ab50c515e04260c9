"""What must come of decisions about one held step, worked out from the rules alone; no code of the product is used."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import dataclass, field
from typing import Any, Literal

JSON = dict[str, Any]

APPROVAL = {"approve", "reject", "edit", "reassign", "extend"}
FAILURE = {"retry", "skip", "stop", "supply", "reassign", "extend"}


@dataclass(frozen=True)
class Rules:
    """The policy of the step; times in hours, and each lasts half an hour longer."""

    approvers: tuple[str, ...] | None = None
    quorum: int = 1
    excluded: str | None = None
    reason: bool = False
    edits: Literal[False, True, "needsApproval"] = False
    operators: tuple[str, ...] | None = None
    expires: int | None = None
    on_expiry: Literal["reject", "approve", "skip", "hold"] = "reject"
    escalates: int | None = None
    escalate_to: tuple[str, ...] = ()
    limit: int | None = None  # amounts above it need these approvers, and so many of them
    above: tuple[str, ...] = ()
    above_quorum: int = 1

    def terms(self, amount: int) -> tuple[set[str] | None, int]:
        """Return who may approve an amount, and how many must."""
        if self.limit is not None and amount > self.limit:
            return folded(self.above), max(self.quorum, self.above_quorum)
        return (None if self.approvers is None else folded(self.approvers)), self.quorum


@dataclass
class Held:
    """A hold as the rules see it."""

    name: str
    kind: Literal["approval", "failure"]
    approvers: set[str] | None
    operators: set[str] | None
    quorum: int
    excluded: str | None
    deadline: float | None = None
    escalates: float | None = None
    votes: list[str] = field(default_factory=list)
    quoted: bool = False  # whether the digest must be quoted
    decided: tuple[str, str] | None = None
    named: set[str] | None = None  # approvers as the policy names them for the request


class Oracle:
    """One step that is held, sent, and held again where it failed.

    Args:
        rules: the policy.
        url: where the request goes.
        amount: what it says.
        answers: whether the receiver takes each request, in order; afterwards it takes them all.
    """

    def __init__(self, rules: Rules, url: str, amount: int, answers: list[bool]) -> None:
        self.rules, self.url, self.amount, self.answers = rules, url, amount, list(answers)
        self.now = 0.0
        self.status = "held"
        self.sent: list[int] = []
        self.audit: list[str] = []
        self.first = self.digest
        approvers, quorum = rules.terms(amount)
        operators = None if rules.operators is None else folded(rules.operators)
        excluded = None if rules.excluded is None else fold(rules.excluded)
        self.holds = [Held("refund", "approval", approvers, operators, quorum, excluded)]
        self.holds[0].deadline = None if rules.expires is None else rules.expires + 0.5
        self.holds[0].escalates = self._escalation()
        self.holds[0].named = None if approvers is None else set(approvers)

    @property
    def digest(self) -> str:
        """The digest of the request as it is now: plain texts and small integers make RFC 8785 this simple."""
        config = {"method": "POST", "url": self.url, "body": {"amount": self.amount}}
        request = {"actionType": "http_request", "config": config, "secrets": []}
        return hashlib.sha256(json.dumps(request, sort_keys=True, separators=(",", ":")).encode()).hexdigest()

    @property
    def open(self) -> Held | None:
        """The hold that waits, if one does."""
        return self.holds[-1] if self.status == "held" else None

    def advance(self, hours: float) -> None:
        """Let time pass: what is due happens, the earliest first."""
        self.now += hours
        hold = self.open
        if hold is None:
            return
        if hold.escalates is not None and hold.escalates <= self.now:
            before = hold.deadline is None or hold.escalates < hold.deadline
            hold.escalates = None
            if before and hold.approvers is not None:
                hold.approvers = hold.approvers | folded(self.rules.escalate_to)
        if hold.deadline is not None and hold.deadline <= self.now:
            self._expire(hold)

    def _expire(self, hold: Held) -> None:
        what = self.rules.on_expiry
        self.audit.append(f"policy: {what}")
        if what == "hold":
            hold.deadline = None
            return
        hold.decided = (what, "(policy)")
        if what == "approve":
            self._send()
        else:
            self.status = "expired" if what == "reject" else "skipped"

    def decide(self, said: Any) -> str:
        """Return the receipt of a decision, and let it have its effect."""
        result = self._judge(said)
        self.audit.append(result)
        return result

    def _judge(self, said: Any) -> str:  # noqa: C901, PLR0911 # one rule after the other
        if not _is_decision(said):
            return "invalid"
        hold = next((hold for hold in self.holds if hold.name == said["hold"]), None)
        if hold is None:
            return "not_found"
        verb, by = said["decision"], fold(said["by"])
        if verb not in (APPROVAL if hold.kind == "approval" else FAILURE):
            return "invalid"
        if hold is not self.open:
            assert hold.decided is not None
            if hold.decided[1] == "(policy)":
                return "expired"
            same = hold.decided == (verb, by) or (verb == "approve" and by in hold.votes)
            return "duplicate" if same else "already_decided"
        if not self._may(hold, verb, by):
            return "not_allowed"
        if said.get("digest") is not None and said["digest"] != self.digest:
            return "digest_mismatch"
        if said.get("digest") is None and hold.quoted:
            return "digest_mismatch"
        if verb == "reject" and self.rules.reason and not (said.get("reason") or "").strip():
            return "invalid"
        if verb == "approve" and by in hold.votes:
            return "duplicate"
        return self._do(hold, verb, by, said)

    def _may(self, hold: Held, verb: str, by: str) -> bool:
        if hold.kind == "approval" and verb in {"reassign", "extend"}:
            if hold.operators is None and hold.approvers is not None:
                return False
            who = hold.operators
        else:
            who = hold.approvers
        if who is not None and by not in who:
            return False
        if hold.excluded == by and verb != "reject":
            return False
        return verb != "edit" or self.rules.edits is not False

    def _do(self, hold: Held, verb: str, by: str, said: JSON) -> str:
        match verb:
            case "approve":
                return self._vote(hold, by)
            case "edit":
                return self._edit(hold, by, said["edits"])
            case "reassign":
                asked = folded(said["approvers"])
                if len(asked - {hold.excluded or ""}) < hold.quorum:
                    return "invalid"
                hold.approvers = asked
                hold.votes = [vote for vote in hold.votes if vote in asked]
                return "accepted"
            case "extend":
                hold.deadline = self.now + int(said["deadline"].removesuffix("h30m")) + 0.5
                return "accepted"
        hold.decided = (verb, by)
        if verb == "retry":
            self._send()
        else:
            self.status = {"reject": "rejected", "skip": "skipped", "stop": "failed"}[verb]
        return "accepted"

    def _vote(self, hold: Held, by: str) -> str:
        hold.votes.append(by)
        if len(hold.votes) < hold.quorum:
            return "needs_more"
        hold.decided = ("approve", by)
        self._send()
        return "accepted"

    def _edit(self, hold: Held, by: str, edits: Any) -> str:
        amount = edits.get("/body/amount") if isinstance(edits, dict) else None
        if not isinstance(amount, int) or amount == self.amount:
            return "invalid"
        self.amount = amount
        named, hold.quorum = self.rules.terms(amount)
        if named != hold.named:  # otherwise those stay to whom it was handed over or escalated
            hold.approvers = hold.named = named
        hold.votes, hold.quoted = [], True
        if self.rules.edits is True and self._may(hold, "approve", by):
            return self._vote(hold, by)
        return "needs_more"

    def _send(self) -> None:
        self.sent.append(self.amount)
        if self.answers.pop(0) if self.answers else True:
            self.status = "succeeded"
            return
        operators = self.holds[0].operators
        failed = Held(f"refund#{len(self.holds) + 1}", "failure", operators and set(operators), operators, 1, None)
        failed.escalates = self._escalation()
        self.holds.append(failed)
        self.status = "held"

    def _escalation(self) -> float | None:
        return None if self.rules.escalates is None else self.now + self.rules.escalates + 0.5


def fold(name: str) -> str:
    """Return what tells one person from another."""
    return unicodedata.normalize("NFC", name.strip()).lower()


def folded(names: Any) -> set[str]:
    """Return people, each once."""
    return {fold(name) for name in names}


def _is_decision(said: Any) -> bool:  # noqa: PLR0911 # one rule after the other
    if not isinstance(said, dict):
        return False
    if not all(isinstance(said.get(key), str) and said[key].strip() for key in ("hold", "decision", "by")):
        return False
    if not said["by"].replace(" ", "").isprintable():
        return False
    if not all(said.get(key) is None or isinstance(said[key], str) for key in ("reason", "digest")):
        return False
    match said["decision"]:
        case "edit":
            return said.get("edits") is not None
        case "reassign":
            names = said.get("approvers")
            return (
                isinstance(names, list)
                and bool(names)
                and all(isinstance(n, str) and n.strip() and n.replace(" ", "").isprintable() for n in names)
            )
        case "extend":
            return isinstance(said.get("deadline"), str) and said.get("edits") is None
        case "retry":
            return True
    return said.get("edits") is None
