"""The schedules of a task queue as Temporal keeps them: listed, paused and resumed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trunkline.durations import spell
from trunkline.wire import LONGEST_ID
from workers.client.transport import lacks_namespace
from workers.definitions.problems import nearest
from workers.errors import NotFoundError, TrunklineError
from workflows.report import timestamp

if TYPE_CHECKING:
    from temporalio.client import Client, ScheduleDescription, ScheduleHandle, ScheduleSpec

ROOT = "trunkline"
INSTANT = len("-2026-11-28T08:00:00Z")
"""Bytes that Temporal appends to the workflow id of what a schedule starts."""

SHOWN = 3
"""Instants to come that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSchedule:
    """A schedule as Temporal keeps it.

    Attributes:
        automation: the automation that it starts.
        text: when, as an author would say it.
        paused: whether it starts nothing for now, and `note` why.
        coming: the next instants, jitter included; of a paused one those that it lets pass.
        running: workflow ids of the runs that it has started and that go on.
    """

    automation: str
    id: str
    text: str
    paused: bool = False
    note: str | None = None
    coming: list[str] = field(default_factory=list)
    running: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return it in the public words of the command line."""
        return {
            "automation": self.automation,
            "id": self.id,
            "schedule": self.text,
            "paused": self.paused,
            **({"note": self.note} if self.note else {}),
            "next": self.coming,
            "running": self.running,
        }


def schedule_id(task_queue: str, automation: str) -> str:
    """Return the id of an automation's schedule, which is also what the ids of its starters begin with.

    Raises:
        TrunklineError: Temporal's databases do not take so long an id.
    """
    made = f"{ROOT}/{task_queue}/{automation}"
    if len(made.encode()) + INSTANT > LONGEST_ID:
        raise TrunklineError(
            f"The id of the schedule {made} is too long: with its instant, Temporal takes at most {LONGEST_ID} bytes."
        )
    return made


async def kept(client: Client, task_queue: str) -> list[StoredSchedule]:
    """Return the schedules of a task queue, by automation."""
    there = sorted([name async for name in names(client, task_queue)])
    found = await asyncio.gather(*(described(handle_of(client, task_queue, name)) for name in there))
    return [as_kept(name, one) for name, one in zip(there, found, strict=True) if one is not None]


async def pause(client: Client, task_queue: str, automation: str, *, paused: bool, note: str) -> StoredSchedule:
    """Pause the schedule of an automation, or resume it.

    Raises:
        NotFoundError: it has none.
    """
    handle = handle_of(client, task_queue, automation)
    if await described(handle) is None:
        there = [name async for name in names(client, task_queue)]
        hint = nearest(automation, there) or "`trunkline schedules` lists them, and `trunkline deploy` makes them."
        raise NotFoundError(f"There is no schedule of {automation!r:.100} on the task queue {task_queue}. {hint}")
    await (handle.pause(note=note) if paused else handle.unpause(note=note))
    return await now(client, handle.id, automation)


async def names(client: Client, task_queue: str) -> AsyncIterator[str]:
    """Yield the automations that have a schedule on a task queue."""
    beginning = f"{ROOT}/{task_queue}/"
    async for one in await client.list_schedules():
        name = one.id.removeprefix(beginning)
        if one.id.startswith(beginning) and "/" not in name:
            yield name


async def now(client: Client, name: str, automation: str) -> StoredSchedule:
    """Return the schedule of an id as it is now."""
    found = await described(client.get_schedule_handle(name))
    return StoredSchedule(automation=automation, id=name, text="never") if found is None else as_kept(automation, found)


def handle_of(client: Client, task_queue: str, automation: str) -> ScheduleHandle:
    """Return the handle of an automation's schedule, whether there is one or not."""
    return client.get_schedule_handle(schedule_id(task_queue, automation))


async def described(handle: ScheduleHandle) -> ScheduleDescription | None:
    """Return a schedule, or None where there is none of that id."""
    from temporalio.service import RPCError, RPCStatusCode

    try:
        return await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and not lacks_namespace(error.message):
            return None
        raise


def as_kept(automation: str, found: ScheduleDescription) -> StoredSchedule:
    """Return a schedule as it is shown."""
    state = found.schedule.state
    return StoredSchedule(
        automation=automation,
        id=found.id,
        text=text_of(found.schedule.spec),
        paused=state.paused,
        note=state.note or None,
        coming=[timestamp(at) for at in found.info.next_action_times[:SHOWN]],
        running=[_run(automation, one.workflow_id) for one in found.info.running_actions],  # type: ignore[attr-defined] # a schedule of ours starts workflows
    )


def text_of(spec: ScheduleSpec) -> str:
    """Return when a schedule starts something, as an author would say it."""
    zone = f" {spec.time_zone_name}" if spec.time_zone_name else ""
    times = [f"{calendar.comment or 'a calendar'}{zone}" for calendar in spec.calendars]
    times += [f"every {spell(round(one.every.total_seconds() * 1_000))}" for one in spec.intervals]
    return ", ".join(times) or "never"


def _run(automation: str, starter: str) -> str:
    """Return the workflow id of the run that a starter has started."""
    return f"{automation}/schedule-{starter[1 - INSTANT :]}"
