"""What arrives at a receiver, counted by event and step: what was lost, and what was doubled."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bench.receiver import Receiver

STEPS = 3
"""Requests that each event is to cause: their bodies name the `event`, and the `step` from 0."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of events.

    Attributes:
        whole: events whose every step arrived.
        lost: events of which a step never arrived.
        missing: steps that never arrived.
        doubled: requests beyond the first of their step.
    """

    whole: int
    lost: int
    missing: int
    doubled: int


def tally(events: Collection[str], arrived: Counter[tuple[str, int]]) -> Tally:
    """Return what became of these events."""
    steps = [(event, step) for event in events for step in range(STEPS)]
    missing = [step for step in steps if not arrived[step]]
    lost = len({event for event, _ in missing})
    doubled = sum(arrived[step] - 1 for step in steps if arrived[step])
    return Tally(whole=len(events) - lost, lost=lost, missing=len(missing), doubled=doubled)


@dataclass(slots=True)
class Arrivals:
    """A receiver in this process.

    Attributes:
        pause: seconds before each answer.
        counts: how often each step of each event arrived.
        total: how many requests arrived.
        latest: when the last of them did, on `time.perf_counter`'s clock.
    """

    pause: float = 0
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    total: int = 0
    latest: float = 0
    _reached: dict[int, asyncio.Future[None]] = field(default_factory=dict)
    _missing: dict[str, set[int]] = field(default_factory=dict)
    _whole: dict[str, asyncio.Future[float]] = field(default_factory=dict)

    @asynccontextmanager
    async def serving(self, port: int) -> AsyncIterator[None]:
        """Listen on this machine while the context lasts."""
        server = await asyncio.get_running_loop().create_server(lambda: _Counted(self), "127.0.0.1", port)
        try:
            yield
        finally:
            server.close()

    def expect(self, event: str) -> asyncio.Future[float]:
        """Return when the last step of an event arrives for the first time, on `time.perf_counter`'s clock."""
        self._missing[event] = set(range(STEPS))
        return self._whole.setdefault(event, asyncio.get_running_loop().create_future())

    def reach(self, total: int) -> asyncio.Future[None]:
        """Return when so many requests have arrived."""
        return self._reached.setdefault(total, asyncio.get_running_loop().create_future())

    def take(self, body: bytes) -> None:
        """Count a request."""
        told = json.loads(body)
        event, step = told["event"], int(told["step"])
        self.latest = time.perf_counter()
        self.counts[event, step] += 1
        self.total += 1
        if reached := self._reached.pop(self.total, None):
            reached.set_result(None)
        missing = self._missing.get(event)
        if missing:
            missing.discard(step)
            if not missing and not self._whole[event].done():
                self._whole[event].set_result(self.latest)


class _Counted(Receiver):
    def __init__(self, arrivals: Arrivals) -> None:
        super().__init__()
        self.arrivals = arrivals

    def take(self, body: bytes) -> None:
        self.arrivals.take(body)
        if self.arrivals.pause:
            asyncio.get_running_loop().call_later(self.arrivals.pause, self.answer)
        else:
            self.answer()
