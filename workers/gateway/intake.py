"""Events into Temporal: what is answered with yes is held durably, whether a worker is there or not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import hdrs

from workers.client.earlier import source_of
from workers.client.start import StartResult, start
from workers.errors import TrunklineError
from workers.gateway.cloudevents import DISPATCH
from workers.gateway.recent import RecentEvents
from workers.gateway.requests import RefusalError

if TYPE_CHECKING:
    from temporalio.client import Client

WITHIN = 8.0
"""Seconds that Temporal has, so that senders hear 503 before they give up."""

AT_ONCE = 20
RETRY_AFTER = 5
"""Seconds after which a sender may try again."""

T = TypeVar("T")


@asynccontextmanager
async def reaching_temporal(within: float | None = None) -> AsyncIterator[None]:
    """Answer with 503 and Retry-After where Temporal does not do what is asked in time.

    Args:
        within: seconds that it has; by default as many as senders wait for.

    Raises:
        Refusal: it does not.
    """
    from temporalio.service import RPCError

    try:
        async with asyncio.timeout(WITHIN if within is None else within):
            yield
    except (RPCError, RuntimeError, TimeoutError):  # RuntimeError: a client that has never been connected
        raise RefusalError(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "Temporal does not answer, so nothing can be taken just now: send it again.",
            {hdrs.RETRY_AFTER: str(RETRY_AFTER)},
        ) from None


class Intake:
    """Starts the runs of the type `event`.

    Args:
        client: Temporal's client, which need not be connected yet.
        task_queue: the task queue of the workers.
    """

    def __init__(self, client: Client, task_queue: str) -> None:
        self.client = client
        self.task_queue = task_queue
        self._recent = RecentEvents()

    async def take(self, events: Sequence[dict[str, Any]]) -> list[StartResult]:
        """Hold events durably, each once, and return what became of each.

        Raises:
            Refusal: the id of one is that of another source's event (409), or Temporal does not answer (503).
        """
        async with reaching_temporal():
            if len(events) == 1:
                return [await self._start(events[0])]
            await _all(events, self._check)  # of a batch with a bad event nothing starts
            return await _all(events, self._start_once)

    async def _check(self, event: dict[str, Any]) -> None:
        if self._recent.is_checked(event):
            return
        earlier = await source_of(self.client, f"{DISPATCH}/{event['id']}")
        if earlier is not None and earlier != event["source"]:
            raise _taken(event, f"The event of this id came from {earlier!r}.")
        self._recent.note(event, held=earlier is not None)

    async def _start_once(self, event: dict[str, Any]) -> StartResult:
        if self._recent.is_held(event):
            return StartResult(automation=DISPATCH, workflow_id=f"{DISPATCH}/{event['id']}", started=False)
        started = await self._start(event)
        self._recent.note(event, held=True)
        return started

    async def _start(self, event: dict[str, Any]) -> StartResult:
        try:
            started = await start(self.client, DISPATCH, event, task_queue=self.task_queue)
        except TrunklineError as error:
            raise RefusalError(HTTPStatus.BAD_REQUEST, str(error)) from None
        if started.refused is not None:
            raise _taken(event, "The event of this id came from another source, or nobody can say from which.")
        return started


def _taken(event: dict[str, Any], why: str) -> RefusalError:
    sentence = f"The id {event['id']!r} is taken. {why} This one is from {event['source']!r}."
    return RefusalError(HTTPStatus.CONFLICT, sentence)


async def _all(events: Sequence[dict[str, Any]], do: Callable[[dict[str, Any]], Awaitable[T]]) -> list[T]:
    """Do something for each event, a few at a time; where it fails for one, nothing goes on behind the answer."""
    permits = asyncio.Semaphore(AT_ONCE)

    async def one(event: dict[str, Any]) -> T:
        async with permits:
            return await do(event)

    tasks = [asyncio.ensure_future(one(event)) for event in events]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
