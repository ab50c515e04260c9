"""What a name in a workflow of Keep stands for: events, results of steps, constants, variables, the item of a loop."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from workers.importing.keep.expressions import Expression
from workers.importing.unsaid import UnsayableError

Way = tuple[str | int, ...]

EVENTS = {"alert": "alert", "event": "alert", "incident": "incident", "inputs": "inputs"}
"""Roots of Keep that an event brings, with our names."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RUNS = {
    "last_workflow_results": "what an earlier run gave",
    "last_workflow_run_time": "when an earlier run was",
    "state": "what earlier runs did",
    "env": "the environment of Keep's process",
    "providers": "a connection's own fields",
}


@dataclass(frozen=True, slots=True)
class SavedResult:
    """Where the result of a step is.

    Attributes:
        variable: the name that it is saved under.
        results: the way from there to what Keep calls `results`.
        fields: Keep's fields of it that are elsewhere in ours, each with the way from the variable on.
    """

    variable: str
    results: Way = ()
    fields: Mapping[str, Way] = field(default_factory=dict)


@dataclass(slots=True)
class KeepScope:
    """The names of one workflow.

    Attributes:
        constants: Keep's `consts`.
        inputs: Keep's `inputs` by name.
        saved: what is known of each step so far; None: a step that could not be said.
        read: names of the steps that anything reads.
        aliases: conditions that have a name, by it.
        roots: roots of events that were used.
        kept: names of constants that were used.
        variables: names that `vars` has set.
        bare: the root of names that have none: `alert` in a trigger, `item` in a section; None: there is none.
        item: whether a list's item is at hand.
        scheduled: whether nothing but a schedule starts it, which brings no data.
    """

    constants: Mapping[str, Any] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    saved: dict[str, SavedResult | None] = field(default_factory=dict)
    read: frozenset[str] = frozenset()
    aliases: dict[str, Expression] = field(default_factory=dict)
    roots: dict[str, None] = field(default_factory=dict)
    kept: dict[str, None] = field(default_factory=dict)
    variables: dict[str, None] = field(default_factory=dict)
    bare: str | None = None
    item: bool = False
    scheduled: bool = False

    def inside(self, *, bare: str | None = None, item: bool | None = None) -> KeepScope:
        """Return the scope of a part in which names without a root mean something, or an item is at hand."""
        return replace(self, bare=bare or self.bare, item=self.item if item is None else item)

    def path(self, way: Way) -> str:
        """Return what a reference is called here.

        Raises:
            UnsayableError: there is nothing of it here.
        """
        root, rest = way[0], way[1:]
        if root in _RUNS:
            raise UnsayableError(f"`{dotted(way)}` is {_RUNS[str(root)]}, which a run here does not see.")
        if root == "steps":
            return spelt(self._step(rest, way))
        if root == "foreach":
            return spelt(self._loop(rest, way))
        if root == "item" and self.item:
            return spelt(("item", *rest))
        if root in {"consts", "vars"}:
            return spelt(self._own(str(root), rest, way))
        if root in EVENTS and (self.bare is None or len(way) > 1):
            return spelt(self._event(EVENTS[str(root)], rest, way))
        if self.bare is None:
            raise UnsayableError(f"`{dotted(way)}` names nothing that is known here.")
        return spelt((self.bare, *way)) if self.bare == "item" else spelt(self._event(self.bare, way, way))

    def default(self, way: Way) -> Any:
        """Return what a reference is where the event does not have it: the default of an input."""
        known = self.inputs.get(str(way[1])) if way[0] == "inputs" and len(way) > 1 else None
        return None if known is None else known.get("default")

    def template(self, way: Way) -> str | None:
        """Return the text of a constant that holds templates of its own, which Keep fills in when it is used."""
        value: Any = self.constants
        for step in way[1:] if way[0] == "consts" else ("",):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value if isinstance(value, str) and ("{{" in value or "keep." in value) else None

    def _event(self, root: str, rest: Way, way: Way) -> Way:
        if self.scheduled:
            raise UnsayableError(f"`{dotted(way)}` is of an event, and a schedule brings none.")
        self.roots[root] = None
        return (root, *rest)

    def _step(self, rest: Way, way: Way) -> Way:
        name = str(rest[0]) if rest else ""
        if name not in self.saved:
            raise UnsayableError(f"`{dotted(way)}` reads a step {name!r}, which does not run before it.")
        saved = self.saved[name]
        if saved is None:
            raise UnsayableError(f"`{dotted(way)}` reads the step {name!r}, which could not be said.")
        inner = rest[1:]
        if inner and inner[0] in {"results", "result"}:
            inner = inner[1:]
        moved = saved.fields.get(str(inner[0])) if inner else None
        if moved is not None:
            return ("variables", saved.variable, *moved, *inner[1:])
        return ("variables", saved.variable, *saved.results, *inner)

    def _loop(self, rest: Way, way: Way) -> Way:
        if not self.item:
            raise UnsayableError(f"`{dotted(way)}` stands outside of a `foreach`.")
        if rest and rest[0] == "index":
            return ("loop", "index")
        return ("item", *(rest[1:] if rest and rest[0] in {"value", "item"} else rest))

    def _own(self, root: str, rest: Way, way: Way) -> Way:
        name = str(rest[0]) if rest else ""
        if root == "vars":
            if name not in self.variables:
                raise UnsayableError(f"`{dotted(way)}` is not set before it is read.")
            return ("variables", *rest)
        if name not in self.constants:
            raise UnsayableError(f"`{dotted(way)}` is not among the workflow's `consts`.")
        self.kept[name] = None
        return ("constants", *rest)


def dotted(way: Iterable[str | int]) -> str:
    """Return a way as Keep writes it."""
    return ".".join(str(step) for step in way)


def spelt(way: Way) -> str:
    """Return a way as templates and conditions have it here: `alert.labels["app-name"][0]`."""
    parts = []
    for step in way:
        if isinstance(step, int) or (step.startswith("-") and step[1:].isdigit()):
            parts.append(f"[{step}]")
        elif _PLAIN.fullmatch(step):
            parts.append(f".{step}")
        else:
            quote = "'" if '"' in step else '"'
            parts.append(f"[{quote}{step}{quote}]")
    return "".join(parts).removeprefix(".")


def variable_of(name: str) -> str:
    """Return the name of a variable for a step's name."""
    made = re.sub(r"[^A-Za-z0-9_]+", "_", name).strip("_")[:60] or "result"
    return f"_{made}"[:60] if made[0].isdigit() else made
