"""Reading the events of one run into rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, get_args

from workers.client.history.rows import (
    Activity,
    ActivityEnd,
    Kind,
    LocalActivity,
    ResetFrom,
    Run,
    Signal,
    Start,
    StartedRun,
    Update,
)

if TYPE_CHECKING:
    from temporalio.api.history.v1 import HistoryEvent


ACTIVITY, CHILD, RUN = "activity_task", "child_workflow_execution", "workflow_execution"

KINDS: tuple[Kind, ...] = get_args(Kind)
ENDINGS = {f"{what}_{kind}": (what, kind) for what in (ACTIVITY, CHILD, RUN) for kind in KINDS}
"""What ends by an event, and how, by the name of the event's attributes."""


def run_of(events: Sequence[HistoryEvent]) -> Run:
    """Return what the events of a run say, all of them in their order.

    Raises:
        ValueError: the first is not the one with which a run begins.
    """
    start = start_of(events[0]) if events else None
    if start is None:
        raise ValueError("A history begins with the event that its run was started.")
    return _Reading(Run(start=start, last=_moment(events[-1]))).whole(events)


def start_of(event: HistoryEvent) -> Start | None:
    """Return how a run began, where the event says it."""
    if not event.HasField("workflow_execution_started_event_attributes"):
        return None
    started = event.workflow_execution_started_event_attributes
    return Start(
        at=_moment(event),
        workflow_type=started.workflow_type.name,
        input=started.input.payloads,
        continues=started.continued_execution_run_id or None,
    )


def local_activity_of(event: HistoryEvent) -> LocalActivity | None:
    """Return what the run asked its worker, where the event says it."""
    if not event.HasField("marker_recorded_event_attributes"):
        return None
    details = event.marker_recorded_event_attributes.details
    about = details["data"].payloads if "data" in details else ()
    name = json.loads(about[0].data).get("activity_type") if about else None
    if name is None:
        return None  # a patch's marker, or somebody else's
    result = details["result"].payloads if "result" in details else ()
    return LocalActivity(name, result[0] if result else None)


def _moment(event: HistoryEvent) -> datetime:
    return event.event_time.ToDatetime(UTC)


class _Reading:
    """Reads what ends by `_ended`, and each other event by the method that has the name of its attributes."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.scheduled: dict[int, Activity] = {}
        self.initiated: dict[int, StartedRun] = {}
        self.updates: dict[str, Update] = {}

    def whole(self, events: Sequence[HistoryEvent]) -> Run:
        for event in events:
            field = event.WhichOneof("attributes") or ""
            name, attributes = field.removesuffix("_event_attributes"), getattr(event, field, None)
            if (ending := ENDINGS.get(name)) is not None:
                self._ended(*ending, event, attributes)
            elif (reader := getattr(self, f"_{name}", None)) is not None:
                reader(event, attributes)
        return self.run

    def _ended(self, what: str, kind: Kind, event: HistoryEvent, ended: Any) -> None:
        if what == ACTIVITY:
            self.scheduled[ended.scheduled_event_id].end = _end(event, kind, ended)
        elif what == CHILD:
            self.initiated[ended.initiated_event_id].end = _end(event, kind, ended)
        else:
            self.run.closed = kind

    # Activities.

    def _activity_task_scheduled(self, event: HistoryEvent, scheduled: Any) -> None:
        activity = self.scheduled[event.event_id] = Activity(
            event=event.event_id,
            id=scheduled.activity_id,
            name=scheduled.activity_type.name,
            input=scheduled.input.payloads,
        )
        self.run.activities.append(activity)

    def _activity_task_started(self, _: HistoryEvent, started: Any) -> None:
        activity = self.scheduled[started.scheduled_event_id]
        activity.attempts = max(started.attempt, 1)
        if started.HasField("last_failure"):
            activity.last_failure = started.last_failure

    def _marker_recorded(self, event: HistoryEvent, _: Any) -> None:
        activity = local_activity_of(event)
        if activity is not None:
            self.run.local_activities.append(activity)

    # Runs that it started.

    def _start_child_workflow_execution_initiated(self, event: HistoryEvent, initiated: Any) -> None:
        call = self.initiated[event.event_id] = StartedRun(
            event=event.event_id,
            run=initiated.workflow_id,
            automation=initiated.workflow_type.name,
            input=initiated.input.payloads,
        )
        self.run.calls.append(call)

    # What came from outside, and what it showed there.

    def _workflow_execution_update_admitted(self, event: HistoryEvent, admitted: Any) -> None:
        """Know an update that a reset has brought again: its acceptance does not say any more what it was."""
        self.updates[admitted.request.meta.update_id] = _update(event, admitted.request)

    def _workflow_execution_update_accepted(self, event: HistoryEvent, accepted: Any) -> None:
        name = accepted.protocol_instance_id
        if name not in self.updates or accepted.accepted_request.input.name:
            self.updates[name] = _update(event, accepted.accepted_request)
        update = self.updates[name]
        update.at = _moment(event)
        self.run.updates.append(update)

    def _workflow_execution_update_completed(self, event: HistoryEvent, completed: Any) -> None:
        update = self.updates[completed.meta.update_id]
        update.completed = event.event_id
        update.result = completed.outcome.success.payloads

    def _workflow_execution_signaled(self, event: HistoryEvent, signaled: Any) -> None:
        signal = Signal(event.event_id, signaled.signal_name, signaled.input.payloads, _moment(event))
        self.run.signals.append(signal)

    def _workflow_properties_modified(self, _: HistoryEvent, modified: Any) -> None:
        self.run.memos.append(modified.upserted_memo.fields)

    # Resets, and its end.

    def _workflow_task_failed(self, event: HistoryEvent, failed: Any) -> None:
        from temporalio.api.enums.v1 import WorkflowTaskFailedCause

        if failed.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW:
            self.run.resets.append(ResetFrom(failed.base_run_id, event.event_id))

    def _workflow_execution_continued_as_new(self, _: HistoryEvent, continued: Any) -> None:
        self.run.continued_as = continued.new_execution_run_id


def _end(event: HistoryEvent, kind: Kind, ended: Any) -> ActivityEnd:
    return ActivityEnd(
        kind=kind,
        event=event.event_id,
        at=_moment(event),
        result=ended.result.payloads if kind == "completed" else (),
        failure=ended.failure if "failure" in ended.DESCRIPTOR.fields_by_name else None,
    )


def _update(event: HistoryEvent, request: Any) -> Update:
    return Update(name=request.input.name, input=request.input.args.payloads, at=_moment(event))
