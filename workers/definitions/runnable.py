"""A definition that can run: its plan, and what decides whether an event concerns it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities.action import Action
from workers.definitions.checking.calls import NamedCall, named_calls
from workers.definitions.checking.event_schema import Judge, judge
from workers.definitions.environments import Environments
from workers.definitions.loading import Source
from workers.definitions.model.schedule import Schedule
from workers.definitions.planning import inspect, make_plan
from workers.definitions.problems import Problem
from workflows.event import roots_of
from workflows.language.condition import Condition, compile_condition
from workflows.language.template import Template, TemplateError, compile_template
from workflows.plan import Plan, constants_of

NOTHING: tuple[Any, ...] = (None, "", [], {})


class UnfitEventError(ValueError):  # the event is unfit, which is no error of this program
    """An event's data is not what the trigger's schema declares; the message says where."""


class NoIdentityError(ValueError):  # the event is unfit, which is no error of this program
    """Nobody can say which event this is for an automation, because its `trigger.once` comes to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition that can run.

    Attributes:
        name: the automation's name.
        event: type of the events that start it.
        schedule: when it is started by itself, if a schedule and no event does.
        live: whether events or its schedule start it.
        calls: the automations that its steps run, where their names are written, and where that is.
        plan: what its runs execute.
        once: what makes an event the same, where the trigger says so.
        condition: its conditions, if any.
        judge: judges events' data by the trigger's schema, if there is one.
        secrets: names of the secrets that it uses.
        groups: names of the groups of people that it uses.
        warnings: what is likely wrong with it.
    """

    name: str
    event: str
    schedule: Schedule | None
    live: bool
    calls: tuple[NamedCall, ...]
    plan: Plan
    once: Template | None
    condition: Condition | None
    judge: Judge | None
    secrets: frozenset[str]
    groups: frozenset[str]
    warnings: list[Problem]

    def plan_for(self, event: Mapping[str, Any] | None) -> Plan:
        """Return the plan, if the event (where one is given) is what the trigger declares.

        Raises:
            UnfitEventError: it is not.
        """
        if event is not None and self.judge is not None and (reason := self.judge(event["data"])) is not None:
            raise UnfitEventError(reason)
        return self.plan

    def identity(self, event: Mapping[str, Any]) -> str | None:
        """Return what `trigger.once` makes of an event, or None where the trigger has none.

        Raises:
            NoIdentityError: it comes to nothing, or to what it would be without the event, or cannot be rendered.
        """
        if self.once is None:
            return None
        source = f"`trigger.once` of {self.name} ({self.once.source!s:.100})"
        try:
            constants = constants_of(self.plan)
            found = _text(self.once, {**roots_of(event, self.plan.get("inputs")), "event": event, **constants})
        except TemplateError as error:
            raise NoIdentityError(f"{source} cannot be rendered for this event: {error}") from None
        try:
            without = _text(self.once, constants)
        except TemplateError:
            without = ""
        if not found.strip() or found == without:
            raise NoIdentityError(
                f"{source} comes to nothing for this event, so that nobody can say whether it has been received before."
            )
        return found


def load(
    data: Any, source: Source, catalog: Mapping[str, Action], environments: Environments | None = None
) -> tuple[Definition | None, list[Problem]]:
    """Return a definition ready to run, or None and its problems.

    Args:
        data: the definition as written.
        source: where its values stand.
        catalog: every action by name.
        environments: those of its folder; None: it is in none.
    """
    environments = environments or Environments()
    found = inspect(data, source, catalog, environments=environments)
    data, automation, problems = found.data, found.automation, found.problems
    if automation is None:
        return None, problems
    declared = automation.trigger.data
    plan = make_plan(automation, data, catalog, environments.values(automation.environment), found.uses)
    definition = Definition(
        name=automation.name,
        event=automation.trigger.brings,
        schedule=automation.trigger.schedule,
        live=automation.trigger.live,
        calls=tuple(named_calls(data, source, catalog)),
        plan=plan,
        once=None if automation.trigger.once is None else compile_template(automation.trigger.once),
        condition=None
        if automation.conditions is None
        else compile_condition(automation.conditions, plan.get("hours")),
        judge=judge(declared) if isinstance(declared, dict) else None,
        secrets=found.secrets,
        groups=found.groups,
        warnings=problems,
    )
    return definition, problems


def _text(template: Template, roots: Mapping[str, Any]) -> str:
    value = template.render(roots, datetime.now(UTC)).value
    if value in NOTHING:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
