"""The runs of the storm: started by events that senders deliver, reset by operators, and followed until they end."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType, ResetReapplyExcludeType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.exceptions import ApplicationError, TerminatedError
from temporalio.service import RPCError

from bench.faults.checks import JSON
from bench.faults.definitions import APPROVED, BEARER, BULK, HELD, ITEMS, LOOP, MIX, SECRET, event_type
from bench.faults.people import People
from bench.faults.steps import automation_of
from bench.senders import Delivery, Senders, cloud_event
from workers.sandbox.webhooks.signing import Proof
from workflows.view.attributes import HOLDS

PATIENCE = 5.0
"""Seconds after which a run that has not ended is asked whether it is held."""

ATTENDED = 1.0
"""Seconds after which people look again at a run that waits for them."""

TWICE, AT_ONCE = 3, 6
"""Which of ten events are delivered twice: again once they were taken, and to both gateways at the same time."""

UNBEGUN = 3
"""Events of a run that has completed no workflow task yet."""

EVENT_RESETS = 0.05
"""Share of the runs of the type `event` that are reset."""

WITHOUT = 3
"""One of so many resets of runs with approvals leaves out what came after the point."""

LEFT = 20
"""Every so many runs whose step waits because nobody knows are left waiting; people decide about the others."""


@dataclass(slots=True)
class Crowd:
    """Starts runs, and follows them until they end or wait for somebody who does not come.

    Attributes:
        client: connected to Temporal.
        senders: deliver their events.
        people: decide about their holds.
        chance: decides who is reset.
        resets: share of the runs that are reset, once or more.
        started: counts runs and resets.
        begun: runs whose events were taken.
        answered: runs that wait for an event, once that was taken.
        reports: the last report of each run.
        held: runs that wait for somebody.
        reset: runs that were reset.
        refused: why Temporal has not reset a run, and how often.
    """

    client: Client
    senders: Senders
    people: People
    chance: random.Random
    resets: float
    started: Counter[str]
    begun: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    reports: dict[str, JSON] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    reset: set[str] = field(default_factory=set)
    refused: Counter[str] = field(default_factory=Counter)

    def ended(self) -> int:
        """Return how many have ended or wait for somebody who does not come."""
        return len(self.reports) + len(self.held)

    async def routing(self, numbers: Iterator[int]) -> None:
        """Start one run after another."""
        for number in numbers:
            handle = self.client.get_workflow_handle(await self._begin(number))
            self.started["runs"] += 1
            await self._until_begun(handle)
            while self.chance.random() < self.resets:  # while it runs, when it has ended, and one that was reset before
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._follow(handle, number), self.chance.uniform(0, PATIENCE))
                await self._reset(handle)
            await self._follow(handle, number)

    async def _begin(self, number: int) -> str:
        """Have a run's event delivered, and return the workflow id of the run."""
        automation = MIX[number % len(MIX)]
        contact = {"number": f"+1555{number:07}", "ticket": str(number), "items": list(range(ITEMS))}
        event = await self._deliver(event_type(automation), str(number), {"contact": contact}, number)
        run = f"{automation}/{event}"
        self.begun.add(run)
        return run

    async def _until_begun(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Wait until the event has started its run, and that has a task to which it can be reset."""
        while True:
            with contextlib.suppress(RPCError):
                if (await handle.describe()).history_length > UNBEGUN:
                    return
            await asyncio.sleep(0.2)

    async def _deliver(self, kind: str, name: str, data: JSON, number: int) -> str:
        """Deliver an event through one door or the other, some twice, and return its id."""
        event = {"specversion": "1.0", "id": name, "source": "/bench", "type": kind, "data": data}
        delivery = cloud_event(event, BEARER)
        if number // len(MIX) % 2:
            delivery = Delivery("/hooks/hook", Proof("standardWebhooks", SECRET), name, event)
        deliver = self.senders.deliver
        if number % 10 == AT_ONCE:
            [taken], _ = await asyncio.gather(deliver(delivery, number), deliver(delivery, number + 1))
        else:
            [taken] = await deliver(delivery, number)
        if number % 10 == TWICE:
            await deliver(delivery, number + 1)
        if self.chance.random() < EVENT_RESETS:
            await self._reset(self.client.get_workflow_handle(taken["workflowId"]))
        found: str = taken["id"]
        return found

    async def _reset(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Reset a run to one of its workflow tasks, if Temporal is there."""
        try:
            events = [event async for event in handle.fetch_history_events()]
            tasks = [e.event_id for e in events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
            if not tasks:
                return
            self.reports.pop(handle.id, None)
            self.held.discard(handle.id)
            self.reset.add(handle.id)
            everything = ResetReapplyExcludeType.values()[1:]
            alone = automation_of(handle.id) == APPROVED and self.started["resets"] % WITHOUT == 0
            await self.client.workflow_service.reset_workflow_execution(
                ResetWorkflowExecutionRequest(
                    namespace=self.client.namespace,
                    workflow_execution=WorkflowExecution(workflow_id=handle.id),
                    reason="The storm",
                    workflow_task_finish_event_id=self.chance.choice(tasks),
                    request_id=str(self.started["resets"]),
                    reset_reapply_exclude_types=everything if alone else (),
                )
            )
            self.started["resets"] += 1
        except RPCError as error:
            self.refused[error.message[:100]] += 1

    async def _follow(self, handle: WorkflowHandle[Any, Any], number: int) -> None:
        automation = automation_of(handle.id)
        attended = automation in {APPROVED, BULK, LOOP} or (automation == HELD and number % LEFT)
        while True:
            try:
                self.reports[handle.id] = await asyncio.wait_for(handle.result(), ATTENDED if attended else PATIENCE)
            except TimeoutError:
                if attended:
                    await self.people.attend(handle.id)
                    await self._answer(handle, number)
                elif await self._is_held(handle):
                    self.held.add(handle.id)
                    return
            except WorkflowFailureError as failure:
                cause = failure.cause
                if isinstance(cause, ApplicationError) and cause.details:
                    self.reports[handle.id] = cause.details[0]
                if not isinstance(cause, TerminatedError):  # a reset ended it so, and the next one is followed
                    return
            except RPCError:  # Temporal is away, or the event has not started it yet
                await asyncio.sleep(0.2)
            else:
                return

    async def _answer(self, handle: WorkflowHandle[Any, Any], number: int) -> None:
        """Deliver the event that a run waits for, once it has begun to."""
        if automation_of(handle.id) != LOOP or handle.id in self.answered:
            return
        with contextlib.suppress(RPCError):
            report: JSON = await handle.query("report")
            if any(step["id"] == "each" and step["status"] != "pending" for step in report["steps"]):
                await self._deliver("storm.answered", f"answer-{number}", {"run": handle.id}, number)
                self.answered.add(handle.id)

    async def _is_held(self, handle: WorkflowHandle[Any, Any]) -> bool:
        try:
            described = await handle.describe()
        except RPCError:
            return False
        raw = described.raw_description
        busy = raw.pending_activities or raw.HasField("pending_workflow_task")
        return bool(described.typed_search_attributes.get(HOLDS)) and not busy

    async def ask_held(self) -> None:
        """Ask the runs that wait for their reports."""
        for run in sorted(self.held):
            self.reports[run] = await self.client.get_workflow_handle(run).query("report")
