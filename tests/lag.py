"""How long an event loop was held up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

EVERY = 0.005


@dataclass
class Lag:
    """The longest time in seconds that passed between two turns, beyond what was asked for."""

    most: float = 0.0


@asynccontextmanager
async def loop_lag() -> AsyncIterator[Lag]:
    """Measure the loop while the context lasts."""
    lag = Lag()

    async def measure() -> None:
        while True:
            begun = time.monotonic()
            await asyncio.sleep(EVERY)
            lag.most = max(lag.most, time.monotonic() - begun - EVERY)

    task = asyncio.create_task(measure())
    await asyncio.sleep(2 * EVERY)
    lag.most = 0.0
    try:
        yield lag
    finally:
        await asyncio.sleep(0)
        task.cancel()
