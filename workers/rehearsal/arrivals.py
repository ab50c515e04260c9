"""Events that are brought to a rehearsed run while it runs, and whether anybody there wanted to see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from workflows import host
from workflows.run.state import State
from workflows.waited import WANTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """An event that arrives while a run waits.

    Attributes:
        event: the event, whole.
        after: how long after the run's own event.
    """

    event: Mapping[str, Any]
    after: timedelta = timedelta()


@dataclass(slots=True, kw_only=True)
class Brought:
    """What became of an event that arrived.

    Attributes:
        at: when it arrived; None where the rehearsal was over by then.
        waiting: instance ids of the steps that waited for an event then.
        seen: whether some step took it, or looked at it and left it.
    """

    at: datetime | None = None
    waiting: list[str] = field(default_factory=list)
    seen: bool = False


class RehearsedArrivals:
    """The events that arrive in one rehearsal, each at its time.

    Args:
        arriving: the events, in the order in which they are written.
        clock: when the run's own event arrives.
        watcher: is told what the run finds out besides.

    Attributes:
        brought: what became of each.
    """

    def __init__(self, arriving: Sequence[Arriving], clock: datetime, watcher: host.Watcher | None) -> None:
        self.brought = [Brought() for _ in arriving]
        self._arriving = arriving
        self._clock = clock
        self._watcher = watcher
        self._left = list(range(len(arriving)))

    @property
    def watcher(self) -> host.Watcher | None:
        """What a run is to tell; nobody looks where no event arrives."""
        return self._watch if self._arriving else self._watcher

    def next(self, end: datetime | None = None) -> datetime | None:
        """Return when the next event arrives; None where none does, or none up to `end`."""
        due = (self._clock + self._arriving[number].after for number in self._left)
        return min((time for time in due if end is None or time <= end), default=None)

    def take(self, state: State | None, now: datetime, end: datetime | None) -> Mapping[str, Any] | None:
        """Return the next event that is due, for the run to be told; None where none is, or nobody waits for it."""
        while (due := self.next(end)) is not None and due <= now:
            number = next(one for one in self._left if self._clock + self._arriving[one].after == due)
            self._left.remove(number)
            brought = self.brought[number]
            brought.at = now
            if state is None:
                continue
            brought.waiting = [instance for instance, memory in state.memory.items() if "subscribed" in memory]
            brought.seen = bool(brought.waiting)
            if brought.waiting or any(state.arrivals.early.values()):
                return self._arriving[number].event
        return None

    def _watch(self, what: str, **facts: Any) -> None:
        if what == host.JUDGED and WANTED in facts["roots"]:
            for arriving, brought in zip(self._arriving, self.brought, strict=True):
                if brought.at is not None and arriving.event["data"] == facts["roots"][WANTED]:
                    brought.seen = True
        if self._watcher is not None:
            self._watcher(what, **facts)
