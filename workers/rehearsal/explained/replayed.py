"""A run of the past under a guide: with its recorded answers and decisions; what has not happened yet is unknown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from trunkline.wire import CHECK
from workers.client.recordings import Recording
from workers.rehearsal.answers import Answers
from workers.rehearsal.attempts import step_sent
from workers.rehearsal.desk import checkable
from workers.rehearsal.explained.explaining import Known
from workers.rehearsal.explained.guide import Guide
from workers.rehearsal.explained.guided import GuidedAttempts, GuidedPlay
from workers.rehearsal.explained.roles import Roles
from workers.rehearsal.explained.trace import Fork, Reached
from workers.rehearsal.ledger import Ledger, decisions_of, ended, given
from workers.rehearsal.suite.steps import secrets_of
from workflows.plan import Plan

NEVER = ("pending", "skipped")
"""Statuses of steps that a run has not begun, or never will."""


class ReplayedAttempts(GuidedAttempts):
    """Carries out activities from a recording.

    Attributes:
        ledger: what the recording has.
    """

    ledger: Ledger

    async def local(self, activity: str, argument: Any) -> Any:
        """Return what the run's worker answers; in a group that is not known here are those who have decided."""
        if activity == CHECK:
            argument = checkable(argument, self.desk.groups, self.ledger.deciders)
        return await super().local(activity, argument)

    async def activity(self, activity: str, argument: Any, options: Mapping[str, Any]) -> Any:
        """Return what an activity came to, or the mark where it has not ended."""
        step = step_sent(activity, options)
        known = None if step is None else self.ledger.answer(step, argument)
        if step is None or known is None:
            return await super().activity(activity, argument, options)
        return await given(self, activity, step, argument, known)

    def child(self, automation: str, event: Mapping[str, Any], run: str) -> asyncio.Future[Any]:
        """Return how a run that a step started has ended, or the mark where it has not."""
        known = self.ledger.call(automation, event["data"])
        return super().child(automation, event, run) if known is None else ended(self, known, event, run)


@dataclass
class ReplayedPlay(GuidedPlay):
    """A play from a recording, under a guide; only people who did decide do."""

    recording: Recording | None = None

    def _carrier(self) -> ReplayedAttempts:
        if self.recording is None:
            raise TypeError("A play from a recording needs one.")
        made = ReplayedAttempts(self.loop, self.stage.actions, self.answers, self.stage.desk, self.packed)
        made.guide, made.ledger = self._guide, Ledger(self.recording)
        return made

    def _approve(self) -> bool:
        return False


def steps_of(found: Recording, plan: Plan, report: Mapping[str, Any] | None, known: Known) -> list[dict[str, Any]]:
    """Return the steps of a run of the past, each with its status, as far as it has come.

    Args:
        found: its recording.
        plan: the plan that it was pinned to.
        report: its report; None where nobody has it.
        known: the actions, and who is in which group.
    """
    stage, event = known.stage(plan, secrets_of(plan)), found.event or {}
    guide = Guide(Roles(plan), ())
    seen = ReplayedPlay(
        stage,
        event,
        found.began,
        Answers(),
        decisions_of(found),
        None,
        guide.watch,
        stage.packed,
        guide=guide,
        recording=found,
    ).whole()
    entries = {entry["id"]: entry for entry in (seen.report if report is None else report)["steps"]}
    played = {entry["id"]: entry for entry in seen.report["steps"]}
    told: list[dict[str, Any]] = []
    for reached in _before_forks(guide):
        entry = entries.pop(reached.id, None)
        status = "succeeded" if entry is None else entry["status"]
        told.append(reached.to_json(guide.shown(reached.id), {**played.get(reached.id, {}), **(entry or {})}))
        told[-1] |= {"status": status, "at": (entry or {}).get("startedAt", told[-1]["at"])}
        if status in NEVER:
            told[-1]["runs"] = False
    told += [_unreached(entry) for entry in entries.values() if entry.get("kind") != "path"]
    return told


def _before_forks(guide: Guide) -> Iterator[Reached]:
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
