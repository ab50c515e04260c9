"""What a run's page shows: also of a run that only Temporal itself knows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workers.client.listing import ListedRun
from workers.client.looking import Look
from workers.client.runs import is_planned
from workers.client.wanted import OpenHold
from workflows.holds.wording import hold_address, status, tolerance

STEPS_ON_A_PAGE = 200

Values = dict[str, Any]


def shown_run(look: Look, number: int) -> Values:
    """Return what a run's page shows.

    Args:
        look: what is known of the run.
        number: which page of its steps, from 1.
    """
    report: Mapping[str, Any] = look.report or {}
    description = look.description
    steps = report.get("steps") or []
    first = (number - 1) * STEPS_ON_A_PAGE
    known = "unknown" if description.status is None else description.status.name.lower().replace("_", " ")
    outcome = report.get("outcome") or ("planned" if is_planned(description) else known)
    return {
        "run": look.listed.run,
        "automation": report.get("automation") or look.listed.automation,
        "outcome": outcome,
        "tolerated": tolerance(report.get("tolerated")),
        "reason": report.get("reason"),
        "parked": report.get("parked"),
        "gate": report.get("gate"),
        "outdated": report.get("outdated"),
        "why": look.why,
        "began": description.start_time.isoformat(),
        "ended": description.close_time.isoformat() if description.close_time else None,
        "rerun": outcome == "failed",
        "held": [*_held(look)],
        "more_held": look.listed.more if look.held is None else 0,
        "steps": [_step(entry) for entry in steps[first : first + STEPS_ON_A_PAGE]],
        "count": len(steps),
        "number": number,
        "pages": max(1, -(-len(steps) // STEPS_ON_A_PAGE)),
    }


def _held(look: Look) -> Iterator[Values]:
    """Yield what waits in a run: as it says itself, else as Temporal's list tells it."""
    found = look.held if look.held is not None else [*_listed(look.listed)]
    for hold in found:
        yield {
            "label": hold.get("label", hold["hold"]),
            "kind": hold.get("kind"),
            "since": hold.get("openedAt"),
            "address": hold_address("", look.listed.run, hold["hold"]),
        }


def _listed(run: ListedRun) -> Iterator[OpenHold]:
    known = {hold["hold"]: hold for hold in run.rows}
    for name in dict.fromkeys([*known, *run.holds]):
        yield known.get(name, {"hold": name})


def _step(entry: Mapping[str, Any]) -> Values:
    turn = re.search(r"\[(\d+)\]\.[^.\[]*$", entry["id"])
    error = entry.get("error")
    return {
        "label": entry["label"],
        "turn": int(turn[1]) + 1 if turn else None,
        "action": entry.get("actionType"),
        "status": status(entry),
        "mark": entry["status"],
        "ended": entry.get("endedAt"),
        "error": error["message"] if error else None,
        "retry": entry.get("retry"),
        "until": entry.get("until") if entry["status"] == "running" else None,
        "calls": entry.get("calls"),
    }
