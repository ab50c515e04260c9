"""What is known about variables at each place of a definition: which are saved there, and on which ways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from workers.definitions.model.steps import blocks


class Saved(NamedTuple):
    """What is known about a variable at one place.

    `certain`: it is saved on every way here; else `why` says on which, and where `guards` hold it is certain too.
    """

    certain: bool
    why: str = ""
    guards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VisibleNames:
    """What templates see at one place.

    Attributes:
        saved: variables.
        loops: names that loops give.
        guards: conditions that hold here.
        about: what else is there: `hold` in what is sent about one, `request` where a band is chosen.
        held: what the step is called whose hold the automation's own policy is judged for.
    """

    saved: Mapping[str, Saved] = field(default_factory=dict)
    loops: frozenset[str] = frozenset()
    guards: frozenset[str] = frozenset()
    about: str | None = None
    held: str | None = None

    def under(self, *conditions: Any) -> VisibleNames:
        """Return the same place where conditions hold."""
        return replace(self, guards=self.guards | {canonical(one) for one in conditions if one is not None})


class End(NamedTuple):
    """What is known after a block: its variables, and whether the run certainly stops in it."""

    saved: Mapping[str, Saved]
    stops: bool


def canonical(value: Any) -> str:
    """Return a text that is the same for the same conditions."""
    return json.dumps(value, sort_keys=True, default=str)


def text_of(step: Mapping[str, Any], key: str) -> str | None:
    """Return the text under a key of a step, None where there is none."""
    value = step.get(key)
    return value if isinstance(value, str) else None


def saved_in(block: list[Any], pointer: str) -> dict[str, str]:
    """Return the variables that a block saves for what follows it, with the place of each `saveAs`."""
    found: dict[str, str] = {}
    for index, step in enumerate(block):
        if isinstance(step, Mapping):
            place = f"{pointer}/{index}"
            if (name := text_of(step, "saveAs")) is not None:
                found.setdefault(name, f"{place}/saveAs")
            if "forEach" not in step:
                for inner in blocks(step, place):
                    found = {**saved_in(inner.steps, inner.pointer), **found}
    return found


def with_saved(saved: Mapping[str, Saved], name: str | None) -> Mapping[str, Saved]:
    """Return what is known after a step that saves to a variable, if it does."""
    return saved if name is None else {**saved, name: Saved(certain=True)}


def unsure(
    after: Mapping[str, Saved], before: Mapping[str, Saved], why: str, guards: frozenset[str] = frozenset()
) -> Mapping[str, Saved]:
    """Return what is known where a step may not have run: what only it has saved is no longer certain."""
    return {
        name: now
        if name in before and before[name].certain
        else before[name]
        if name in before and before[name] == now
        else Saved(certain=False, why=why, guards=guards | now.guards if now.certain or now.guards else frozenset())
        for name, now in after.items()
    }


def merged(ways: list[tuple[End, frozenset[str]]], before: Mapping[str, Saved], label: str) -> Mapping[str, Saved]:
    """Return what is known after a branch from the ends of its ways, each with the conditions that lead there."""
    if not ways:
        return before
    known: dict[str, Saved] = {}
    for name in dict.fromkeys(name for end, _ in ways for name in end.saved):
        found = [(end.saved.get(name), guards) for end, guards in ways]
        certain = [guards for saved, guards in found if saved is not None and saved.certain]
        if len(certain) == len(ways):
            known[name] = Saved(certain=True)
        elif name in before and all(saved == before[name] for saved, _ in found):
            known[name] = before[name]
        else:
            guards = certain[0] if len(certain) == 1 else frozenset()
            known[name] = Saved(certain=False, why=f"only on some ways through {label!r}", guards=guards)
    return known
