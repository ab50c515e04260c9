"""What a hold's page and a run's page show."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from workflows.holds.wording import HIDDEN, attempted, decided_by, decisions, instant, policy, votes, who

WORDS = {
    "approve": "Approve",
    "reject": "Reject",
    "retry": "Try again",
    "skip": "Go on without it",
    "stop": "End it as failed",
}
"""What buttons say; edits and supplied results have forms of their own."""

Values = dict[str, Any]


def shown_hold(run: str, name: str, hold: Mapping[str, Any] | None, report: Mapping[str, Any] | None) -> Values:
    """Return what a hold's page shows.

    Args:
        run: workflow id.
        name: the hold's name.
        hold: the hold as its query shows it, while it waits.
        report: the run's report; None where no worker answers.
    """
    audit = [_line(entry) for entry in (report or {}).get("audit") or [] if entry.get("hold") == name]
    entry = next((one for one in (report or {}).get("steps", []) if one["id"] == name.partition("#")[0]), None)
    values: Values = {
        "run": run,
        "name": name,
        "title": entry["label"] if entry else name,
        "open": hold is not None,
        "silent": report is None,
        "audit": audit,
        "became": None if entry is None else _became(entry),
        "run_address": f"/run?{urlencode({'run': run})}",
    }
    return values if hold is None else values | _waiting(hold)


def _waiting(hold: Mapping[str, Any]) -> Values:
    request = hold["request"]
    names = decisions(hold)
    return {
        "title": hold["label"],
        "action": hold["actionType"],
        "kind": hold["kind"],
        "digest": hold["digest"],
        "since": instant(hold["openedAt"]),
        "deadline": instant(hold["deadline"]) if hold.get("deadline") else None,
        "who": who(hold),
        "votes": votes(hold) if hold["kind"] == "approval" else None,
        "connection": request.get("connection"),
        "config": _pretty(request.get("config")),
        "draft": HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], _pretty(request.get("config"))),
        "secrets": [f"{place['name']} at {place['path']}" for place in request.get("secrets") or []],
        "missing": list(hold.get("missing") or []),
        "rules": list(policy(hold)),
        "error": hold["error"]["message"] if hold.get("error") else None,
        "reason_needed": bool(hold.get("rejectNeedsReason")),
        "buttons": [{"value": one, "word": WORDS[one]} for one in names if one in WORDS],
        "editable": "edit" in names or "retry" in names,
        "edit_as": "edit" if "edit" in names else "retry",
        "suppliable": "supply" in names,
    }


def shown_run(run: str, report: Mapping[str, Any]) -> Values:
    """Return what a run's page shows."""
    steps = [
        {
            "label": entry["label"],
            "status": entry["status"],
            "error": entry["error"]["message"] if entry.get("error") else None,
        }
        for entry in report["steps"]
    ]
    return {
        "run": run,
        "automation": report.get("automation"),
        "outcome": report.get("outcome") or "running",
        "reason": report.get("reason"),
        "steps": steps,
    }


def _pretty(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def _line(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('at', '')} {attempted(entry)}: {entry.get('result', '')}".strip()


def _became(entry: Mapping[str, Any]) -> str:
    decision = entry.get("decision")
    made = f"Decided: {decided_by(decision)}. " if decision else ""
    return f"{made}The step is {entry['status']} now."
