"""All holds of a run, what was decided about them, and the shape that a decision must have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, cast

from trunkline.wire import AuditEntry, Decision
from workflows.holds.hold import DECISIONS, OPERATIONS, Hold, Receipt, Via, late
from workflows.language.people import hidden_in
from workflows.report import measure, timestamp

AUDITED_REFUSALS = 100
AUDITED_CHANGES = 2_000
AUDIT_ENTRY_SIZE = 1_024
"""Bytes that one entry of the audit takes at most."""

LONGEST_NAME = 256
LONGEST_REASON = 2_000
LONGEST_SHOWN = 300
MOST_PEOPLE = 100

SHAPE = 'A decision is one JSON object: {"hold": …, "by": …, "decision": …, "reason"?: …, "digest"?: …}.'


class Holds:
    """All holds of a run, open and closed, and what was decided about them."""

    def __init__(
        self,
        holds: Iterable[Hold] = (),
        audit: list[AuditEntry] | None = None,
        refusals: int = 0,
        changes: int = 0,
    ) -> None:
        self.all: dict[str, Hold] = {hold.hold: hold for hold in holds}
        self.audit: list[AuditEntry] = audit or []
        self.refusals = refusals
        self.changes = changes
        self.size = sum(map(measure, self.audit))

    def open(self) -> list[Hold]:
        """Return the holds that wait, in the order in which they were opened."""
        return [hold for hold in self.all.values() if not hold.closed]

    def close(self, hold: Hold) -> None:
        """Close a hold; what was asked is dropped, what was decided is kept for those who come late."""
        hold.closed = True
        hold.request, hold.error, hold.supplied, hold.index = {}, None, None, None  # type: ignore[typeddict-item] # dropped
        hold.approvers, hold.named, hold.operators, hold.escalateTo, hold.missing = [], [], None, [], []

    def of(self, step: str) -> Hold | None:
        """Return the open hold of a step."""
        return next((hold for hold in self.all.values() if hold.step == step and not hold.closed), None)

    def new_id(self, step: str) -> str:
        """Return an id for a step's next hold, unique within the run and never used again."""
        earlier = sum(1 for hold in self.all.values() if hold.step == step)
        return step if not earlier else f"{step}#{earlier + 1}"

    def find(self, sent: Mapping[str, Any], count: int) -> Hold | Receipt:
        """Return the open hold that a decision is about, or why it cannot count, whatever was sent.

        Args:
            sent: what the signal or update carried, if that was an object; where a hold is returned, a `Decision`.
            count: how many arguments it carried.
        """
        wrong = _malformed(sent, count)
        if wrong:
            return Receipt("invalid", wrong)
        decision = cast("Decision", sent)
        hold = self.all.get(decision["hold"])
        if hold is None:
            names = ", ".join(h.hold for h in self.open()) or "none"
            return Receipt(
                "not_found", f"Nothing is held under {decision['hold']!r} (yet, or any more); open: {names}."
            )
        allowed = (*DECISIONS[hold.kind], *OPERATIONS)
        if decision["decision"] not in allowed:
            return Receipt("invalid", f"This hold takes {', '.join(allowed)}, not {decision['decision']!r}.")
        return hold if hold.decision is None and not hold.closed else late(hold, decision)

    def note(  # noqa: PLR0913 # what it writes down
        self,
        decision: Mapping[str, Any],
        result: str,
        via: Via,
        now: datetime,
        *,
        counted: bool,
        more: AuditEntry | None = None,
    ) -> None:
        """Write down what came in and what became of it; refusals beyond the first hundred are only counted.

        Args:
            decision: what was sent, whatever that was.
            result: the word of its receipt.
            via: how it came.
            now: when.
            counted: whether it counts.
            more: what the kind of decision adds.
        """
        if counted:
            self.changes += 1
            full = self.changes > AUDITED_CHANGES
        else:
            self.refusals += 1
            full = self.refusals > AUDITED_REFUSALS
        if full:
            return
        entry: AuditEntry = {
            "at": timestamp(now),
            "hold": _shown(decision.get("hold")),
            "by": _shown(decision.get("by")),
            "decision": _shown(decision.get("decision")),
            "via": via,
            "result": result,
        }
        for name, value in (more or {}).items():
            if measure({**entry, name: value}) <= AUDIT_ENTRY_SIZE:
                entry[name] = value  # type: ignore[literal-required] # what the kind of decision adds
            else:
                entry["cut"] = True
        self.size += measure(entry)
        self.audit.append(entry)

    def audit_json(self) -> list[AuditEntry]:
        """Return the audit; what is only counted stands at its end."""
        more = max(self.refusals - AUDITED_REFUSALS, 0) + max(self.changes - AUDITED_CHANGES, 0)
        return [*self.audit, {"more": more}] if more else list(self.audit)


def _malformed(decision: Mapping[str, Any], count: int) -> str | None:
    if count != 1 or not decision:
        return SHAPE
    for name, longest in (("hold", 1_000), ("decision", LONGEST_NAME), ("by", LONGEST_NAME)):
        value = decision.get(name)
        if not isinstance(value, str) or not value.strip() or len(value) > longest:
            return f"`{name}` must be a text of 1 to {longest} characters."
    if hidden := hidden_in(decision["by"]):
        return f"`by` holds {hidden}, which nobody sees: write the id without it."
    for name in ("reason", "digest"):
        value = decision.get(name)
        if value is not None and (not isinstance(value, str) or len(value) > LONGEST_REASON):
            return f"`{name}` must be a text of at most {LONGEST_REASON} characters."
    return _lacking(decision)


def _lacking(decision: Mapping[str, Any]) -> str | None:
    """Say what a decision needs that this one does not have."""
    match decision["decision"]:
        case "edit" if decision.get("edits") is None:
            return "`edit` needs `edits`: a JSON Patch on the config, or new values by key."
        case "supply" if "result" not in decision:
            return "`supply` needs a `result`: what the action would have answered."
        case "reassign" if wrong := _wrong_people(decision.get("approvers")):
            return wrong
        case "extend" if not isinstance(decision.get("deadline"), str):
            return "`extend` needs a `deadline`: an instant such as 2030-01-31T09:00:00Z, or a duration such as 2d."
        case other if other not in {"edit", "retry"} and decision.get("edits") is not None:
            return f"`{other}` takes no `edits`: send the decision `edit` (or `retry`, after a failure)."
    return None


def _wrong_people(names: Any) -> str | None:
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= MOST_PEOPLE
        or not all(isinstance(name, str) and name.strip() and len(name) <= LONGEST_NAME for name in names)
    ):
        return f"`reassign` needs `approvers`: a list of 1 to {MOST_PEOPLE} people or groups."
    hidden = next(filter(None, map(hidden_in, names)), None)
    return hidden and f"One of `approvers` holds {hidden}, which nobody sees: write the id without it."


def _shown(value: Any) -> str | None:
    """Return what was sent for a field as the audit shows it, in few bytes."""
    if value is None:
        return None
    if not isinstance(value, str):
        return f"({type(value).__name__})"
    text = value[:LONGEST_NAME]
    return text if measure(text) <= LONGEST_SHOWN else f"{text[:24]}…"
