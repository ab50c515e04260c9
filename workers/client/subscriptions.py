"""Subscriptions to events, by Temporal's client: runs subscribe, and events are brought to those that did."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from trunkline.keyed import (
    ARRIVE,
    JOIN,
    KEYED,
    LEAVE,
    MEMBERS,
    SUBSCRIPTIONS,
    EventDelivery,
    Joining,
    Subscription,
    Wish,
)
from workers.client.keyed import PATIENCE, is_open, missing
from workflows.waited import canonical, found_at, patterns

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.payloads.keyed_hash import KeyedHash

AT_ONCE = 20
"""Runs that an event is brought to at a time."""

ANY = ""
"""Name on the list of a type where a run waits for every event of it."""

SOMEBODY = ""
"""The only name on the list that says whether runs wait for events whose types begin alike."""

AHEAD = timedelta(days=1)
"""How much longer that list lasts than a subscription needs, so that not each has to join it."""


class Subscriptions:
    """Finds runs that wait for events. A list of fields for each type leads to a list of runs for each value.

    Temporal answers from the lists' workflows themselves and not from an index, so that an event which comes after a
    run has subscribed finds it. Most events find nobody, and ask one list for that: of types that begin alike.

    Args:
        client: connected to the namespace of the runs.
        keyed: makes the lists' workflow ids.
    """

    def __init__(self, client: Client, keyed: KeyedHash) -> None:
        self.client = client
        self.keyed = keyed
        self._lasts: dict[str, datetime] = {}

    async def subscribe(self, wish: Wish) -> str:
        """Let a run be found by the events that it waits for, and return the workflow id of its list."""
        field = wish.get("field", ANY)
        entry = Subscription(automation=wish["automation"], until=wish["until"])
        fields = Joining(name=field, subscription=Subscription(automation="", until=wish["until"]))
        found = self._runs(wish["event"], field, wish.get("value"))[0]
        await self._last(self._beginning(wish["event"])[0], datetime.fromisoformat(wish["until"]))
        await self._join(self._fields(wish["event"])[0], fields)
        await self._join(found, Joining(name=wish["run"], subscription=entry))
        return found

    async def leave(self, place: str, run: str) -> None:
        """Take a run out of a list."""
        with missing():
            await self.client.get_workflow_handle(place).signal(LEAVE, run, rpc_timeout=PATIENCE)

    async def awaited(self, event_type: str) -> bool:
        """Say whether any run may wait for events of a type; no worker is asked."""
        names = patterns(event_type)
        if len(names) > 1 and not await self._any_open(self._beginning(event_type)):
            return False
        return await self._any_open([place for name in names for place in self._fields(name)])

    async def deliver(self, event: Mapping[str, Any]) -> list[EventDelivery]:
        """Bring an event to every run that waits for it, and return which these are; a run takes it once."""
        places = [place for name in patterns(event["type"]) for place in await self._places(name, event["data"])]
        found: dict[str, tuple[str, str]] = {}
        for place in places:
            for run, subscription in (await self._members(place)).items():
                found.setdefault(run, (subscription["automation"], place))
        permits = asyncio.Semaphore(AT_ONCE)

        async def bring(run: str, automation: str, place: str) -> EventDelivery | None:
            async with permits:
                if await self._arrive(run, event):
                    return EventDelivery(automation=automation, workflowId=run)
                await self.leave(place, run)
                return None

        brought = await asyncio.gather(*(bring(run, *found[run]) for run in sorted(found)))
        return [one for one in brought if one is not None]

    async def _places(self, pattern: str, data: Mapping[str, Any]) -> list[str]:
        """Return the lists on which runs stand that wait for events of such a type with such data."""
        fields = dict.fromkeys([field for place in self._fields(pattern) for field in await self._members(place)])
        values = {field: None if field == ANY else found_at(field, data) for field in fields}
        return [place for field, value in values.items() for place in self._runs(pattern, field, value)]

    async def _arrive(self, run: str, event: Mapping[str, Any]) -> bool:
        """Bring an event to a run; False where the run has ended."""
        with missing():
            await self.client.get_workflow_handle(run).signal(ARRIVE, event, rpc_timeout=PATIENCE)
            return True
        return False

    async def _any_open(self, places: Sequence[str]) -> bool:
        return any(await asyncio.gather(*(is_open(self.client, place) for place in places)))

    async def _last(self, place: str, until: datetime) -> None:
        """Have a list last so long at least."""
        if place in self._lasts and self._lasts[place] >= until:
            return
        longer = until + AHEAD
        lasting = Subscription(automation="", until=longer.isoformat())
        await self._join(place, Joining(name=SOMEBODY, subscription=lasting))
        self._lasts[place] = longer

    async def _join(self, place: str, joining: Joining) -> None:
        from temporalio.client import WithStartWorkflowOperation
        from temporalio.common import WorkflowIDConflictPolicy
        from temporalio.service import RPCError

        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            SUBSCRIPTIONS,
            id=place,
            task_queue=KEYED,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary="Who waits for events",
        )
        try:
            await self.client.execute_update_with_start_workflow(
                JOIN, joining, start_workflow_operation=start, rpc_timeout=PATIENCE
            )
        except BaseException:
            with contextlib.suppress(RPCError):
                await start.workflow_handle()  # fails likewise, and complains where nobody looks
            raise

    async def _members(self, place: str) -> dict[str, Subscription]:
        from temporalio.client import WorkflowQueryRejectedError
        from temporalio.common import QueryRejectCondition

        with missing():
            while True:
                try:
                    found: dict[str, Subscription] = await self.client.get_workflow_handle(place).query(
                        MEMBERS, result_type=dict, reject_condition=QueryRejectCondition.NOT_OPEN, rpc_timeout=PATIENCE
                    )
                except WorkflowQueryRejectedError:
                    if not await is_open(self.client, place):
                        return {}
                else:  # a list that continued as new while it was asked is asked again
                    return found
        return {}

    def _beginning(self, event_type: str) -> list[str]:
        return [f"{SUBSCRIPTIONS}/{name}" for name in self.keyed.all("types", event_type.partition(".")[0])]

    def _fields(self, pattern: str) -> list[str]:
        return [f"{SUBSCRIPTIONS}/{name}" for name in self.keyed.all("fields", pattern)]

    def _runs(self, pattern: str, field: str, value: Any) -> list[str]:
        return [f"{SUBSCRIPTIONS}/{name}" for name in self.keyed.all("runs", pattern, field, canonical(value))]
