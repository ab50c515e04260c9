"""What a run that was reset may have carried out before: read from the histories that the reset left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from temporalio import activity
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.service import RPCError, RPCStatusCode

from trunkline.wire import BEFORE_RESET, EVERY_STEP, NOT_SENT, REFUSED, SENDING, UNAVAILABLE
from workflows.run.encrypted import needs_key

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client

CERTAIN = frozenset({REFUSED, UNAVAILABLE, NOT_SENT})
"""Error types that say that an attempt had no effect."""

ALL_OF_IT = 0


class ResetActivities:
    """Answers which steps of a reset run may have been carried out in the histories before its reset.

    Args:
        client: reads histories.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn(name=BEFORE_RESET)
    async def earlier(self, question: dict[str, Any]) -> list[str]:
        """Return the activity ids of those steps; `*` alone where a history is gone, so that any may have run."""
        workflow_id, run = question["workflow"], activity.info().workflow_run_id
        try:
            own, left = await self._own(workflow_id, run, question["resets"])
            left += await self._others(workflow_id, own)
            return sorted(await self._carried_out(workflow_id, own, left))
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return [EVERY_STEP]

    async def _own(self, workflow_id: str, run: str | None, resets: int) -> tuple[set[str], list[_Left]]:
        """Return the runs that this one goes on from, back to the first reset, and what the resets left behind."""
        own: set[str] = set()
        left: list[_Left] = []
        while run and len(left) < resets:
            events = await self._history(workflow_id, run)
            own.add(run)
            left += _left(events)
            run = events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        return own, left

    async def _others(self, workflow_id: str, own: set[str]) -> list[_Left]:
        """Return the runs that are themselves reset ones, such as an earlier reset to a point before this one's."""
        quoted = workflow_id.replace("\\", "\\\\").replace('"', '\\"')
        listed = [run.run_id async for run in self.client.list_workflows(f'WorkflowId = "{quoted}"')]
        others = [run for run in listed if run not in own]
        return [_Left(run, ALL_OF_IT) for run in others if _left(await self._history(workflow_id, run))]

    async def _carried_out(self, workflow_id: str, own: set[str], left: list[_Left]) -> set[str]:
        """Return what was done in the histories that were left behind, and in all that led to or followed from them."""
        seen: dict[str, int] = {}
        done: set[str] = set()
        while left:
            one = left.pop()
            if one.run in own or seen.get(one.run, one.since + 1) <= one.since:
                continue
            seen[one.run] = one.since
            events = await self._history(workflow_id, one.run)
            done |= _carried_out(events, one.since)
            left += [_Left(base.run, min(base.since, one.since)) for base in _left(events)]
            left += [_Left(run, ALL_OF_IT) for run in _continued(events)]
        return done

    async def _history(self, workflow_id: str, run: str) -> list[HistoryEvent]:
        activity.heartbeat()
        return [event async for event in self._events(workflow_id, run)]

    async def _events(self, workflow_id: str, run: str) -> AsyncIterator[HistoryEvent]:
        codec = self.client.data_converter.payload_codec
        async for event in self.client.get_workflow_handle(workflow_id, run_id=run).fetch_history_events():
            if codec is not None and event.HasField("activity_task_timed_out_event_attributes"):
                await codec.decode_failure(event.activity_task_timed_out_event_attributes.failure)
            yield event


@dataclass(frozen=True, slots=True)
class _Left:
    """A history that a reset left behind.

    Attributes:
        run: its run id.
        since: the event from which on it is another one than that of the run that asks, which knows all before.
    """

    run: str
    since: int


def _left(events: list[HistoryEvent]) -> list[_Left]:
    """Return the runs from which a run was reset."""
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
    failed = [(event.event_id, event.workflow_task_failed_event_attributes) for event in events]
    return [_Left(task.base_run_id, event_id) for event_id, task in failed if task.cause == cause]


def _continued(events: list[HistoryEvent]) -> list[str]:
    """Return the run that a run continued as."""
    last = events[-1] if events else None
    if last is None or last.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
        return []
    return [last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id]


def _carried_out(events: list[HistoryEvent], since: int) -> set[str]:
    """Return the ids of activities that were scheduled, and had not ended before `since` or certainly in vain.

    A step that is repeated schedules one activity after the other under the same id: one that may have run suffices.
    """
    may_have_run: dict[int, str] = {}
    for event in events:
        match event.WhichOneof("attributes"):
            case "activity_task_scheduled_event_attributes":
                may_have_run[event.event_id] = event.activity_task_scheduled_event_attributes.activity_id
            case "activity_task_completed_event_attributes":
                completed = event.activity_task_completed_event_attributes
                if event.event_id < since:
                    del may_have_run[completed.scheduled_event_id]
            case "activity_task_failed_event_attributes":
                failed = event.activity_task_failed_event_attributes
                if event.event_id < since or failed.failure.application_failure_info.type in CERTAIN:
                    del may_have_run[failed.scheduled_event_id]
            case "activity_task_timed_out_event_attributes":
                timed_out = event.activity_task_timed_out_event_attributes
                details = timed_out.failure.timeout_failure_info.last_heartbeat_details.payloads
                marked = any(needs_key(payload) or SENDING.encode() in payload.data for payload in details)
                if event.event_id < since or not marked:
                    del may_have_run[timed_out.scheduled_event_id]
    return set(may_have_run.values())
