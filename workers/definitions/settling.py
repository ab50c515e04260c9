"""Settling: a file that is being written does not count before nobody writes it any more."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

QUIET = 2.0
"""Seconds that a file must have been left alone before what it holds counts."""

APART = 0.25
"""Seconds between the two looks at which a file must be the same, however old it says that it is."""


class Stamp(NamedTuple):
    """What tells one state of a file from another; `None` in its place stands for a file that is not there."""

    modified: int
    changed: int
    size: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> Self:
        """Return the stamp of a file."""
        return cls(status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a file must be the same before it counts, and by which clocks; the default takes it as it is.

    Attributes:
        quiet: seconds since its last change.
        apart: seconds between two looks at which it is the same.
        elapsed: seconds that pass evenly.
        now: the time in seconds since 1970, which the times of files are compared with.
    """

    quiet: float = 0.0
    apart: float = 0.0
    elapsed: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class _Seen:
    stamp: Stamp | None
    since: float
    """When it was first seen so, by the clock that passes evenly."""
    written: float
    """When it was last changed, in seconds since 1970; never, where it is not there."""


class Settling:
    """Which files of a folder have changed, and which of these changes count.

    A change counts once the file was the same at two looks and has been left alone for a while. How long it was left
    alone is the file's own word, or what was seen here where that is longer: a time of change that lies in the future
    holds a file up no longer than that.
    """

    def __init__(self, patience: Patience) -> None:
        self.patience = patience
        self._seen: dict[str, _Seen] = {}
        self._counted: dict[str, Stamp] = {}

    def look(self, found: Mapping[str, Stamp]) -> None:
        """Note what is there now."""
        at = self.patience.elapsed()
        names = {**self._counted, **found}
        self._seen = {name: self._note(name, found.get(name), at) for name in names}

    def _note(self, name: str, stamp: Stamp | None, at: float) -> _Seen:
        before = self._seen.get(name)
        if before is not None and before.stamp == stamp:
            return before
        if stamp is None:
            return _Seen(None, at, math.inf)
        written = stamp.modified
        if before is not None and before.stamp is not None and before.stamp.inode == stamp.inode:
            # Somebody writes into the file. Who replaces it has finished writing, however long ago; who writes into it
            # may set its time of modification to anything, but not the time of the inode's last change.
            written = max(written, stamp.changed)
        return _Seen(stamp, at, written / 1e9)

    def pending(self) -> list[str]:
        """Return the names of the files that have changed and do not count as they are now, settled or not."""
        return [name for name, seen in self._seen.items() if seen.stamp != self._counted.get(name)]

    def settled(self) -> list[str]:
        """Return those of `pending` whose change may count now."""
        return [name for name in self.pending() if self._is_settled(self._seen[name])]

    def _is_settled(self, seen: _Seen) -> bool:
        same_for = self.patience.elapsed() - seen.since
        if same_for < self.patience.apart:
            return False
        return max(same_for, self.patience.now() - seen.written) >= self.patience.quiet

    def stamp(self, name: str) -> Stamp | None:
        """Return how a file was at the last look, or None where it was not there."""
        seen = self._seen.get(name)
        return seen.stamp if seen else None

    def count(self, name: str) -> None:
        """Note that a file counts as it was at the last look."""
        stamp = self.stamp(name)
        if stamp is None:
            self._counted.pop(name, None)
            self._seen.pop(name, None)
        else:
            self._counted[name] = stamp
