"""How much waits for people, and for how long: counted in Temporal's list, which tells no order."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from workers.client.listing import NO_STARTER, quoted

if TYPE_CHECKING:
    from temporalio.client import Client

REMEMBERED = 15.0
"""Seconds for which an answer counts: however many ask, Temporal is asked once."""

WITHIN = 5.0
SHORTEST = 60.0
LONGEST = timedelta(days=3650).total_seconds()
PRECISION = 0.02


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits now.

    Attributes:
        runs: how many runs have an open hold.
        oldest: seconds for which the oldest hold waits, to a fiftieth or a minute; None where Temporal's list does not
            tell, or nothing waits.
    """

    runs: int
    oldest: float | None


class WaitingCount:
    """Counts what waits, a few seconds apart at most.

    Args:
        client: Temporal's client, which need not be connected yet.
        task_queue: the task queue of the runs.
    """

    def __init__(self, client: Client, task_queue: str) -> None:
        self.client = client
        self._held = (
            f"ExecutionStatus = 'Running' AND TaskQueue = {quoted(task_queue)} AND {NO_STARTER} "
            "AND TrunklineHolds IS NOT NULL"
        )
        self._lock = asyncio.Lock()
        self._until = 0.0
        self._known: Waiting | None = None

    async def now(self) -> Waiting | None:
        """Return what waits; None where Temporal does not answer, or its list knows no holds."""
        from temporalio.service import RPCError

        async with self._lock:
            if time.monotonic() >= self._until:
                try:
                    async with asyncio.timeout(WITHIN):
                        runs = await self._count("")
                        self._known = Waiting(runs, await self._oldest() if runs else None)
                except (RPCError, RuntimeError, TimeoutError):  # RuntimeError: a client that was never connected
                    self._known = None
                self._until = time.monotonic() + REMEMBERED
            return self._known

    async def _oldest(self) -> float | None:
        """Return the age of the oldest hold, narrowed down by counting the runs held for longer than an age."""
        from temporalio.service import RPCError, RPCStatusCode

        now = datetime.now(UTC)
        try:
            if not await self._count("AND TrunklineHeldSince IS NOT NULL"):
                return None
            return await age_of_oldest(lambda age: self._longer(now, age))
        except RPCError as error:
            if error.status is not RPCStatusCode.INVALID_ARGUMENT:
                raise
            return None  # the namespace has no such search attribute

    async def _longer(self, now: datetime, age: float) -> bool:
        """Say whether a run is held for longer than an age in seconds."""
        at = (now - timedelta(seconds=age)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return await self._count(f"AND TrunklineHeldSince < '{at}'") > 0

    async def _count(self, more: str) -> int:
        return (await self.client.count_workflows(f"{self._held} {more}".strip())).count


async def age_of_oldest(is_older: Callable[[float], Awaitable[bool]]) -> float:
    """Return the least age, in seconds, than which nothing is older: to a minute, or to a fiftieth of it.

    Args:
        is_older: says whether there is anything older than an age.
    """
    low, high = 0.0, SHORTEST
    while high < LONGEST and await is_older(high):
        low, high = high, high * 2
    while low and high - low > high * PRECISION:
        middle = (low + high) / 2
        low, high = (middle, high) if await is_older(middle) else (low, middle)
    return high
