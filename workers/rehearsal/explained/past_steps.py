"""The steps of a run of the past: what its history says of each, with the status that its report has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from workers.client.recordings import HistoryRecording
from workers.rehearsal.explained.explaining import Knowledge
from workers.rehearsal.explained.guide import Guide
from workers.rehearsal.explained.replayed import ReplayGuide, replay
from workers.rehearsal.explained.roles import Roles
from workers.rehearsal.explained.trace import Fork, ReachedStep
from workers.rehearsal.suite.steps import secrets_of
from workflows.plan import Plan

NEVER = ("pending", "skipped")
"""Statuses of steps that a run has not begun, or never will."""


def steps_of(
    found: HistoryRecording, plan: Plan, report: Mapping[str, Any] | None, known: Knowledge
) -> list[dict[str, Any]]:
    """Return the steps of a run of the past, each with its status, as far as it has come.

    Args:
        found: its recording.
        plan: the plan that it was pinned to.
        report: its report; None where nobody has it.
        known: the actions, and who is in which group.
    """
    stage = known.stage(plan, secrets_of(plan))
    guide = ReplayGuide(Roles(plan), ())
    seen = replay(stage, found, guide)
    entries = {entry["id"]: entry for entry in (seen.report if report is None else report)["steps"]}
    played = {entry["id"]: entry for entry in seen.report["steps"]}
    steps: list[dict[str, Any]] = []
    for reached in _before_forks(guide):
        entry = entries.pop(reached.id, None)
        status = "succeeded" if entry is None else entry["status"]
        steps.append(reached.to_json(guide.shown(reached.id), {**played.get(reached.id, {}), **(entry or {})}))
        steps[-1] |= {"status": status, "at": (entry or {}).get("startedAt", steps[-1]["at"])}
        if status in NEVER:
            steps[-1]["runs"] = False
    steps += [_unreached(entry) for entry in entries.values() if entry.get("kind") != "path"]
    return steps


def _before_forks(guide: Guide) -> Iterator[ReachedStep]:
    for one in guide.trace:
        if isinstance(one, Fork):
            return
        yield one


def _unreached(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step that was not reached, or whose request this play could not tell."""
    return {
        "id": entry["id"],
        "label": entry["label"],
        "actionType": entry.get("actionType"),
        "kind": entry.get("kind", "action"),
        "runs": entry["status"] not in NEVER,
        "at": entry.get("startedAt"),
        "conditions": None,
        "request": None,
        "hold": None,
        "missing": entry.get("missing", []),
        "unknown": [],
        "status": entry["status"],
    }
