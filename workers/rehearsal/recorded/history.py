"""The history of a run, from its first event to its last, with payloads that are decoded as they are asked for."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from workers.client.local_steps import with_local_steps
from workers.client.runs import describe
from workers.errors import NotFoundError, UsageError
from workflows.run.encrypted import MissingKeyError
from workflows.run.payload import PayloadError, read, unpack

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.failure.v1 import Failure
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client

MOST_RUNS = 1_000
"""Runs of one chain that are read: so many histories follow one another only where something goes wrong."""


@dataclass(frozen=True, slots=True)
class History:
    """A run's history; of a chain, those of all of its runs.

    Attributes:
        run: workflow id.
        events: its events, the oldest first.
        client: decodes their payloads.
    """

    run: str
    events: list[HistoryEvent]
    client: Client

    async def value(self, payloads: Sequence[Payload]) -> Any:
        """Return the JSON value of the first payload; None where there is none.

        Raises:
            UsageError: it is encrypted under a key that is not at hand, or is no JSON.
        """
        return (await self.values(payloads[:1]) or [None])[0]

    async def values(self, payloads: Sequence[Payload]) -> list[Any]:
        """Return the JSON value of each payload (see `value`)."""
        return [self._readable(read, one) for one in await self._raw(payloads)]

    async def packed(self, payloads: Sequence[Payload]) -> Any:
        """Return what `workflows.run.payload.pack` was given (see `value`)."""
        [found] = await self._raw(payloads[:1])
        return self._readable(unpack, found)

    async def failure(self, failure: Failure) -> BaseException:
        """Return what a failure was raised as (see `value`)."""
        copied = type(failure)()
        copied.CopyFrom(failure)
        try:
            return await self.client.data_converter.decode_failure(copied)
        except MissingKeyError as error:
            raise self._unreadable(error) from None

    async def _raw(self, payloads: Sequence[Payload]) -> list[Any]:
        from temporalio.common import RawValue

        try:
            return await self.client.data_converter.decode(payloads, [RawValue] * len(payloads))
        except MissingKeyError as error:
            raise self._unreadable(error) from None

    def _readable(self, how: Any, raw: Any) -> Any:
        try:
            return how(raw)
        except (MissingKeyError, PayloadError) as error:
            raise self._unreadable(error) from None

    def _unreadable(self, error: Exception) -> UsageError:
        return UsageError(f"The history of {self.run} cannot be read: {error}")


def moment(event: HistoryEvent) -> datetime:
    """Return when an event was written down."""
    return event.event_time.ToDatetime(UTC)


async def history_of(client: Client, run: str) -> History:
    """Return the history of a run.

    Raises:
        UsageError: there is no such run, or an earlier one of its chain is not kept any more.
    """
    try:
        run_id = (await describe(client, run)).run_id
    except NotFoundError as error:
        raise UsageError(str(error)) from None
    chain: list[list[HistoryEvent]] = []
    while run_id and len(chain) < MOST_RUNS:
        events = [event async for event in _events(client, run, run_id)]
        chain.insert(0, events)
        run_id = events[0].workflow_execution_started_event_attributes.continued_execution_run_id
    try:
        return History(run, await with_local_steps(client, [event for events in chain for event in events]), client)
    except MissingKeyError as error:
        raise UsageError(f"The history of {run} cannot be read: {error}") from None


async def _events(client: Client, run: str, run_id: str) -> AsyncIterator[HistoryEvent]:
    from temporalio.service import RPCError, RPCStatusCode

    try:
        async for event in client.get_workflow_handle(run, run_id=run_id).fetch_history_events():
            yield event
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise UsageError(f"The history of {run} is not whole: Temporal does not keep its beginning any more.") from None


def marked(details: Any) -> tuple[str | None, Sequence[Payload]]:
    """Return the name of a local activity, and its result, of what a marker says; None where it says none."""
    data = details["data"].payloads if "data" in details else ()
    if not data:
        return None, ()
    name = json.loads(data[0].data).get("activity_type")
    return name, details["result"].payloads if "result" in details else ()
