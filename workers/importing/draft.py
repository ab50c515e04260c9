"""An automation in the making: its parts, held to the language one by one, and the text of its file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from activities.action import Action
from trunkline.wire import RESERVED_NAMES
from workers.definitions.loading import Source
from workers.definitions.planning import check
from workers.definitions.problems import serious
from workers.importing.unsaid import Unsaid

WIDTH = 110
NOTHING = {"label": "Nothing to do", "stop": "failed", "reason": "None of the workflow's steps could be said."}
"""The only step of an automation that has none."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Steps that stand for one part of the workflow: all of them are taken, or none.

    Attributes:
        path: where the part stands in the workflow.
        name: what its author calls it.
        steps: what stands for it.
    """

    path: str
    name: str
    steps: list[dict[str, Any]]


@dataclass(slots=True)
class Draft:
    """An automation as it grows.

    Attributes:
        name: its name.
        description: what it is for.
        trigger: what starts it.
        conditions: all of which must hold.
        constants: its constants.
        hours: its hours.
        units: its steps.
        reaction: steps that run where it has failed.
        unsaid: what it does not say.
        fill: sentences on what is to be filled in before it runs.
    """

    name: str
    description: str = ""
    trigger: dict[str, Any] = field(default_factory=dict)
    conditions: list[dict[str, Any]] = field(default_factory=list)
    constants: dict[str, Any] = field(default_factory=dict)
    hours: dict[str, Any] = field(default_factory=dict)
    units: list[Unit] = field(default_factory=list)
    reaction: Unit | None = None
    unsaid: list[Unsaid] = field(default_factory=list)
    fill: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Call it otherwise where its workflow has a name that no automation may have."""
        if self.name in RESERVED_NAMES:
            self.name = f"imported-{self.name}"

    def settle(self, catalog: Mapping[str, Action]) -> dict[str, Any]:
        """Return the definition, without the steps that would make it a bad one; each of those becomes unsaid.

        What lacks something of its workflow starts nothing by itself.
        """
        kept: list[Unit] = []
        conditions = self._sound_conditions(catalog)
        for unit in self.units:
            problem = self._problem([*kept, unit], None, conditions, catalog)
            if problem is None:
                kept.append(unit)
            else:
                self.unsaid.append(Unsaid(unit.path, f"The step {unit.name!r} cannot be said: {problem}"))
        reaction = self.reaction
        if reaction is not None and (problem := self._problem(kept, reaction, conditions, catalog)) is not None:
            self.unsaid.append(Unsaid(reaction.path, f"What follows a failure cannot be said: {problem}"))
            reaction = None
        if self.unsaid:
            self.trigger = {**self.trigger, "live": False}
        return self._definition(kept, reaction, conditions)

    def _sound_conditions(self, catalog: Mapping[str, Action]) -> list[dict[str, Any]]:
        sound: list[dict[str, Any]] = []
        for one in self.conditions:
            problem = self._problem([], None, [*sound, one], catalog)
            if problem is None:
                sound.append(one)
            else:
                self.unsaid.append(Unsaid("triggers", f"A condition of the trigger cannot be said: {problem}"))
        return sound

    def _problem(
        self,
        units: Iterable[Unit],
        reaction: Unit | None,
        conditions: list[dict[str, Any]],
        catalog: Mapping[str, Action],
    ) -> str | None:
        found = serious(check(self._definition(units, reaction, conditions), Source(), catalog)[1])
        return found[0].message if found else None

    def _definition(
        self, units: Iterable[Unit], reaction: Unit | None, conditions: list[dict[str, Any]]
    ) -> dict[str, Any]:
        steps = [step for unit in units for step in unit.steps]
        whole = {
            "name": self.name,
            "description": self.description,
            "trigger": self.trigger,
            "constants": self.constants,
            "hours": self.hours,
            "conditions": conditions[0] if len(conditions) == 1 else {"all": conditions} if conditions else {},
            "actions": steps or [NOTHING],
            "onFailure": {"actions": reaction.steps} if reaction is not None else {},
        }
        return {key: value for key, value in whole.items() if value not in ("", {}, [])}


def written(definition: Mapping[str, Any], origin: str, draft: Draft) -> str:
    """Return the file of an automation: what is to be done about it first, as comments, and the definition."""
    lines = [f"From {origin}."]
    if draft.unsaid:
        lines.append("It starts nothing by itself (`live: false`) until what could not be said is settled:")
        lines += [f"- {one.path}: {one.message}" for one in draft.unsaid]
    if draft.fill:
        lines.append("Before it runs:")
        lines += [f"- {sentence}" for sentence in draft.fill]
    wrapped = [
        part
        for line in lines
        for part in textwrap.wrap(
            " ".join(line.split()), WIDTH - 2, subsequent_indent="  " if line.startswith("-") else ""
        )
    ]
    head = "".join(f"# {line}\n" for line in wrapped)
    return head + yaml.dump(dict(definition), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as blocks, and every value in its place."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 # as the base class has it
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text and not any(line != line.rstrip() for line in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
