"""What is known about variables at each place of a definition: which are saved there, and on which ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from workers.definitions.model.steps import blocks, escape


class SavedVariable(NamedTuple):
    """What is known about a variable at one place.

    `certain`: it is saved on every way here; else `why` says on which, and where `guards` hold it is certain too.
    `unknown`: the step that saves it, where it may be empty although that step had its effect.
    """

    certain: bool
    why: str = ""
    guards: frozenset[str] = frozenset()
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class VisibleNames:
    """What templates see at one place.

    Attributes:
        saved: variables.
        given: names that exist only here: what loops give, and `failure`.
        guards: conditions that hold here.
        about: what else is there: `hold` in what is sent about one, `request` where a band is chosen.
        held: what the step is called whose hold the automation's own policy is judged for.
    """

    saved: Mapping[str, SavedVariable] = field(default_factory=dict)
    given: frozenset[str] = frozenset()
    guards: frozenset[str] = frozenset()
    about: str | None = None
    held: str | None = None

    def under(self, *conditions: Any) -> VisibleNames:
        """Return the same place where conditions hold."""
        return replace(self, guards=self.guards | {canonical(one) for one in conditions if one is not None})


class BlockEnd(NamedTuple):
    """What is known after a block: its variables, and whether the run certainly stops in it."""

    saved: Mapping[str, SavedVariable]
    stops: bool


def canonical(value: Any) -> str:
    """Return a text that is the same for the same conditions."""
    return json.dumps(value, sort_keys=True, default=str)


def text_of(step: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key of a step, None where there is none."""
    value = step.get(key)
    return value if isinstance(value, str) else None


def set_by(step: Mapping[str, Any], place: str) -> dict[str, str]:
    """Return the variables that a `set` step gives values, with the place of each."""
    values = step.get("set")
    return {name: f"{place}/set/{escape(name)}" for name in values} if isinstance(values, Mapping) else {}


def saved_in(block: list[Any], pointer: str) -> dict[str, str]:
    """Return the variables that a block saves for what follows it, each with the place of `saveAs` or in `set`."""
    found: dict[str, str] = {}
    for index, step in enumerate(block):
        if isinstance(step, Mapping):
            for name, place in saved_by(step, f"{pointer}/{index}").items():
                found.setdefault(name, place)
    return found


def saved_by(step: Mapping[str, Any], place: str) -> dict[str, str]:
    """Return the variables that a step, and what is inside of it, save for what follows, each with its place."""
    name = text_of(step, "saveAs")
    found = set_by(step, place) if name is None else {name: f"{place}/saveAs"}
    if "forEach" not in step:
        for inner in blocks(step, place):
            found = {**saved_in(inner.steps, inner.pointer), **found}
    return found


def with_saved(saved: Mapping[str, SavedVariable], *names: str | None) -> Mapping[str, SavedVariable]:
    """Return what is known after a step that saves to variables, if it does."""
    return {**saved, **{name: SavedVariable(certain=True) for name in names if name is not None}}


def unsure(
    after: Mapping[str, SavedVariable],
    before: Mapping[str, SavedVariable],
    why: str,
    guards: frozenset[str] = frozenset(),
) -> Mapping[str, SavedVariable]:
    """Return what is known where a step may not have run: what only it has saved is no longer certain."""
    return {
        name: now
        if name in before and before[name].certain
        else before[name]
        if name in before and before[name] == now
        else SavedVariable(
            certain=False, why=why, guards=guards | now.guards if now.certain or now.guards else frozenset()
        )
        for name, now in after.items()
    }


def merged(
    ways: list[tuple[BlockEnd, frozenset[str]]], before: Mapping[str, SavedVariable], label: str
) -> Mapping[str, SavedVariable]:
    """Return what is known after a branch from the ends of its ways, each with the conditions that lead there."""
    if not ways:
        return before
    known: dict[str, SavedVariable] = {}
    for name in dict.fromkeys(name for end, _ in ways for name in end.saved):
        found = [(end.saved.get(name), guards) for end, guards in ways]
        certain = [guards for saved, guards in found if saved is not None and saved.certain]
        if len(certain) == len(ways):
            known[name] = SavedVariable(certain=True)
        elif name in before and all(saved == before[name] for saved, _ in found):
            known[name] = before[name]
        else:
            guards = certain[0] if len(certain) == 1 else frozenset()
            known[name] = SavedVariable(certain=False, why=f"only on some ways through {label!r}", guards=guards)
    return known
