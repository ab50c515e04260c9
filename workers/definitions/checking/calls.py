"""Which automations the steps of others run: whether there are such, and whether a chain of calls comes back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activities.action import Action, names
from workers.definitions.loading import Source
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import escape, step_ids, steps
from workers.definitions.problems import Problem, listed, nearest, problem
from workflows.language.template import is_template

NAMING = {"run_automation": "automation", "scheduler.schedule_workflow": "workflow_title"}
"""The field by which an action names another automation."""


@dataclass(frozen=True, slots=True)
class NamedCall:
    """An automation that a step runs, as its author wrote it.

    Attributes:
        automation: its name.
        part: whether it is a part of the run that calls it.
        file: where the step stands, with `line` and `column`.
        step: the step's id.
    """

    automation: str
    part: bool
    file: str | None
    line: int | None
    column: int | None
    step: str | None

    def problem(self, code: str, sentence: str, hint: str | None = None) -> Problem:
        """Return a problem that stands where this does."""
        return problem(code, sentence, hint=hint, file=self.file, line=self.line, column=self.column, step=self.step)


def named_calls(data: Any, source: Source, catalog: Mapping[str, Action]) -> Iterator[NamedCall]:
    """Yield the automations that a definition's steps run by a name that is no template."""
    ids: dict[str, str] = {}
    for place, step, _ in steps(data):
        action, config = catalog.get(str(step.get("actionType"))), step.get("config")
        if (
            kind_of(step) != "actionType"
            or action is None
            or action.name not in NAMING
            or not isinstance(config, Mapping)
        ):
            continue
        ids = ids or step_ids(data)
        for key in names(action.config, NAMING[action.name]):
            name = config.get(key)
            if isinstance(name, str) and not is_template(name):
                row, column = source.place(f"{place}/config/{escape(key)}")
                yield NamedCall(name, action.calls, source.file, row, column, ids.get(place))


def check_calls(calls: Mapping[str, Sequence[NamedCall]], known: set[str]) -> Iterator[Problem]:
    """Yield what is likely wrong with the calls of a folder.

    Args:
        calls: what the steps of each automation run, by its name.
        known: the names of all automations of the folder, also of those that are bad.
    """
    for name, made in calls.items():
        for call in made:
            if call.automation not in known:
                sentence = f"No file of this folder defines the automation {call.automation!r:.80}."
                hint = nearest(call.automation, known) or f"there are {listed(sorted(known))}"
                yield call.problem("unknown-automation", sentence, hint)
            elif call.part and (chain := _chain(call.automation, name, calls)) is not None:
                way = " calls ".join(f"`{one}`" for one in (name, *chain))
                yield call.problem("circular-call", f"{way}: a call that is 5 deep fails at the next.")


def _chain(begin: str, end: str, calls: Mapping[str, Sequence[NamedCall]]) -> list[str] | None:
    """Return by which automations one calls another, from the first to the last; None where it does not."""
    ways: list[list[str]] = [[begin]]
    seen = {begin}
    for way in ways:
        if way[-1] == end:
            return way
        for call in calls.get(way[-1], ()):
            if call.part and call.automation not in seen:
                seen.add(call.automation)
                ways.append([*way, call.automation])
    return None
