"""A definition that can run: its plan, and what decides whether an event concerns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from activities.action import Action
from workers.definitions.checking.event_schema import Judge, judge
from workers.definitions.loading import Source
from workers.definitions.planning import inspect, make_plan
from workers.definitions.problems import Problem
from workflows.language.condition import Condition, compile_condition
from workflows.plan import Plan


class UnfitEventError(ValueError):  # the event is unfit, which is no error of this program
    """An event's data is not what the trigger's schema declares; the message says where."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A definition that can run.

    Attributes:
        name: the automation's name.
        event: type of the events that start it.
        plan: what its runs execute.
        condition: its conditions, if any.
        judge: judges events' data by the trigger's schema, if there is one.
        secrets: names of the secrets that it uses.
        groups: names of the groups of people that it uses.
        warnings: what is likely wrong with it.
    """

    name: str
    event: str
    plan: Plan
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


def load(data: Any, source: Source, catalog: Mapping[str, Action]) -> tuple[Definition | None, list[Problem]]:
    """Return a definition ready to run, or None and its problems."""
    automation, problems, secrets, groups = inspect(data, source, catalog)
    if automation is None:
        return None, problems
    declared = automation.trigger.data
    definition = Definition(
        name=automation.name,
        event=automation.trigger.event,
        plan=make_plan(automation, data, catalog),
        condition=None if automation.conditions is None else compile_condition(automation.conditions),
        judge=judge(declared) if isinstance(declared, dict) else None,
        secrets=secrets,
        groups=groups,
        warnings=problems,
    )
    return definition, problems
