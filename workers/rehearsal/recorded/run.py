"""What a recorded run did, and what follows from it for a case: answers by step, and when holds opened."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trunkline.wire import RunReport
from workers.rehearsal.record import base_id

if TYPE_CHECKING:
    from workflows.plan import Plan


@dataclass(slots=True, kw_only=True)
class RecordedRequest:
    """One request of a run, with all attempts at it.

    Attributes:
        step: instance id of the step.
        action: the action's name.
        config: as sent, with secrets as placeholders.
        pick: what was kept of the result.
        attempts: how many there were.
        answers: what came back, in the test files' words; nothing where the run did not wait for it.
        closed: when the last answer came.
    """

    step: str
    action: str
    config: dict[str, Any]
    pick: Any = None
    attempts: int = 1
    answers: list[Any] = field(default_factory=list)
    closed: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision:
    """A decision that came to a run: what was sent, when, and its receipt where one was given."""

    says: dict[str, Any]
    at: datetime
    receipt: str | None


@dataclass(slots=True, kw_only=True)
class RecordedRun:
    """What a history tells of a run.

    Attributes:
        run: workflow id.
        event: the event, as it came.
        began: when it came.
        until: when the last thing happened.
        plan: what the run executed.
        report: its report; None where it runs and no worker answers.
        sent: its requests, in the order of their first attempts.
        decided: the decisions, in order.
        arrived: the events that it was brought, with when.
        opened: when holds opened, by name.
        remembered: what was there when it asked for kept values first, by key.
        secrets: names of the secrets that its requests used.
        people: who was asked, by role.
    """

    run: str
    event: dict[str, Any]
    began: datetime
    until: datetime
    plan: Plan
    report: RunReport | None = None
    sent: list[RecordedRequest] = field(default_factory=list)
    decided: list[RecordedDecision] = field(default_factory=list)
    arrived: list[tuple[datetime, dict[str, Any]]] = field(default_factory=list)
    opened: dict[str, datetime] = field(default_factory=dict)
    remembered: dict[str, Any] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)
    people: dict[str, list[str]] = field(default_factory=dict)


def opening(found: RecordedRun, decided: RecordedDecision) -> datetime:
    """Return when the hold of a decision opened: as the run has told, else when its step began or failed last."""
    hold = str(decided.says.get("hold"))
    if hold in found.opened:
        return found.opened[hold]
    step = hold.partition("#")[0]
    times = [one.closed for one in found.sent if one.step == step and one.closed is not None]
    entries = [entry for entry in (found.report["steps"] if found.report else ()) if entry["id"] == step]
    times += [datetime.fromisoformat(entry["startedAt"]) for entry in entries if "startedAt" in entry]
    return max((time for time in times if time <= decided.at), default=found.began)


def after(since: datetime, at: datetime) -> timedelta:
    """Return how long after an instant something happened, in whole milliseconds."""
    return max(timedelta(milliseconds=(at - since) // timedelta(milliseconds=1)), timedelta())


def answers_of(found: RecordedRun) -> dict[str, Any]:
    """Return what was answered, by step: the one answer, or all of them in order."""
    listed: dict[str, list[Any]] = {}
    for sent in found.sent:
        listed.setdefault(base_id(sent.step), []).extend(sent.answers)
    return {
        step: json.loads(json.dumps(answers[0] if len(answers) == 1 else answers))
        for step, answers in listed.items()
        if answers
    }
