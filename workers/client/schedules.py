"""The schedules of a task queue as Temporal keeps them, and what makes them those that a folder wants."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from trunkline.durations import spell
from trunkline.wire import LONGEST_ID, STARTER
from workers.definitions.model.cron import Range, read_cron
from workers.definitions.problems import nearest
from workers.errors import NotFoundError, TrunklineError
from workflows.report import timestamp

if TYPE_CHECKING:
    from temporalio.client import Client, Schedule, ScheduleDescription, ScheduleHandle, ScheduleSpec

    from workers.definitions.model.schedule import Schedule as Wanted

ROOT = "trunkline"
INSTANT = len("-2026-11-28T08:00:00Z")
"""Bytes that Temporal appends to the workflow id of what a schedule starts."""

SHOWN = 3
"""Instants to come that are shown."""

What = Literal["create", "update", "remove", "none", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of one schedule.

    Attributes:
        what: what is done about it; `keep`: nothing, as nobody can say what its automation is.
        kept: the schedule as it is, or will be.
        why: why it is kept.
        wanted: what Temporal is to keep.
    """

    what: What
    kept: Kept
    why: str | None = None
    wanted: Schedule | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it in the public words of the command line."""
        reason = {} if self.why is None else {"reason": self.why}
        return {"change": self.what, **self.kept.to_json(), **reason}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a folder says about schedules.

    Attributes:
        schedules: the schedule of each automation that has one and is live.
        bad: why nobody can say what an automation is, by its name.
        nameless: bad files of which nobody can say which automation they define: it may be any.
    """

    schedules: Mapping[str, Wanted]
    bad: Mapping[str, str] = field(default_factory=dict)
    nameless: tuple[str, ...] = ()

    def doubt(self, automation: str) -> str | None:
        """Return why a schedule must stay although the folder has no automation for it, or None where it may go."""
        if automation in self.bad:
            return self.bad[automation]
        if self.nameless:
            return f"{self.nameless[0]} is bad and does not say its name: it may be this one."
        return None


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


async def compare(client: Client, task_queue: str, wishes: Wishes) -> list[Change]:
    """Return what makes Temporal keep what a folder wants, by automation; only this task queue's schedules count.

    Args:
        client: a connected client.
        task_queue: the task queue of the workers.
        wishes: what the folder says.
    """
    there = {name async for name in _names(client, task_queue)}
    names = sorted({*there, *wishes.schedules})
    return await asyncio.gather(*(_change(client, task_queue, name, wishes) for name in names))


async def apply(client: Client, changes: Iterable[Change]) -> list[Change]:
    """Do what was found to be done, and return it with the schedules as they are now."""
    return [await _apply(client, change) for change in changes]


async def kept(client: Client, task_queue: str) -> list[Kept]:
    """Return the schedules of a task queue, by automation."""
    names = sorted([name async for name in _names(client, task_queue)])
    found = await asyncio.gather(*(_described(_handle(client, task_queue, name)) for name in names))
    return [_kept(name, one) for name, one in zip(names, found, strict=True) if one is not None]


async def pause(client: Client, task_queue: str, automation: str, *, paused: bool, note: str) -> Kept:
    """Pause the schedule of an automation, or resume it.

    Raises:
        NotFoundError: it has none.
    """
    handle = _handle(client, task_queue, automation)
    if await _described(handle) is None:
        names = [name async for name in _names(client, task_queue)]
        hint = nearest(automation, names) or "`trunkline schedules` lists them, and `trunkline deploy` makes them."
        raise NotFoundError(f"There is no schedule of {automation!r:.100} on the task queue {task_queue}. {hint}")
    await (handle.pause(note=note) if paused else handle.unpause(note=note))
    return await _now(client, handle.id, automation)


def temporal_schedule(task_queue: str, automation: str, wanted: Wanted) -> Schedule:
    """Return what Temporal keeps for an author's schedule."""
    from temporalio.client import Schedule, ScheduleActionStartWorkflow, ScheduleOverlapPolicy, SchedulePolicy

    overlaps = {
        "skip": ScheduleOverlapPolicy.SKIP,
        "bufferOne": ScheduleOverlapPolicy.BUFFER_ONE,
        "bufferAll": ScheduleOverlapPolicy.BUFFER_ALL,
        "cancelOther": ScheduleOverlapPolicy.CANCEL_OTHER,
        "terminateOther": ScheduleOverlapPolicy.TERMINATE_OTHER,
        "allowAll": ScheduleOverlapPolicy.ALLOW_ALL,
    }
    return Schedule(
        action=ScheduleActionStartWorkflow(STARTER, id=schedule_id(task_queue, automation), task_queue=task_queue),
        spec=_spec(wanted),
        policy=SchedulePolicy(overlap=overlaps[wanted.overlap], catchup_window=timedelta(milliseconds=wanted.catch_up)),
    )


