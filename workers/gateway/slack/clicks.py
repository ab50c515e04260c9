"""Clicks: what Slack says that somebody has done, read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.strict_json import JsonError, read_json
from workflows.holds.hold import DECISIONS

REASON = "reason"
"""Block and action of the field for a reason, in messages and in the form."""

TAKEN = tuple(name for names in DECISIONS.values() for name in names if name not in {"edit", "supply"})
"""Decisions that a button can make: the others need a form."""

LONGEST = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    """A button that somebody has pressed.

    Attributes:
        decision: what it decides.
        value: what the button holds: `run`, `hold` and `digest`, perhaps `firstRunId` and `needsReason`.
        user: Slack's id of who has pressed it; nothing else that came says who that is.
        teams: ids of the workspaces that Slack names beside it.
        reason: what was written beside it.
        channel: where the message stands.
        response_url: takes messages for who has pressed it, for half an hour.
        trigger: lets a form open, for three seconds.
    """

    decision: str
    value: Mapping[str, Any]
    user: str
    teams: frozenset[str]
    reason: str = ""
    channel: str = ""
    response_url: str = ""
    trigger: str = ""

    @property
    def asks_reason(self) -> bool:
        """Say whether a form must ask why."""
        return self.decision == "reject" and self.value.get("needsReason") is True and not self.reason

    def kept(self) -> dict[str, Any]:
        """Return what a form keeps of it until it is sent."""
        return {"told": dict(self.value), "channel": self.channel, "responseUrl": self.response_url}

    def decided_by(self, person: str) -> dict[str, Any]:
        """Return the decision, as the update `decide` takes it."""
        quoted = {name: self.value[name] for name in ("hold", "digest")}
        return {**quoted, "decision": self.decision, "by": person, **({"reason": self.reason} if self.reason else {})}


def clicks(payload: Mapping[str, Any]) -> Iterator[Click]:
    """Yield the buttons of ours that were pressed."""
    reason = _reason(_member(payload, "state"))
    for action in payload.get("actions") or ():
        value = _value(action.get("value")) if isinstance(action, dict) else None
        if value is None or action.get("action_id") not in TAKEN:
            continue
        yield Click(
            decision=action["action_id"],
            value=value,
            user=_text(_member(payload, "user"), "id"),
            teams=_teams(payload),
            reason=reason,
            channel=_text(_member(payload, "channel"), "id") or _text(_member(payload, "container"), "channel_id"),
            response_url=_text(payload, "response_url"),
            trigger=_text(payload, "trigger_id"),
        )


def submitted(payload: Mapping[str, Any]) -> Click | None:
    """Return the refusal that a form of ours sends; None where it is none of ours."""
    view = _member(payload, "view")
    try:
        kept = read_json(_text(view, "private_metadata"))
    except JsonError:
        return None
    value = _right(_member(kept, "told")) if isinstance(kept, dict) else None
    if value is None:
        return None
    return Click(
        decision="reject",
        value=value,
        user=_text(_member(payload, "user"), "id"),
        teams=_teams(payload),
        reason=_reason(_member(view, "state")),
        channel=_text(kept, "channel"),
        response_url=_text(kept, "responseUrl"),
    )


def _value(value: Any) -> Mapping[str, Any] | None:
    try:
        return _right(read_json(value)) if isinstance(value, str) else None
    except JsonError:
        return None


def _right(value: Any) -> Mapping[str, Any] | None:
    good = isinstance(value, dict) and all(
        isinstance(value.get(name), str) and 0 < len(value[name]) <= LONGEST for name in ("run", "hold", "digest")
    )
    return value if good else None


def _reason(state: Mapping[str, Any]) -> str:
    return _text(_member(_member(_member(state, "values"), REASON), REASON), "value").strip()


def _teams(payload: Mapping[str, Any]) -> frozenset[str]:
    named = (_text(_member(payload, "team"), "id"), _text(_member(payload, "user"), "team_id"))
    return frozenset(filter(None, named))


def _member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""
