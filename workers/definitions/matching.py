"""Whether an event concerns an automation: its trigger, its schema, conditions and identity."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from trunkline.keyed import Admission
from trunkline.wire import RunPriority
from workers.definitions.admission import NoAdmissionError, admission
from workers.definitions.runnable import Definition, NoIdentityError
from workflows.event import FIRED, EventError, roots_of, run_id
from workflows.language.template import TemplateError
from workflows.plan import Plan, constants_of

ONLY_SCHEDULES = f"An event of the type {FIRED} that is emitted starts nothing: schedules bring their own."
NOT_LIVE = "It is not live (`trigger.live` is false): only people and other automations start it."

NOT_STARTED = 100
"""Most automations of which an event's history says why they are not started; `trunkline explain` says all."""


@dataclass(frozen=True, slots=True)
class Match:
    """Whether an event concerns an automation, and what makes it the event that it is.

    Attributes:
        automation: the automation's name.
        matches: whether the event concerns it.
        reason: where not, what was expected and found; where it does, why it cannot start a run all the same.
        once: what the automation's `trigger.once` makes of the event, where it has one.
    """

    automation: str
    matches: bool
    reason: str | None = None
    once: str | None = None
    priority: RunPriority = field(default_factory=RunPriority)
    """What its run is started with: Temporal's `priority_key` and `fairness_key`, where the automation says so."""
    admission: Admission | None = None
    """By which key, and how, its run goes on, where the automation's `perKey` says so."""


def worth_keeping(matches: Iterable[Match]) -> Iterator[Match]:
    """Leave out what an event does not start, behind the first ones: a history has an end."""
    left = NOT_STARTED
    for match in matches:
        left -= not match.matches
        if match.matches or left >= 0:
            yield match


def judged(definition: Definition, event: Mapping[str, Any]) -> Match:
    """Return whether an event (see `workflows.event.read_event`), of a type that the trigger takes, starts a run."""
    name = definition.name
    if event["type"] == FIRED:
        return Match(name, matches=False, reason=ONLY_SCHEDULES)
    if not definition.live:
        return Match(name, matches=False, reason=NOT_LIVE)
    if definition.judge is not None and (reason := definition.judge(event["data"])) is not None:
        return Match(name, matches=False, reason=reason)
    once, unknown = _identity(definition, event)
    run = {"id": _run_id(name, event, once), "automation": name, "url": None}
    own = roots_of(event, definition.plan.get("inputs"))
    roots = {**own, "event": event, "run": run, "variables": {}, **constants_of(definition.plan)}
    now = datetime.now(UTC)
    try:
        if definition.condition is None or definition.condition.holds(roots, now):
            priority = _priority(definition.plan, roots, now)
            keyed = admission(definition.plan, roots, now)
            return Match(name, matches=True, reason=unknown, once=once, priority=priority, admission=keyed)
        reason = " ".join(failure.sentence for failure in definition.condition.explain(roots, now))
    except TemplateError as error:
        reason = f"Its conditions cannot be judged: {error}"
    except NoAdmissionError as error:
        return Match(name, matches=True, reason=str(error))
    return Match(name, matches=False, reason=reason)


def unconcerned(definition: Definition, event_type: str) -> Match:
    """Return why no event of a type that a definition's trigger does not take starts it."""
    if definition.schedule is not None:
        return Match(definition.name, matches=False, reason="Its schedule starts it, and no event.")
    reason = f"Its trigger is {definition.event}; the event is {event_type}."
    return Match(definition.name, matches=False, reason=reason)


def _identity(definition: Definition, event: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Return what `trigger.once` makes of an event, or why that is nothing."""
    try:
        return definition.identity(event), None
    except NoIdentityError as error:
        return None, str(error)


def _run_id(name: str, event: Mapping[str, Any], once: str | None) -> str:
    try:
        return run_id(name, event["id"], once)
    except EventError:  # whoever starts it says so
        return f"{name}/{event['id']}"


def _priority(plan: Plan, roots: Mapping[str, Any], now: datetime) -> RunPriority:
    from workflows.compiled import program
    from workflows.run.routing import fairness_key  # these load Temporal, which reading definitions must not

    compiled = program(plan)
    found = RunPriority()
    if compiled.priority is not None:
        found["priority_key"] = compiled.priority
    with contextlib.suppress(TemplateError):  # the run itself says what is wrong
        key = fairness_key(compiled, roots, now)
        if key is not None:
            found["fairness_key"] = key
    return found
