"""An author's schedule as Temporal keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from trunkline.wire import STARTER
from workers.client.schedules import schedule_id
from workers.definitions.model.cron import Range, read_cron

if TYPE_CHECKING:
    from temporalio.client import Schedule, ScheduleSpec

    from workers.definitions.model.schedule import Schedule as Wanted


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
