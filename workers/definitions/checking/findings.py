"""Findings: the problems of one definition while it is being checked, each put at its line and step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workers.definitions.environments import unfilled
from workers.definitions.loading import Source
from workers.definitions.problems import Problem, problem


class Findings:
    """Collects problems by the JSON pointer at which they stand.

    Args:
        data: the definition as written.
        source: where its values stand.
        ids: id of each step by JSON pointer.
        holds: pointers of steps that wait for people because their service wants it, which `data` then says of them;
            None where nobody can say.

    Attributes:
        lacking: names of values that its environment does not have: what is wrong with a text that has one in it
            nobody can say.
    """

    def __init__(self, data: Any, source: Source, ids: Mapping[str, str], holds: frozenset[str] | None = None) -> None:
        self.lacking: frozenset[str] = frozenset()
        self.data = data
        self.source = source
        self.ids = ids
        self.holds = holds
        self._found: dict[Problem, None] = {}

    def add(  # noqa: PLR0913 - where it stands and what it is
        self, code: str, pointer: str, message: str, hint: str | None = None, *, key: bool = False, line: int = 1
    ) -> None:
        """Add a problem; `key` puts it at the key of the value, `line` at a later line of a text."""
        if self.lacking and unfilled(self.at(pointer), self.lacking):
            return
        if hint is None and pointer in self.source.comments and self.at(pointer) is None:
            hint = f"put {self.source.comments[pointer]!r:.40} in quotes: a # after a blank begins a comment"
        row, column = self.source.place(pointer, key=key, line=line)
        found = problem(
            code, message, hint=hint, file=self.source.file, line=row, column=column, step=self.step(pointer)
        )
        self._found[found] = None

    def take(self, problems: Iterable[Problem]) -> None:
        """Add problems of another file."""
        self._found.update(dict.fromkeys(problems))

    def step(self, pointer: str) -> str | None:
        """Return the id of the step in which a pointer stands."""
        while pointer and pointer not in self.ids:
            pointer = pointer.rpartition("/")[0]
        return self.ids.get(pointer) if pointer else None

    def name(self, pointer: str) -> str:
        """Return what to call the step at a pointer in a sentence: its label, else its id."""
        step: Any = self.at(pointer)
        label = step.get("label") if isinstance(step, Mapping) else None
        return f"{label if isinstance(label, str) and label else self.step(pointer)!s:.80}"

    def at(self, pointer: str) -> Any:
        """Return the value at a pointer, or None where there is none."""
        value = self.data
        for part in pointer.split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if isinstance(value, Mapping):
                value = value.get(key)
            elif isinstance(value, list) and key.isdecimal() and int(key) < len(value):
                value = value[int(key)]
            else:
                return None
        return value

    @property
    def problems(self) -> list[Problem]:
        """Return what was found, in the order of the lines."""
        return sorted(self._found, key=lambda one: (one.file != self.source.file, one.line or 0, one.column or 0))

    @property
    def count(self) -> int:
        """Return how many were found so far."""
        return len(self._found)
