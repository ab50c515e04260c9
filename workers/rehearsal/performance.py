"""What goes into a rehearsal and what comes out of it; `play.py` plays it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from temporalio.common import RawValue

from activities.action import Action
from workers.process.approval_activities import ApprovalActivities
from workers.rehearsal.arrivals import Brought
from workers.rehearsal.record import RehearsedNotice, RequestAttempt
from workflows.plan import Plan
from workflows.run.payload import pack

STATE_LIMIT = 1024 * 1024
"""Bytes that a run may keep, as where a worker says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayedDecision:
    """What somebody decides about a hold.

    Attributes:
        hold: the hold's id.
        says: what is sent, as the update `decide` takes it; the digest is filled in where it says none.
        after: how long after the hold has opened.
    """

    hold: str
    says: Mapping[str, Any]
    after: timedelta = timedelta()


@dataclass(slots=True, kw_only=True)
class DecisionOutcome:
    """What became of a decision.

    Attributes:
        receipt: the receipt's result, such as `accepted`; None where it was never made.
        message: the receipt's sentence.
        at: when it was made.
        opened: when its hold has opened; None where it never has.
    """

    receipt: str | None = None
    message: str = ""
    at: datetime | None = None
    opened: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Performance:
    """What a rehearsed run did.

    Attributes:
        outcome: the run's outcome; `held` where only people could move it on, or `until` came.
        ended: whether the run has ended.
        report: its report, as the query shows it.
        requests: every attempt at a request, in order; notices are not among them.
        notices: every notice about a hold, in order.
        unanswered: the requests for which there was no answer.
        lacking: headers that a step uses of a recorded answer which has been recorded without them, by its instance id.
        made: what became of each decision.
        brought: what became of each event that arrived while it ran.
        remembered: every kept value afterwards, by key.
        owners: whose value each key is that the run has asked for; None where it is shared.
        holds: each hold as the query showed it when it had opened, by id.
        began: when the event arrived.
        now: the last instant that was looked at.
        ticks: the instants at which timers struck.
        fault: why the run could not begin or go on, where it could not: a bug, or an event that is none.
    """

    outcome: str | None
    ended: bool
    report: dict[str, Any]
    requests: list[RequestAttempt]
    notices: list[RehearsedNotice]
    unanswered: list[RequestAttempt]
    made: list[DecisionOutcome]
    holds: dict[str, dict[str, Any]]
    began: datetime
    now: datetime
    ticks: list[datetime]
    fault: str | None = None
    lacking: dict[str, list[str]] = field(default_factory=dict)
    brought: list[Brought] = field(default_factory=list)
    remembered: dict[str, Any] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all rehearsals of a plan share.

    Attributes:
        plan: what runs.
        actions: every action by name.
        approvals: the approvals (`approvals.py`).
        packed: the plan as a run is given it; made once, as `Stage.of` does.
    """

    plan: Plan
    actions: Mapping[str, Action]
    approvals: ApprovalActivities
    packed: RawValue

    @classmethod
    def of(cls, plan: Plan, actions: Mapping[str, Action], approvals: ApprovalActivities) -> Stage:
        """Return the stage of a plan."""
        settings = {"attributes": False, "webUi": None, "pages": None, "stateLimit": STATE_LIMIT}
        return cls(plan=plan, actions=actions, approvals=approvals, packed=pack({"plan": plan, **settings}))
