"""Events that were brought to a run: kept until a step takes one, and taken once. Nothing here knows Temporal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trunkline.keyed import Arrival, ArrivalsState
from workflows.report import measure

MOST = 100
LARGEST = 512 * 1024
"""How many events a run keeps that no step has taken, and how many bytes they take together; the oldest go first."""


class Arrivals:
    """The events of one run.

    Args:
        own: the event for which the run began, which no step of it takes.
        carried: what an earlier run of the chain handed over.

    Attributes:
        count: how many have arrived.
        dropped: how many were dropped, because more came than a run keeps.
        early: the lists that the run subscribed to when it began, by step id; empty texts where it has left them.
    """

    def __init__(self, own: dict[str, Any], carried: ArrivalsState | None = None) -> None:
        self.count = carried["count"] if carried else 0
        self.dropped = carried["dropped"] if carried else 0
        self.early: dict[str, str] = carried["early"] if carried else {}
        self._kept: list[Arrival] = carried["kept"] if carried else []
        self._taken: list[list[str]] = carried["taken"] if carried else [_identity(own)]

    def arrive(self, event: dict[str, Any]) -> None:
        """Keep an event, unless it is here already or a step has taken it."""
        identity = _identity(event)
        if identity in self._taken or any(_identity(one["event"]) == identity for one in self._kept):
            return
        self.count += 1
        self._kept.append({"number": self.count, "event": event})
        while len(self._kept) > MOST or (len(self._kept) > 1 and measure(self._kept) > LARGEST):
            del self._kept[0]
            self.dropped += 1

    def take(self, wanted: Callable[[dict[str, Any]], bool], after: int) -> dict[str, Any] | None:
        """Return the first event beyond the `after`th that is wanted, and take it; None where none is."""
        for position, one in enumerate(self._kept):
            if one["number"] > after and wanted(one["event"]):
                self._taken.append(_identity(one["event"]))
                return self._kept.pop(position)["event"]
        return None

    def forget(self) -> None:
        """Drop what has arrived: no step that waits now or later can take it."""
        self._kept.clear()

    def carry(self) -> ArrivalsState:
        """Return all of it as JSON, for the next run of the chain."""
        return {
            "count": self.count,
            "kept": self._kept,
            "taken": self._taken,
            "dropped": self.dropped,
            "early": self.early,
        }


def _identity(event: dict[str, Any]) -> list[str]:
    return [event["source"], event["id"]]
