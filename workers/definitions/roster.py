"""What runs under which name and for which events, as the files of a folder last counted: it never changes itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Self

from workers.definitions.folder import DefinitionFile
from workers.definitions.problems import Problem, listed, problem, serious
from workers.definitions.runnable import Definition
from workflows.waited import patterns

SHOWN = 10
"""Most problems that one sentence lists."""


class BadAutomationError(ValueError):  # the definition is bad, which is no error of this program
    """An automation cannot run for now: its file was never good on this worker, or several define it."""

    def __init__(self, message: str, problems: list[Problem]) -> None:
        super().__init__(message)
        self.problems = problems


class ServedDefinition(NamedTuple):
    """What runs under a name.

    Attributes:
        definition: what runs.
        files: names of the files that are about it now.
        outdated: why it is such an old version, if it is one.
    """

    definition: Definition
    files: tuple[str, ...]
    outdated: str | None = None


@dataclass(frozen=True, slots=True)
class Roster:
    """What runs under which name: what exactly one good file defines, else its last good version.

    Attributes:
        serving: what runs, by its name.
        waiting: why nothing runs under a name that files carry.
        clashes: the problems of names that several good files define.
        triggers: the names that events may concern, by what their triggers take: a type, or `call.*`.
    """

    serving: Mapping[str, ServedDefinition] = field(default_factory=dict)
    waiting: Mapping[str, BadAutomationError] = field(default_factory=dict)
    clashes: Mapping[str, list[Problem]] = field(default_factory=dict)
    triggers: Mapping[str, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Mapping[str, DefinitionFile], last: Self) -> Self:
        """Return what runs with these files (by their names), where `last` ran before."""
        about: dict[str, list[str]] = defaultdict(list)
        for file in sorted(files):
            for name in files[file].names():
                about[name].append(file)
        serving: dict[str, ServedDefinition] = {}
        waiting: dict[str, BadAutomationError] = {}
        clashes: dict[str, list[Problem]] = {}
        triggers: dict[str, list[str]] = defaultdict(list)
        for name in sorted(about):
            own = tuple(about[name])
            good = [(file, made) for file in own if (made := files[file].good) is not None]
            if len(good) == 1:
                made = good[0][1]
                serving[name] = ServedDefinition(made, own)
                triggers[made.event].append(name)
                continue
            why, problems = _clash(name, [files[file] for file, _ in good]) if good else _flaws(files, own)
            if good:
                clashes[name] = problems
            if name in last.serving:
                outdated = f"The last good version of {name!r} runs, not the present one: {why}"
                serving[name] = ServedDefinition(last.serving[name].definition, own, outdated)
                triggers[serving[name].definition.event].append(name)
                continue
            right = "one file alone defines it" if good else "its file is right"
            waiting[name] = BadAutomationError(f"The automation {name!r} cannot run before {right}: {why}", problems)
            for event in dict.fromkeys(made.event for _, made in good):
                triggers[event].append(name)
        return cls(serving, waiting, clashes, dict(triggers))

    def concerned(self, event_type: str) -> list[str]:
        """Return the names of the automations whose triggers take events of a type, sorted."""
        return sorted({name for taken in patterns(event_type) for name in self.triggers.get(taken, ())})


def _clash(name: str, files: list[DefinitionFile]) -> tuple[str, list[Problem]]:
    """Return why several files of one name run nothing, as a sentence and as problems."""
    sentence = f"The automation {name!r} is defined in {listed([str(file.path) for file in files])}."
    clashes = [
        problem("duplicate-name", sentence, file=str(file.path), line=1, hint="rename one of them")
        for file in files[1:]
    ]
    return sentence, clashes


def _flaws(files: Mapping[str, DefinitionFile], about: Iterable[str]) -> tuple[str, list[Problem]]:
    """Return why bad files run nothing, as a sentence and as problems."""
    wrong = [one for file in about for one in serious(files[file].problems)]
    more = f" (and {len(wrong) - SHOWN} more)" if len(wrong) > SHOWN else ""
    return f"{'; '.join(map(str, wrong[:SHOWN]))}{more}", wrong
