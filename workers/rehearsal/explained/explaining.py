"""Explaining an event: for one automation, whether it would run and why, and what it would do, as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from activities.action import Action
from workers.definitions.runnable import Definition
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import rehearsal_approvals
from workers.rehearsal.explained.verdicts import Tree
from workers.rehearsal.explained.ways import tree_of, ways_of
from workers.rehearsal.performance import Stage
from workflows.event import FIRED, EventError, matches, roots_of, run_id
from workflows.language.instants import instant
from workflows.language.template import TemplateError
from workflows.plan import Plan, constants_of

BY_SCHEDULE = "its schedule"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is known before an automation runs.

    Attributes:
        actions: every action by name.
        people: members of groups, as far as they are known here.
        answers: what receivers answer, by step or request.
    """

    actions: Mapping[str, Action]
    people: Mapping[str, Any] = field(default_factory=dict)
    answers: Mapping[str, Any] = field(default_factory=dict)

    def stage(self, plan: Plan, secrets: frozenset[str]) -> Stage:
        """Return the stage of a plan, with all the secrets that it uses."""
        return Stage.of(plan, self.actions, rehearsal_approvals(self.actions, self.people, secrets))


def clock_of(event: Mapping[str, Any]) -> datetime:
    """Return when an event happened: its `time`, else now."""
    time = event.get("time")
    found = instant(time) if isinstance(time, str) else None
    return found if isinstance(found, datetime) else datetime.now(UTC)


def concerns(definition: Definition, event_type: str) -> bool:
    """Say whether an automation's trigger takes events of a type."""
    return definition.schedule is None and event_type != FIRED and matches(definition.event, event_type)


def explained(definition: Definition, event: Mapping[str, Any], known: Knowledge, clock: datetime) -> dict[str, Any]:
    """Return what an automation would do for an event, as an entry of `trunkline explain --json`.

    Args:
        definition: the automation.
        event: the event, whole.
        known: what is known before it runs.
        clock: when the event arrives.
    """
    verdict, wrong = verdict_of(definition.plan, event, clock)
    reason = _unfit(definition, event) or wrong
    found: dict[str, Any] = {
        "automation": definition.name,
        "runs": False,
        "outcome": None,
        "reason": reason,
        "trigger": _trigger(definition, event),
        "conditions": verdict,
        "steps": [],
    }
    if reason is None:
        found |= walked(definition.plan, definition.secrets, event, known, clock)
    return found


def walked(
    plan: Plan, secrets: frozenset[str], event: Mapping[str, Any], known: Knowledge, clock: datetime
) -> dict[str, Any]:
    """Return what the steps of a plan would do for an event that starts it."""
    ways, more = ways_of(known.stage(plan, secrets), event, clock, lambda: Answers((known.answers,)))
    steps = tree_of(ways)
    found: dict[str, Any] = {"runs": True, "outcome": None, "reason": None, "steps": steps}
    if len(ways) == 1:
        found |= {key: value for key, value in ways[0].ending().items() if key != "result" or value is not None}
    if more:
        found["more"] = True
    return found


def verdict_of(plan: Plan, event: Mapping[str, Any], clock: datetime) -> tuple[dict[str, Any] | None, str | None]:
    """Return what an automation's conditions come to for an event, and why they keep it from running, if they do."""
    from workflows.compiled import program

    condition = program(plan).condition
    if condition is None:
        return None, None
    roots = roots_before(plan, event)
    verdict = Tree.of(condition.source, plan.get("hours")).judge(roots, clock)
    try:
        judged = condition.judge(roots, clock)
    except TemplateError as error:
        return {**verdict, "holds": False}, f"Its conditions cannot be judged: {error}"
    return verdict, None if judged.holds else judged.why


def roots_before(plan: Plan, event: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an automation's conditions see before its first step."""
    name = plan["automation"]
    try:
        run = run_id(name, event["id"])
    except EventError:
        run = f"{name}/{event['id']}"
    about = {"id": run, "automation": name, "url": None}
    own = roots_of(event, plan.get("inputs"))
    return {**own, "event": event, "run": about, "variables": {}, **constants_of(plan)}


def _trigger(definition: Definition, event: Mapping[str, Any]) -> dict[str, Any]:
    expected = BY_SCHEDULE if definition.schedule is not None else definition.event
    return {"expected": expected, "seen": event["type"], "holds": concerns(definition, event["type"])}


def _unfit(definition: Definition, event: Mapping[str, Any]) -> str | None:
    """Return why an event does not start an automation whatever its conditions say."""
    if definition.schedule is not None:
        return "Its schedule starts it, and no event."
    if not concerns(definition, event["type"]):
        return f"Its trigger is {definition.event}; the event is {event['type']}."
    if not definition.live:
        return "It is not live (`trigger.live` is false): only people and other automations start it."
    return None if definition.judge is None else definition.judge(event["data"])
