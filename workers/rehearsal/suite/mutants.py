"""Trying the mutants of an automation: which of them its cases notice, and which survive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.action import Action
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.rehearsal.suite.cases import Case, cases_of
from workers.rehearsal.suite.files import TestFile
from workers.rehearsal.suite.mutations import Mutation, mutations
from workers.rehearsal.suite.paths import pointer, shown
from workers.rehearsal.suite.playing import play_case, stage_of


@dataclass(slots=True, kw_only=True)
class Mutants:
    """What became of the mutants of one automation.

    Attributes:
        file: the test file.
        killed: how many some case has noticed.
        excused: how many survive and are excused by the file.
        survivors: the others.
        idle: sentences about excuses that fit no survivor.
    """

    file: TestFile
    killed: int = 0
    excused: int = 0
    survivors: list[Mutation] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)

    @property
    def of(self) -> int:
        """How many there were."""
        return self.killed + self.excused + len(self.survivors)

    @property
    def percent(self) -> float:
        """How many of a hundred were killed or are excused."""
        return round(100 * (self.killed + self.excused) / self.of, 1) if self.of else 100.0

    def to_json(self) -> dict[str, Any]:
        """Return it as `trunkline test --json` prints it."""
        source = self.file.written_source
        survivors = [
            {
                "path": shown(one.place),
                "change": one.change,
                "line": source.place(pointer(one.place))[0],
                "from": one.before,
                "to": one.after,
            }
            for one in self.survivors
        ]
        return {
            "killed": self.killed,
            "excused": self.excused,
            "of": self.of,
            "percent": self.percent,
            "survivors": survivors,
        }


def try_mutants(file: TestFile, actions: Mapping[str, Action]) -> Mutants:
    """Play the cases of a file, all of which pass, on every mutant of its automation that is valid."""
    found = Mutants(file=file)
    cases = list(cases_of(file))
    excuses = {(one["path"], one["change"]): False for one in file.data.get("excused") or ()}
    for mutation in mutations(file.written, actions):
        killed = _killed(mutation, file, cases, actions)
        if killed is None:
            continue
        excuse = shown(mutation.place), mutation.change
        if killed:
            found.killed += 1
        elif excuse in excuses:
            excuses[excuse] = True
            found.excused += 1
        else:
            found.survivors.append(mutation)
    found.idle = [
        f"`excused` names {path} ({change}), which no mutant survives"
        for (path, change), used in excuses.items()
        if not used
    ]
    return found


def _killed(mutation: Mutation, file: TestFile, cases: list[Case], actions: Mapping[str, Action]) -> bool | None:
    """Say whether some case notices a mutant; None where it is no valid definition."""
    made, _ = load(mutation.data, Source(), actions)
    if made is None:
        return None
    stage = stage_of(file, made.plan, actions)
    for place, case in enumerate(cases):
        if not play_case(case, stage).passed:
            cases.insert(0, cases.pop(place))  # what has noticed one is likely to notice the next
            return True
    return False
