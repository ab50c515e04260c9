"""Load for what listens to web hooks: how many events it carries out in a second, how soon, and through what crash."""

from __future__ import annotations

import asyncio
import itertools
import json
import statistics
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from bench.arrivals import STEPS, Arrivals, Tally, tally

AGAIN = 0.5
"""Seconds after which a sender that got no 2xx delivers an event again."""

PATIENCE = 180.0
"""Seconds after which an event that nobody has disturbed counts as stuck."""

BUSY = 0.05
"""Seconds that the receiver takes to answer while processes are killed: so requests are on their way then."""


class FailedError(Exception):
    """A sentence that says what a system has not done that was to be measured."""


@dataclass(frozen=True, slots=True)
class Crash:
    """What a system did with events in whose middle it was killed.

    Attributes:
        tally: what became of them.
        recovered: seconds from the kill to the last request that arrived, or 0 where none arrived after it.
    """

    tally: Tally
    recovered: float


class Hook:
    """One web hook, and the receiver of what its events cause.

    Args:
        url: takes events.
        arrivals: counts the requests that they cause.
        session: sends.
    """

    def __init__(self, url: str, arrivals: Arrivals, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.arrivals = arrivals
        self.session = session

    async def deliver(self, event: str) -> None:
        """Deliver an event until it is taken, as senders of web hooks do."""
        data = {"contact": {"name": "Ada"}, "call": {"waiting_time": 75}}
        body = json.dumps({"id": event, "type": "call.ended", "data": data}).encode()
        while True:
            try:
                async with self.session.post(
                    self.url, data=body, headers={"Content-Type": "application/json"}
                ) as answer:
                    if answer.ok:
                        return
            except (aiohttp.ClientError, TimeoutError):
                pass
            await asyncio.sleep(AGAIN)

    async def carry_out(self) -> float:
        """Return the seconds from the sending of an event to its last request.

        Raises:
            FailedError: it is not taken, or a request never comes.
        """
        event = uuid.uuid4().hex
        whole = self.arrivals.expect(event)
        began = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                await self.deliver(event)
                return await whole - began
        except TimeoutError:
            raise FailedError(
                f"{self.url}: an event was not taken, or caused no {STEPS} requests, within {PATIENCE:.0f} s."
            ) from None

    async def saturate(self, seconds: float, concurrency: int) -> tuple[int, float]:
        """Return how many events were carried out with so many in progress at any time, and in how many seconds."""
        began = time.perf_counter()
        numbers = itertools.count()

        async def routing() -> None:
            while time.perf_counter() < began + seconds:
                await self.carry_out()
                next(numbers)

        await asyncio.gather(*(routing() for _ in range(concurrency)))
        return next(numbers), self.arrivals.latest - began

    async def idle(self, events: int) -> float:
        """Return the median seconds of an event when nothing else happens."""
        return statistics.median([await self.carry_out() for _ in range(events)])

    async def crash(self, events: int, kill: Callable[[], Awaitable[None]], quiet: float) -> Crash:
        """Send events, kill what carries them out when half of the requests have arrived, and see what arrives.

        Args:
            events: how many.
            kill: kills and starts again.
            quiet: seconds without a request after which no further one is waited for.

        Raises:
            FailedError: nothing is taken after the kill.
        """
        sent = [uuid.uuid4().hex for _ in range(events)]
        arrivals = self.arrivals
        arrivals.pause = BUSY
        whole = [arrivals.expect(event) for event in sent]
        half = arrivals.reach(arrivals.total + events * STEPS // 2)
        delivered = asyncio.gather(*map(self.deliver, sent))
        await half
        killed = time.perf_counter()
        await kill()
        try:
            await asyncio.wait_for(delivered, PATIENCE)
        except TimeoutError:
            raise FailedError(f"{self.url}: nothing was taken for {PATIENCE:.0f} s after the kill.") from None
        settled, missing = time.perf_counter(), set(whole)
        while missing and time.perf_counter() - max(arrivals.latest, settled) < quiet:
            _, missing = await asyncio.wait(missing, timeout=1)
        arrivals.pause = 0
        await asyncio.sleep(1)  # what was doubled may come after what was whole
        return Crash(tally(sent, arrivals.counts), max(arrivals.latest - killed, 0))


@asynccontextmanager
async def hook(url: str, arrivals: Arrivals) -> AsyncIterator[Hook]:
    """Deliver to a web hook while the context lasts."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=30)) as session:
        yield Hook(url, arrivals, session)
