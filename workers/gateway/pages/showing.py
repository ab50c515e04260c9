"""What a hold's page shows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from workers.client.decisions import why_not
from workers.client.looking import Look
from workers.client.wanted import OpenHold, missing_in
from workers.gateway.pages.difference import difference
from workers.gateway.pages.fields import LONGEST, NAME, RequestField, draft, fields
from workflows.holds.hold import OPERATIONS
from workflows.holds.wording import (
    COUNTED,
    decided_by,
    decisions,
    edited,
    hold_address,
    policy,
    who,
)

WORDS = {
    "approve": "Approve",
    "reject": "Reject",
    "retry": "Try again",
    "skip": "Go on without it",
    "stop": "End it as failed",
}
"""What buttons say; edits and supplied results have forms of their own."""

MOST_LINES = 100
"""Decisions that are shown, the latest."""

LONGEST_REQUEST = 16_000
"""Characters of a request that are shown; a link leads to all of it."""

SHORTEST = 200
"""Characters of a value that are shown in any case."""

Values = dict[str, Any]


def shown_hold(look: Look, name: str, person: str, typed: Mapping[str, str]) -> Values:
    """Return what a hold's page shows.

    Args:
        look: what is known of its run.
        name: the hold's name.
        person: who looks.
        typed: what that person has typed into the page's forms before.
    """
    run = look.listed.run
    hold = next((one for one in look.held or [] if one["hold"] == name), None)
    row = next((one for one in look.listed.rows if one["hold"] == name), None)
    entry = _entry(look.report, hold["step"] if hold else name.partition("#")[0])
    values: Values = {
        "run": run,
        "name": name,
        "automation": look.listed.automation,
        "title": next((one["label"] for one in (hold, row, entry) if one), name),
        "open": hold is not None,
        "why": look.why,
        "told": row if look.held is None else None,
        "became": None if entry is None else _became(entry),
        "again": _again(look, name),
        "audit": _audit(look.report, name),
        "edited": [_edit(one) for one in (entry or {}).get("edited") or []],
        "run_address": f"/run?{urlencode({'run': run})}",
        "request_address": f"/request?{urlencode({'run': run, 'hold': name})}",
    }
    return values if hold is None else values | _waiting(hold, person, typed)


def _again(look: Look, name: str) -> str | None:
    """Return the address of the hold under which the step of a closed one waits again."""
    step = name.partition("#")[0]
    later = next((one["hold"] for one in look.held or [] if one["step"] == step), None)
    return None if later is None else hold_address("", look.listed.run, later)


def _entry(report: Mapping[str, Any] | None, step: str) -> Mapping[str, Any] | None:
    return next((one for one in (report or {}).get("steps", []) if one["id"] == step), None)


def _waiting(hold: OpenHold, person: str, typed: Mapping[str, str]) -> Values:
    request = hold["request"]
    names = decisions(hold)
    text = draft(request.get("config"))
    controls = fields(request["config"], request.get("secrets") or [])
    return {
        "action": hold["actionType"],
        "kind": hold["kind"],
        "digest": hold["digest"],
        "since": hold["openedAt"],
        "deadline": hold.get("deadline"),
        "who": who(hold),
        "not_you": why_not(hold, person, names[0]),
        "not_operator": next(filter(None, (why_not(hold, person, one) for one in OPERATIONS)), None),
        "votes": [{"reason": None, **vote} for vote in hold.get("votes") or []],
        "quorum": hold.get("quorum", 1),
        "connection": request.get("connection"),
        "operation": hold.get("operation"),
        "config": text[:LONGEST_REQUEST],
        "cut": max(len(text) - LONGEST_REQUEST, 0),
        "short": len(text) <= LONGEST_REQUEST and text.count("\n") < 30,  # noqa: PLR2004 # about a screen
        "fields": _controls(controls, typed),
        "draft": typed.get("edits") or (text if len(text) <= LONGEST else ""),
        "by_json": bool(typed.get("edits")),
        "typed_fields": any(name.startswith(NAME) for name in typed) or bool(typed.get("edits")),
        "secrets": [f"{place['name']} at {place['path']}" for place in request.get("secrets") or []],
        "missing": missing_in(hold),
        "rules": list(policy(hold)),
        "error": hold["error"]["message"] if hold.get("error") else None,
        "reason_needed": bool(hold.get("rejectNeedsReason")),
        "buttons": [{"value": one, "word": WORDS[one]} for one in names if one in WORDS],
        "edit_as": "edit" if "edit" in names else "retry" if "retry" in names else None,
        "suppliable": "supply" in names,
        "typed": {name: typed.get(name, "") for name in ("reason", "result", "approvers", "deadline")},
    }


def _controls(found: Iterable[RequestField], typed: Mapping[str, str]) -> list[Values]:
    """Return the values of a request with their controls; texts are shown until the page is full."""
    rows: list[Values] = []
    room = LONGEST_REQUEST
    for one in found:
        text = typed.get(one.name, one.text) if one.fixed is None else ""
        shown = one.text if len(one.text) <= max(room, SHORTEST) else f"{one.text[:SHORTEST]}…"
        room -= len(shown)
        rows.append(
            {
                "id": f"field-{len(rows)}",
                "name": one.name,
                "label": one.label,
                "kind": one.kind,
                "text": text,
                "shown": shown,
                "plain": one.kind in {"text", "long"},
                "rows": min(max(text.count("\n") + 2, 3), 16),
                "fixed": one.fixed,
            }
        )
    return rows


def _audit(report: Mapping[str, Any] | None, name: str) -> Values:
    """Return who sent what about a hold, the latest first, and how many were before those."""
    found = [entry for entry in (report or {}).get("audit") or [] if entry.get("hold") == name]
    lines = [
        {
            "at": entry.get("at"),
            "by": entry.get("by") or "nobody",
            "decision": entry.get("decision") or "no decision",
            "via": entry.get("via"),
            "counted": entry.get("result") in COUNTED,
            "result": str(entry.get("result", "")).replace("_", " "),
            "why": entry.get("reason") or entry.get("message"),
        }
        for entry in reversed(found[-MOST_LINES:])
    ]
    return {"lines": lines, "more": max(len(found) - MOST_LINES, 0)}


def _edit(entry: Mapping[str, Any]) -> Values:
    return {"at": entry.get("at"), "by": entry.get("by"), "changes": difference(edited(entry))}


def _became(entry: Mapping[str, Any]) -> str:
    decision = entry.get("decision")
    made = f"Decided: {decided_by(decision)}. " if decision else ""
    return f"{made}The step is {entry['status']} now."


def whole_request(look: Look, name: str) -> str | None:
    """Return the whole request of an open hold as JSON; None where nobody can show it."""
    hold = next((one for one in look.held or [] if one["hold"] == name), None)
    return None if hold is None else json.dumps(hold["request"], ensure_ascii=False, indent=2)
