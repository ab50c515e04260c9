"""What a run that was reset may have carried out before: read from the histories that the reset left behind."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from temporalio import activity
from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.service import RPCError, RPCStatusCode

from trunkline.wire import BEFORE_RESET, EVERY_STEP, REFUSED, SENDING, UNAVAILABLE
from workflows.run.encrypted import needs_key

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client

CERTAIN = frozenset({REFUSED, UNAVAILABLE})
"""Error types that say that an attempt had no effect."""


class Earlier:
    """Answers which steps of a reset run may have been carried out in the histories before its reset.

    Args:
        client: reads histories.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    @activity.defn(name=BEFORE_RESET)
    async def earlier(self, run: dict[str, str]) -> list[str]:
        """Return the activity ids of those steps; `*` alone where a history is gone, so that any may have run."""
        seen: set[str] = set()
        waiting = [run["run"]]
        may_have_run: set[str] = set()
        first = True
        try:
            while waiting:
                run_id = waiting.pop()
                if run_id in seen:
                    continue
                seen.add(run_id)
                activity.heartbeat()
                events = [event async for event in self._history(run["workflow"], run_id)]
                waiting += _bases(events)
                if not first:
                    may_have_run |= _carried_out(events)
                    waiting += _continued(events)
                first = False
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            return [EVERY_STEP]
        return sorted(may_have_run)

    async def _history(self, workflow_id: str, run_id: str) -> AsyncIterator[HistoryEvent]:
        codec = self.client.data_converter.payload_codec
        async for event in self.client.get_workflow_handle(workflow_id, run_id=run_id).fetch_history_events():
            if codec is not None and event.HasField("activity_task_timed_out_event_attributes"):
                await codec.decode_failure(event.activity_task_timed_out_event_attributes.failure)
            yield event


def _bases(events: Iterable[HistoryEvent]) -> list[str]:
    """Return the runs from which a run was reset."""
    failed = [event.workflow_task_failed_event_attributes for event in events]
    cause = WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW
    return [attributes.base_run_id for attributes in failed if attributes.cause == cause]


def _continued(events: list[HistoryEvent]) -> list[str]:
    """Return the run that a run continued as."""
    last = events[-1] if events else None
    if last is None or last.event_type != EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW:
        return []
    return [last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id]


def _carried_out(events: Iterable[HistoryEvent]) -> set[str]:
    """Return the ids of activities that were scheduled and did not certainly end without an effect."""
    ids: dict[int, str] = {}
    may_have_run: dict[str, bool] = {}
    for event in events:
        match event.WhichOneof("attributes"):
            case "activity_task_scheduled_event_attributes":
                name = event.activity_task_scheduled_event_attributes.activity_id
                ids[event.event_id] = name
                may_have_run[name] = True
            case "activity_task_failed_event_attributes":
                failed = event.activity_task_failed_event_attributes
                if failed.failure.application_failure_info.type in CERTAIN:
                    may_have_run[ids[failed.scheduled_event_id]] = False
            case "activity_task_timed_out_event_attributes":
                timed_out = event.activity_task_timed_out_event_attributes
                details = timed_out.failure.timeout_failure_info.last_heartbeat_details.payloads
                if not any(needs_key(payload) or SENDING.encode() in payload.data for payload in details):
                    may_have_run[ids[timed_out.scheduled_event_id]] = False
    return {name for name, possible in may_have_run.items() if possible}
