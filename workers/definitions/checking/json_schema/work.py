"""What judging a value by a schema takes and finds: its steps are counted, and what is wrong has a place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from workers.definitions.checking.json_schema.document import Subschema

Place = tuple["Place | None", str | int] | None
"""Where a value stands: its parent's place and its key there; None is the whole."""

DEEPEST = 300
"""Subschemas that may apply each other at a time: two thirds of what Python's stack takes."""

LONGEST_SHOWN = 100

INSTRUCTIONS_A_STEP = 40
"""Bytes of a text times RE2 instructions of a pattern that take as long as one step, at worst."""


class WorkLimitError(Exception):
    """Judging takes more steps, or goes deeper, than it may; the message says which."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with a value.

    Attributes:
        place: where the value stands.
        text: what is wrong.
        value: the value with which the sentence begins; none where `text` is the sentence.
    """

    place: Place
    text: str
    value: tuple[Any, ...] = ()

    @property
    def keys(self) -> list[str | int]:
        """Return the keys that lead to the value."""
        keys: list[str | int] = []
        place = self.place
        while place is not None:
            keys.append(place[1])
            place = place[0]
        return keys[::-1]

    def __str__(self) -> str:
        return f"{shown(self.value[0])} {self.text}" if self.value else self.text


@dataclass(slots=True)
class Seen:
    """Which parts of one value some subschema has judged."""

    names: set[str] = field(default_factory=set)
    indices: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Work:
    """One value being judged.

    Attributes:
        checks: what each subschema checks.
        left: how many steps judging may still take.
        notes: whether it matters which parts of a value were judged.
        depth: how many subschemas apply each other now.
    """

    checks: Mapping[Subschema, list[Check]]
    left: int
    notes: bool
    depth: int = 0

    def spend(self, steps: int) -> None:
        """Take steps.

        Raises:
            WorkLimitError: there are not so many left.
        """
        self.left -= steps
        if self.left < 0:
            raise WorkLimitError("too large")

    def match(self, pattern: Any, text: str) -> bool:
        """Say whether a compiled pattern is in a text."""
        content = text.encode("utf-8", "replace")
        self.spend(3 + len(content) * pattern.programsize // INSTRUCTIONS_A_STEP)
        return pattern.search(content) is not None

    def visit(self, schema: Subschema, value: Any, place: Place, seen: Seen | None = None) -> Violation | None:
        """Judge a value by one subschema and return what is wrong; note in `seen` which of its parts were judged.

        Raises:
            WorkLimitError: that takes too many steps, or goes too deep.
        """
        checks = self.checks[schema]
        self.spend(2 + len(checks))
        if self.depth == DEEPEST:
            raise WorkLimitError("nested too deep")
        self.depth += 1
        parts = Seen() if self.notes else None
        fault = None
        for check in checks:
            fault = check(value, place, self, parts)
            if fault is not None:
                break
        self.depth -= 1
        if fault is None and seen is not None and parts is not None:
            self.spend(len(parts.names) + len(parts.indices))
            seen.names |= parts.names
            seen.indices |= parts.indices
        return fault


Check = Callable[[Any, Place, Work, Seen | None], Violation | None]
"""Says what is wrong with a value; see `Work.visit`."""


def shown(value: Any) -> str:
    """Return a value as JSON, cut where it is long."""
    if isinstance(value, list | dict):
        text = "".join(_beginning(value))
    else:
        text = json.dumps(value[: LONGEST_SHOWN + 1] if isinstance(value, str) else value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


def _beginning(value: Any) -> Iterator[str]:
    length = 0
    for chunk in json.JSONEncoder().iterencode(value):
        yield chunk[: LONGEST_SHOWN + 1]
        length += len(chunk)
        if length > LONGEST_SHOWN:
            return
