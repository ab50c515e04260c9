"""Making Temporal's schedules those of a folder: what differs, and doing something about it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from workers.client.schedules import StoredSchedule, as_kept, described, handle_of, names, now, schedule_id, text_of
from workers.client.temporal_schedules import temporal_schedule
from workers.definitions.automations import Automations, UnsettledError
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.client import Client, Schedule, ScheduleUpdate, ScheduleUpdateInput

    from workers.definitions.model.schedule import Schedule as Wanted

What = Literal["create", "update", "remove", "none", "keep"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleChange:
    """What becomes of one schedule.

    Attributes:
        what: what is done about it; `keep`: nothing, as nobody can say what its automation is.
        kept: the schedule as it is, or will be.
        why: why it is kept.
        wanted: what Temporal is to keep.
    """

    what: What
    kept: StoredSchedule
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


def wishes_of(automations: Automations) -> Wishes:
    """Return what the definitions of a folder say about schedules, and of which automations it cannot be said.

    Raises:
        TrunklineError: the folder cannot be read.
    """
    try:
        bad, nameless = automations.unknown()
    except UnsettledError as error:
        raise TrunklineError(str(error)) from None
    wanted: dict[str, Wanted] = {
        one.name: one.schedule for one in automations.loaded() if one.schedule is not None and one.live
    }
    return Wishes(schedules=wanted, bad=bad, nameless=tuple(nameless))


async def compare(client: Client, task_queue: str, wishes: Wishes) -> list[ScheduleChange]:
    """Return what makes Temporal keep what a folder wants, by automation; only this task queue's schedules count.

    Args:
        client: a connected client.
        task_queue: the task queue of the workers.
        wishes: what the folder says.
    """
    there = {name async for name in names(client, task_queue)}
    every = sorted({*there, *wishes.schedules})
    return await asyncio.gather(*(_change(client, task_queue, name, wishes) for name in every))


async def apply(client: Client, changes: Iterable[ScheduleChange]) -> list[ScheduleChange]:
    """Do what was found to be done, and return it with the schedules as they are now."""
    return [await _apply(client, change) for change in changes]


async def _change(client: Client, task_queue: str, name: str, wishes: Wishes) -> ScheduleChange:
    found = await described(handle_of(client, task_queue, name))
    if name in wishes.schedules:
        wanted = temporal_schedule(task_queue, name, wishes.schedules[name])
        coming = StoredSchedule(automation=name, id=schedule_id(task_queue, name), text=text_of(wanted.spec))
        if found is None:
            return ScheduleChange(what="create", kept=coming, wanted=wanted)
        if _same(found.schedule, wanted):
            return ScheduleChange(what="none", kept=as_kept(name, found))
        state = found.schedule.state
        renewed = replace(coming, paused=state.paused, note=state.note or None)
        return ScheduleChange(what="update", kept=renewed, wanted=wanted)
    if found is None:  # somebody has removed it meanwhile
        return ScheduleChange(
            what="none", kept=StoredSchedule(automation=name, id=schedule_id(task_queue, name), text="never")
        )
    doubt = wishes.doubt(name)
    return ScheduleChange(what="remove" if doubt is None else "keep", kept=as_kept(name, found), why=doubt)


def _same(found: Schedule, wanted: Schedule) -> bool:
    def action(schedule: Schedule) -> tuple[Any, ...]:
        return tuple(getattr(schedule.action, name, None) for name in ("workflow", "id", "task_queue"))

    return (
        found.spec == wanted.spec
        and found.policy == wanted.policy
        and action(found) == action(wanted)
        and not getattr(found.action, "args", ())
    )


async def _apply(client: Client, change: ScheduleChange) -> ScheduleChange:
    from temporalio.client import ScheduleAlreadyRunningError, ScheduleUpdate
    from temporalio.service import RPCError, RPCStatusCode

    handle = client.get_schedule_handle(change.kept.id)
    if change.what == "remove":
        try:
            await handle.delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        return change
    if change.wanted is None:
        return change
    wanted = change.wanted

    def renewed(found: ScheduleUpdateInput) -> ScheduleUpdate:
        wanted.state = found.description.schedule.state  # what is paused stays so
        return ScheduleUpdate(wanted)

    try:
        if change.what == "create":
            await client.create_schedule(handle.id, wanted)
        else:
            await handle.update(renewed)
    except ScheduleAlreadyRunningError:  # somebody else has just made it
        await handle.update(renewed)
    return ScheduleChange(what=change.what, kept=await now(client, handle.id, change.kept.automation))
