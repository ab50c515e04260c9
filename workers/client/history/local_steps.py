"""Local steps in a history: each reads there like an action that went through Temporal's queue.

What Temporal writes down of a local activity is its name and what it gave. So the answer of an action, or its error,
says what was sent, too. Here that becomes the three events that any other action leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure
    from temporalio.client import Client

MARKER = "core_local_activity"
"""What Temporal's core calls the marker of a local activity."""

CALL = "call"


async def with_local_steps(client: Client, events: Sequence[HistoryEvent]) -> list[HistoryEvent]:
    """Return the events of a history with local steps as other actions read.

    Args:
        client: decodes what was given.
        events: the events, the oldest first.

    Raises:
        MissingKeyError: what a step gave is encrypted under a key that is not at hand.
    """
    found: list[HistoryEvent] = []
    failed: dict[str, Failure] = {}
    for event in events:
        about = _about(event)
        if about is None:
            found.append(event)
            continue
        marker, name = event.marker_recorded_event_attributes, about["activity_id"]
        if about.get("backoff") is not None:  # it is tried again
            failed[name] = marker.failure
            continue
        given = await _given(client, event)
        call = given.pop(CALL, None)
        if call is not None:
            found += _as_queued(event, about, call, given, failed.pop(name, None))
    return found


def _about(event: HistoryEvent) -> Mapping[str, Any] | None:
    """Return what the marker of a local step says of it; None for every other event, and for what runs ask a worker."""
    if not event.HasField("marker_recorded_event_attributes"):
        return None
    marker = event.marker_recorded_event_attributes
    if marker.marker_name != MARKER or "data" not in marker.details:
        return None
    about: Mapping[str, Any] = json.loads(marker.details["data"].payloads[0].data)
    return None if ":" in about.get("activity_type", ":") else about


async def _given(client: Client, event: HistoryEvent) -> dict[str, Any]:
    """Return the answer of a local step, or the details of its error; nothing where it was too late to say any."""
    from temporalio.common import RawValue
    from temporalio.exceptions import ApplicationError

    from workflows.run.payload import read

    marker = event.marker_recorded_event_attributes
    if "result" in marker.details:
        [value] = await client.data_converter.decode(marker.details["result"].payloads, [RawValue])
        return dict(read(value))
    copied = type(marker.failure)()
    copied.CopyFrom(marker.failure)
    error: BaseException | None = await client.data_converter.decode_failure(copied)
    while error is not None and not isinstance(error, ApplicationError):
        error = error.__cause__
    details = () if error is None else error.details
    return next((dict(one) for one in details if isinstance(one, Mapping)), {})


def _as_queued(
    event: HistoryEvent, about: Mapping[str, Any], call: Any, answer: Any, last: Failure | None
) -> Iterator[HistoryEvent]:
    marker = event.marker_recorded_event_attributes
    scheduled = HistoryEvent(event_id=event.event_id, event_time=event.event_time)
    task = scheduled.activity_task_scheduled_event_attributes
    task.activity_id, task.activity_type.name = about["activity_id"], about["activity_type"]
    task.input.payloads.append(_payload(call))
    yield scheduled
    started = HistoryEvent(event_id=event.event_id, event_time=event.event_time)
    began = started.activity_task_started_event_attributes
    began.scheduled_event_id, began.attempt = event.event_id, about["attempt"]
    if last is not None:
        began.last_failure.CopyFrom(last)
    yield started
    ended = HistoryEvent(event_id=event.event_id, event_time=event.event_time)
    if marker.HasField("failure"):
        ended.activity_task_failed_event_attributes.scheduled_event_id = event.event_id
        ended.activity_task_failed_event_attributes.failure.CopyFrom(marker.failure)
    else:
        ended.activity_task_completed_event_attributes.scheduled_event_id = event.event_id
        ended.activity_task_completed_event_attributes.result.payloads.append(_payload(answer))
    yield ended


def _payload(value: Any) -> Payload:
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(value).encode())
