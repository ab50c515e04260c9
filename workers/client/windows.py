"""A page out of a list that nobody orders: windows of time are cut by counting until they hold little else.

Temporal's list answers how many runs have been held since before an instant, but not which of them is the fiftieth. So
instants are looked for with about as many before them as there should be, and what lies between two is listed whole.
Counting costs by what is counted: from the end that is nearer to the page one goes inward until one has gone too far,
and then to where the page should lie if what is in the window is spread evenly.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Count = Callable[[int, int], Awaitable[int]]
"""Says how many there are from one instant up to, and without, another; both in milliseconds since 1970."""

BEGIN, END = 0, 9_000_000_000_000
"""Instants before and after everything, in milliseconds since 1970; what has no date counts as if it lay before END."""

ROOM = 100
"""How many a window may hold before it is cut; listing so many costs about as much as a few counts."""

MINUTE = 60_000
STRIDE = 3
"""How many times as old, or as young, what is looked at next may be."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of time, and what lies in it.

    Attributes:
        start: its first instant.
        end: the first instant after it.
        before: how many lie before it.
        size: how many lie in it.
    """

    start: int
    end: int
    before: int
    size: int

    @property
    def after(self) -> int:
        """Return how many lie before its end."""
        return self.before + self.size

    @property
    def whole(self) -> bool:
        """Say whether it is listed as it is."""
        return self.size <= ROOM or self.end - self.start <= 1


async def windows(count: Count, total: int, first: int, last: int, now: int) -> list[Window]:
    """Return windows, the oldest first, that hold all of some ranks and little else.

    Args:
        count: counts what has a date.
        total: how many there are at all.
        first: the first rank, from 0.
        last: the rank after the last.
        now: this instant, in milliseconds since 1970: most began before it.
    """
    found: list[Window] = []
    left = [(Window(BEGIN, END, 0, total), 0)] if first < min(last, total) else []
    while left:
        window, cuts = left.pop()
        if window.whole:
            found.append(window)
            continue
        target = (max(first, window.before), min(last, window.after))
        young = sum(target) > window.before + window.after
        at, cuts = _where(window, target, cuts, now + MINUTE, young=young)
        older, newer = await _cut(count, window, at, newer=young and window.end < END)
        left += [(part, cuts) for part in (newer, older) if part.size and part.before < last and part.after > first]
    return found


def _where(window: Window, target: tuple[int, int], cuts: int, latest: int, *, young: bool) -> tuple[int, int]:
    """Return where to cut a window, and how often it was cut once both of its ends were found.

    Args:
        window: the window.
        target: the ranks that are looked for in it.
        cuts: how often it was cut before.
        latest: an instant after which nothing should be.
        young: whether the target is in the newer half.
    """
    if young and window.start < latest < window.end:
        return latest, cuts
    if young and window.start == BEGIN and window.end <= latest:
        return _inside(window, latest - STRIDE * max(latest - window.end, MINUTE)), cuts
    if not young and window.end == END and window.start < latest:
        return _inside(window, latest - (latest - window.start) / STRIDE), cuts
    middle = _inside(window, (window.start + window.end) / 2)
    return (middle if cuts % 2 else _guess(window, target)), cuts + 1


async def _cut(count: Count, window: Window, at: int, *, newer: bool) -> tuple[Window, Window]:
    """Cut a window in two, and count the newer part or the older one."""
    if newer:
        older = max(window.size - await count(at, window.end), 0)
    else:
        older = min(await count(window.start, at), window.size)
    return (
        Window(window.start, at, window.before, older),
        Window(at, window.end, window.before + older, window.size - older),
    )


def _guess(window: Window, target: tuple[int, int]) -> int:
    """Return where the target's farther edge lies, a little outside, if what is in a window is spread evenly."""
    ahead, behind = target[0] - window.before, window.after - target[1]
    rank = target[0] - ROOM // 4 if ahead > behind else target[1] + ROOM // 4
    share = (rank - window.before) / window.size
    return _inside(window, window.start + (window.end - window.start) * share)


def _inside(window: Window, at: float) -> int:
    return min(max(int(at), window.start + 1), window.end - 1)
