"""What one render sees, and how much it may still do: every bound of the language is counted here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from trunkline.wire import Place
from workflows.language.errors import TemplateError

WORK = 4_000_000
"""Steps of one render: about one for each character that is handled, 96 for each `{{ }}`; at most 100 ms in all."""

LONGEST_TEXT = 1024 * 1024
LONGEST_LIST = 10_000
MOST_OUTPUT = 1024 * 1024
MOST_ITERATIONS = 10_000
DEEPEST_VALUE = 100


Spent = Callable[[int], None]
"""Is told how much work a render was."""


class Missing:
    """A value that is not there; `path` is what its author wrote."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path


class Scope:
    """One render: what it sees, what it found missing, where its secrets go, and what it may still spend.

    Args:
        roots: plain JSON values by name.
        now: the run's clock, with a time zone.
    """

    __slots__ = (
        "_now",
        "iterations",
        "loops",
        "made",
        "missing",
        "notes",
        "now",
        "output",
        "places",
        "resume",
        "roots",
        "work",
    )

    def __init__(self, roots: Mapping[str, Any], now: datetime) -> None:
        self.roots = roots
        self.now = now
        self._now: str | None = None
        self.made: dict[str, Any] = {}
        self.loops: list[dict[str, Any]] = []
        self.resume: dict[str, int] = {}
        self.missing: dict[str, None] = {}
        self.notes: dict[str, None] = {}
        self.places: list[Place] = []
        self.work = WORK
        self.output = 0
        self.iterations = 0

    @property
    def now_text(self) -> str:
        """The run's clock as ISO 8601 in UTC, to the millisecond."""
        if self._now is None:
            self._now = self.now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return self._now

    def begin_text(self) -> None:
        """Forget the names that another text of the same tree made."""
        self.made = {}
        self.resume = {}

    def name(self, name: str) -> Any:
        """Look a name up that tags may have made: innermost loop first, then `assign` and `capture`, then the roots."""
        for loop in self.loops[::-1]:
            if name in loop:
                return loop[name]
        if name in self.made:
            return self.made[name]
        return self.roots.get(name, ABSENT)

    @property
    def spent(self) -> int:
        """How much work it was so far."""
        return WORK - self.work

    def spend(self, steps: int) -> None:
        """Count work before it is done."""
        self.work -= steps
        if self.work < 0:
            raise TemplateError("This takes more work than one render may take: shorten its loops, lists or texts.")

    def keep(self, characters: int) -> None:
        """Count what the render gives."""
        self.output += characters
        if self.output > MOST_OUTPUT:
            raise TemplateError("The result is larger than 1 MiB: pass on less, or an address where it can be read.")

    def iterate(self) -> None:
        """Count one pass of a loop."""
        self.iterations += 1
        if self.iterations > MOST_ITERATIONS:
            raise TemplateError(f"The loops run more than {MOST_ITERATIONS:,} times in all: give them a `limit`.")
        self.spend(96)

    def given(self, value: Any) -> Any:
        """Turn a missing value that is used into nothing, and note it."""
        if value.__class__ is Missing:
            self.missing[value.path] = None
            return None
        return value


ABSENT: Any = object()
"""No such key; told apart from a `null`."""
