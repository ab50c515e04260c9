"""Backtesting: every event of an automation played with the old definition and with the new one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from activities.action import Action
from workers.client.recordings import HistoryRecording
from workers.definitions.runnable import Definition
from workers.rehearsal.approvals import rehearsal_approvals
from workers.rehearsal.backtest.comparing import SKIPPED, EventComparison, Side
from workers.rehearsal.explained.replayed import ReplayGuide, replay
from workers.rehearsal.explained.roles import Roles
from workers.rehearsal.performance import Stage
from workers.rehearsal.suite.steps import secrets_of
from workflows.event import CALLED, FIRED, matches
from workflows.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """One event of the past.

    Attributes:
        event: the event.
        run: the recording of the run that it started; None where it started none.
        dispatched: the recording of the run that dispatched it, if there is one.
        match: what that said of the automation, if it did.
    """

    event: Mapping[str, Any]
    run: HistoryRecording | None = None
    dispatched: HistoryRecording | None = None
    match: Mapping[str, Any] | None = None

    @property
    def recording(self) -> HistoryRecording:
        """What answers and decides when the event is played."""
        found = self.run or self.dispatched
        if found is None:
            raise ValueError("An event of the past was recorded somewhere.")
        return found


@dataclass(slots=True, kw_only=True)
class Backtest:
    """A new definition beside what ran.

    Attributes:
        definition: the new definition.
        actions: every action by name.
        people: members of groups, as far as they are known here.
        assumed: answers for what was not recorded, by step or request.
    """

    definition: Definition
    actions: Mapping[str, Action]
    people: Mapping[str, Sequence[str]] = field(default_factory=dict)
    assumed: Mapping[str, Any] = field(default_factory=dict)
    _stages: dict[str, tuple[Stage, Roles]] = field(default_factory=dict)

    def compare(self, past: Iterable[Past]) -> list[EventComparison]:
        """Play every event twice, and compare."""
        events = list(past)
        plans = [one.run.plan for one in events if one.run is not None and one.run.plan is not None]
        return [self._compared(one, plans[-1] if plans else None) for one in events]

    def _compared(self, past: Past, latest: Plan | None) -> EventComparison:
        old = self._old(past, latest)
        new = self._new(past, () if old.seen is None or not old.runs else old.seen.holds)
        return EventComparison(event=past.event, run=None if past.run is None else past.run.run, old=old, new=new)

    def _old(self, past: Past, latest: Plan | None) -> Side:
        plan = past.run.plan if past.run is not None else None
        if past.run is not None and plan is None:
            return Side(reason="It never had a definition.")
        if past.run is None:
            if past.match is None or not past.match["matches"] or latest is None:
                return Side(reason="The event did not concern it." if past.match is None else past.match["reason"])
            plan = latest
        if plan is None:
            return Side(reason="It never had a definition.")
        return self._side(plan, past)

    def _new(self, past: Past, past_holds: Collection[str]) -> Side:
        definition, kind = self.definition, past.event["type"]
        own = past.event.get("source") == f"/schedules/{definition.name}"
        if kind == FIRED:
            reason = None if definition.schedule is not None and own else "No schedule starts it."
        elif kind == CALLED:
            reason = None
        elif definition.schedule is not None:
            reason = "Its schedule starts it, and no event."
        elif not matches(definition.event, kind):
            reason = f"Its trigger is {definition.event}; the event is {kind}."
        else:
            reason = None
        if reason is not None:
            return Side(reason=reason)
        unfit = None if definition.judge is None else definition.judge(past.event["data"])
        if unfit is not None:
            return Side(reason=unfit)
        return self._side(definition.plan, past, past_holds)

    def _side(self, plan: Plan, past: Past, past_holds: Collection[str] | None = None) -> Side:
        """Play one definition; `past_holds`: the holds of the old one, where this is the new one."""
        stage, roles = self._staged(plan)
        guide = ReplayGuide(roles, tells=False)
        assumed = None if past_holds is None else self.assumed
        seen = replay(stage, past.recording, guide, assumed=assumed, past_holds=past_holds)
        reason = None
        if seen.outcome == SKIPPED:
            reason = seen.report.get("reason") or "Its conditions do not hold."
        elif seen.fault is not None and not seen.report.get("steps"):
            reason = seen.fault
        return Side(seen=seen, reason=reason, forked=bool(guide.forks))

    def _staged(self, plan: Plan) -> tuple[Stage, Roles]:
        if plan["id"] not in self._stages:
            approvals = rehearsal_approvals(self.actions, self.people, secrets_of(plan))
            self._stages[plan["id"]] = Stage.of(plan, self.actions, approvals), Roles(plan)
        return self._stages[plan["id"]]
