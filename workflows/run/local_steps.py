"""How much a run does without a round trip: steps that say `local: true` are carried out by its own worker.

What they gave stands in the history with the end of the run's task, and after a crash before that it is done again. So
only so many steps follow each other that way, and only so much is kept back: the next one goes the usual way, and
Temporal writes down all before it.
"""

from __future__ import annotations

from datetime import datetime

MOST = 20
"""Local steps of one stretch, which are the most that are done again after a crash."""

ROOM = 2 * 1024 * 1024
"""Bytes of what the steps of one stretch gave; Temporal takes no task that ends with much more."""

LARGEST = 256 * 1024
"""Bytes of what one local step may give."""


class LocalSteps:
    """The stretch that a run is in: it lasts while the run's clock, which each of its tasks sets, stands still."""

    def __init__(self) -> None:
        self._at: datetime | None = None
        self._begun = 0
        self._under_way = 0
        self._kept = 0

    def begin(self, at: datetime) -> bool:
        """Say whether one more step may be local now; then `end` follows."""
        if at != self._at:
            self._at, self._begun, self._kept = at, self._under_way, 0
        if self._begun >= MOST or self._kept + (self._under_way + 1) * LARGEST > ROOM:
            return False
        self._begun += 1
        self._under_way += 1
        return True

    def end(self, size: int) -> None:
        """Count what a local step gave.

        Args:
            size: its bytes.
        """
        self._under_way -= 1
        self._kept += size