def _spec(wanted: Wanted) -> ScheduleSpec:
    from temporalio.client import ScheduleCalendarSpec, ScheduleIntervalSpec, ScheduleRange, ScheduleSpec

    jitter = None if wanted.jitter is None else timedelta(milliseconds=wanted.jitter)
    if wanted.cron is None:
        every = timedelta(milliseconds=wanted.every or 0)
        return ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)], jitter=jitter)
    cron = read_cron(wanted.cron)

    def ranges(parts: Iterable[Range]) -> tuple[ScheduleRange, ...]:
        return tuple(ScheduleRange(part.start, part.end, part.step) for part in parts)

    calendar = ScheduleCalendarSpec(
        minute=ranges(cron.minutes),
        hour=ranges(cron.hours),
        day_of_month=ranges(cron.days_of_month),
        month=ranges(cron.months),
        day_of_week=ranges(cron.days_of_week),
        comment=wanted.cron,
    )
    return ScheduleSpec(calendars=[calendar], jitter=jitter, time_zone_name=wanted.time_zone)


def _text(spec: ScheduleSpec) -> str:
    """Return when a schedule starts something, as an author would say it."""
    zone = f" {spec.time_zone_name}" if spec.time_zone_name else ""
    said = [f"{calendar.comment or 'a calendar'}{zone}" for calendar in spec.calendars]
    said += [f"every {spell(round(one.every.total_seconds() * 1_000))}" for one in spec.intervals]
    return ", ".join(said) or "never"


async def _names(client: Client, task_queue: str) -> AsyncIterator[str]:
    """Yield the automations that have a schedule on a task queue."""
    beginning = f"{ROOT}/{task_queue}/"
    async for one in await client.list_schedules():
        name = one.id.removeprefix(beginning)
        if one.id.startswith(beginning) and "/" not in name:
            yield name


async def _change(client: Client, task_queue: str, name: str, wishes: Wishes) -> Change:
    found = await _described(_handle(client, task_queue, name))
    if name in wishes.schedules:
        wanted = temporal_schedule(task_queue, name, wishes.schedules[name])
        coming = Kept(automation=name, id=schedule_id(task_queue, name), text=_text(wanted.spec))
        if found is None:
            return Change(what="create", kept=coming, wanted=wanted)
        if _same(found.schedule, wanted):
            return Change(what="none", kept=_kept(name, found))
        now = _kept(name, found)
        renewed = Kept(automation=name, id=now.id, text=coming.text, paused=now.paused, note=now.note)
        return Change(what="update", kept=renewed, wanted=wanted)
    if found is None:  # somebody has removed it meanwhile
        return Change(what="none", kept=Kept(automation=name, id=schedule_id(task_queue, name), text="never"))
    doubt = wishes.doubt(name)
    return Change(what="remove" if doubt is None else "keep", kept=_kept(name, found), why=doubt)


def _same(found: Schedule, wanted: Schedule) -> bool:
    def action(schedule: Schedule) -> tuple[Any, ...]:
        return tuple(getattr(schedule.action, name, None) for name in ("workflow", "id", "task_queue"))

    return (
        found.spec == wanted.spec
        and found.policy == wanted.policy
        and action(found) == action(wanted)
        and not getattr(found.action, "args", ())
    )


async def _apply(client: Client, change: Change) -> Change:
    from temporalio.client import ScheduleAlreadyRunningError, ScheduleUpdate, ScheduleUpdateInput

    handle, wanted = client.get_schedule_handle(change.kept.id), change.wanted

    def renewed(now: ScheduleUpdateInput) -> ScheduleUpdate | None:
        if wanted is None:
            return None
        wanted.state = now.description.schedule.state  # what is paused stays so
        return ScheduleUpdate(wanted)

    if change.what == "remove":
        await handle.delete()
        return change
    if wanted is None:
        return change
    if change.what == "create":
        try:
            await client.create_schedule(handle.id, wanted)
        except ScheduleAlreadyRunningError:  # somebody else has just made it
            await handle.update(renewed)
    else:
        await handle.update(renewed)
    return Change(what=change.what, kept=await _now(client, handle.id, change.kept.automation))


async def _now(client: Client, name: str, automation: str) -> Kept:
    found = await _described(client.get_schedule_handle(name))
    return Kept(automation=automation, id=name, text="never") if found is None else _kept(automation, found)


def _handle(client: Client, task_queue: str, automation: str) -> ScheduleHandle:
    return client.get_schedule_handle(schedule_id(task_queue, automation))


async def _described(handle: ScheduleHandle) -> ScheduleDescription | None:
    """Return a schedule, or None where there is none of that id."""
    from temporalio.service import RPCError, RPCStatusCode

    try:
        return await handle.describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
            return None
        raise


def _kept(automation: str, found: ScheduleDescription) -> Kept:
    state = found.schedule.state
    return Kept(
        automation=automation,
        id=found.id,
        text=_text(found.schedule.spec),
        paused=state.paused,
        note=state.note or None,
        coming=[_said(at) for at in found.info.next_action_times[:SHOWN]],
        running=[_run(automation, one.workflow_id) for one in found.info.running_actions],  # type: ignore[attr-defined] # a schedule of ours starts workflows
    )


def _said(at: datetime) -> str:
    return timestamp(at)


def _run(automation: str, starter: str) -> str:
    """Return the workflow id of the run that a starter has started."""
    return f"{automation}/schedule-{starter[1 - INSTANT :]}"
