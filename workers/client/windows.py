"""A page out of a list that nobody orders: windows of time are cut by counting until they hold little else.

Temporal's list answers how many runs have been held since before an instant, but not which of them is the fiftieth. So
instants are looked for with about as many before them as there should be, and what lies between two is listed whole.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

Count = Callable[[int, int], Awaitable[int]]
"""Says how many there are from one instant up to, and without, another; both in milliseconds since 1970."""

BEGIN, END = 0, 9_000_000_000_000
"""Instants before and after everything, in milliseconds since 1970."""

ROOM = 100
"""How many a window may hold before it is cut; listing so many costs about as much as a few counts."""

HOUR = 3_600_000


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
        count: counts.
        total: how many there are at all.
        first: the first rank, from 0.
        last: the rank after the last.
        now: this instant, in milliseconds since 1970: most began a short while before it.
    """
    found: list[Window] = []
    left = [(Window(BEGIN, END, 0, total), 0)] if first < min(last, total) else []
    while left:
        window, cuts = left.pop()
        if window.whole:
            found.append(window)
            continue
        target = (max(first, window.before), min(last, window.after))
        at = _by_magnitude(window, now)
        if at is None:
            at = _guess(window, target) if cuts % 2 else _inside(window, (window.start + window.end) / 2)
        newer_is_smaller = at > now or sum(target) > window.before + window.after
        older, newer = await _cut(count, window, at, newer=newer_is_smaller)
        left += [(part, cuts + 1) for part in (newer, older) if part.size and part.before < last and part.after > first]
    return found


async def _cut(count: Count, window: Window, at: int, *, newer: bool) -> tuple[Window, Window]:
    """Cut a window in two, and count the newer part or the older one: the smaller costs less."""
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


def _by_magnitude(window: Window, now: int) -> int | None:
    """Return the middle of the ages in a window, where they differ by magnitudes."""
    latest = now + HOUR
    if window.start < latest < window.end:
        return latest
    oldest, youngest = latest - window.start, max(latest - window.end, 1_000)
    return _inside(window, latest - math.sqrt(oldest * youngest)) if oldest > 4 * youngest else None


def _inside(window: Window, at: float) -> int:
    return min(max(int(at), window.start + 1), window.end - 1)
