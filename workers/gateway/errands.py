"""Errands: what the gateway still does after it has answered, and finishes before it ends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

log = logging.getLogger("trunkline.gateway")

T = TypeVar("T")


class Errands:
    """What is done behind an answer."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, errand: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something behind the answer."""
        task = asyncio.create_task(errand)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("What was to be done behind an answer failed; this is a defect.", exc_info=error)

    async def finished(self) -> None:
        """Wait until nothing is being done any more."""
        while self._running:
            await asyncio.wait(self._running)

    async def drop(self) -> None:
        """Give up what is still being done."""
        for task in (dropped := [*self._running]):
            task.cancel()
        if dropped:
            await asyncio.wait(dropped)
