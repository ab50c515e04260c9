"""What the templates and conditions of a program are for: a guide treats a request otherwise than a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from workers.rehearsal.explained.unknown import mark
from workers.rehearsal.explained.verdicts import Tree
from workers.rehearsal.suite.steps import every_step
from workflows.compiled import program
from workflows.language.condition import Condition
from workflows.language.template import Template
from workflows.plan import Plan
from workflows.program import ActionStep, BranchStep, LoopStep, RepeatStep, SetStep, Step, WaitStep
from workflows.report import timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What a template is for.

    Attributes:
        kind: `config`, `value`, `items`, `time`, or `text` for all else.
        kept: whether what it gives goes on among the data, so that a mark stands for what is unknown.
        otherwise: what stands for all of it where any of it is unknown.
    """

    kind: str
    kept: bool = False
    otherwise: Callable[[datetime], Any] | None = None

    @property
    def shown(self) -> bool:
        """Say whether a step shows what of it is unknown."""
        return self.kind != "text"


TEXT = Role(kind="text")
CONFIG = Role(kind="config")
VALUE = Role(kind="value", kept=True)
ITEMS = Role(kind="items", otherwise=lambda _: [mark()])
LENGTH = Role(kind="time", otherwise=lambda _: 0)
INSTANT = Role(kind="time", otherwise=timestamp)


BAND = "band "
"""What the place of a band's condition begins with; its number follows."""


class Roles:
    """What the templates and conditions of a plan's program are for.

    Args:
        plan: the plan.

    Attributes:
        steps: every step by its id.
        branches: the conditions of a branch's ways, by its id.
        syntax: the syntaxes of a config's texts, by the identity of its template.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.program = program(plan)
        self.steps = every_step(plan)
        self.branches: dict[str, list[Condition]] = {}
        self.syntax: dict[int, Mapping[str, str]] = {}
        self._roles: dict[int, Role] = {}
        self._places: dict[int, str | int] = {}
        self._trees: dict[int, Tree] = {}
        syntaxes = {one["id"]: one.get("syntax", {}) for one in _actions(plan)}
        for step in self.steps.values():
            self._add(step, syntaxes)

    def of(self, template: Template) -> Role:
        """Return what a template is for."""
        return self._roles.get(id(template), TEXT)

    def place(self, condition: Condition) -> str | int:
        """Return what a condition decides: `conditions`, `until`, `band …`, or a way of a branch by its number."""
        return self._places.get(id(condition), "")

    def tree(self, condition: Condition) -> Tree:
        """Return a condition as a tree."""
        if id(condition) not in self._trees:
            self._trees[id(condition)] = Tree.of(condition.source, self.plan.get("hours"))
        return self._trees[id(condition)]

    def _add(self, step: Step, syntaxes: Mapping[str, Mapping[str, str]]) -> None:
        if step.condition is not None:
            self._places[id(step.condition)] = "conditions"
        match step:
            case ActionStep():
                self._roles[id(step.config)] = CONFIG
                self.syntax[id(step.config)] = syntaxes.get(step.id, {})
                self._places |= {id(band.when): f"{BAND}{number}" for number, band in enumerate(step.policy.bands)}
            case LoopStep():
                self._roles |= {id(step.items): ITEMS, id(step.collect): VALUE}
            case SetStep():
                self._roles[id(step.values)] = VALUE
            case WaitStep():
                self._roles |= {id(step.until): INSTANT, id(step.duration): LENGTH}
            case RepeatStep():
                self._places[id(step.until)] = "until"
            case BranchStep():
                self.branches[step.id] = [condition for condition, _ in step.cases]
                self._places |= {id(condition): number for number, (condition, _) in enumerate(step.cases)}


def _actions(plan: Any) -> Iterator[dict[str, Any]]:
    if isinstance(plan, dict):
        if "action" in plan and "id" in plan:
            yield plan
        for key, value in plan.items():
            if key != "config":
                yield from _actions(value)
    elif isinstance(plan, list):
        for one in plan:
            yield from _actions(one)
