"""What Temporal knows of activities that have not ended: attempts, the last error, and when the next try is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, cast

from trunkline.wire import Entry, ErrorEntry, RunReport

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp
    from temporalio.api.failure.v1 import Failure
    from temporalio.api.workflow.v1 import PendingActivityInfo
    from temporalio.client import Client, WorkflowExecutionDescription

PENDING = "Pending"
"""The type of the error by which an activity says that what it asks about goes on."""

UNREADABLE = "It is encrypted under a key that is not at hand (TRUNKLINE_ENCRYPTION_KEYS)."


class PendingEntry(Entry, total=False):
    """The entry of a step in a report with what Temporal knows of its pending activity (see `PendingAttempts`)."""

    lastError: ErrorEntry  # noqa: N815 # a key of the report
    nextTry: str  # noqa: N815 # a key of the report
    queuedAt: str  # noqa: N815 # a key of the report
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingAttempts:
    """The attempts of an activity that has not ended.

    Attributes:
        activity: its id, which is the step's.
        count: the attempt that is being made or comes next.
        error: type and message of what the last attempt said, where one has failed.
        next_try: when the next attempt is due, while one is waited for.
        queued_at: since when it waits for a worker, where none has taken it yet.
        paused: whether an operator has paused it.
    """

    activity: str
    count: int
    error: ErrorEntry | None = None
    next_try: str | None = None
    queued_at: str | None = None
    paused: bool = False

    @property
    def retrying(self) -> bool:
        """Say whether an attempt has failed and another one follows, or is being made."""
        return self.error is not None or self.count > 1

    def to_json(self) -> PendingEntry:
        """Return what the entry of its step in a report shows besides."""
        shown = {
            "attempts": self.count,
            "lastError": self.error,
            "nextTry": self.next_try,
            "queuedAt": self.queued_at,
            "paused": self.paused or None,
        }
        return cast("PendingEntry", {name: value for name, value in shown.items() if value is not None})


async def attempts_of(client: Client, description: WorkflowExecutionDescription) -> list[PendingAttempts]:
    """Return the attempts of a run's activities that have not ended."""
    return [await _attempts(client, found) for found in description.raw_description.pending_activities]


async def _attempts(client: Client, found: PendingActivityInfo) -> PendingAttempts:
    from temporalio.api.enums.v1 import PendingActivityState

    error = await _error(client, found.last_failure) if found.HasField("last_failure") else None
    asks = error is not None and error["type"] == PENDING  # the activity only asks, and nothing has gone wrong
    error = None if asks else error
    waits = found.state == PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
    due = _instant(found.next_attempt_schedule_time) if found.HasField("next_attempt_schedule_time") else None
    return PendingAttempts(
        activity=found.activity_id,
        count=1 if asks else found.attempt,
        error=error,
        next_try=due if waits and error is not None else None,
        queued_at=_instant(found.scheduled_time) if waits and error is None and not asks else None,
        paused=found.paused,
    )


async def _error(client: Client, failure: Failure) -> ErrorEntry:
    """Return a failure in a report's words; what workers said was scrubbed by them."""
    from temporalio.exceptions import ApplicationError, FailureError
    from temporalio.exceptions import TimeoutError as TimedOut

    from workflows.run.encrypted import MissingKeyError

    try:
        error = await client.data_converter.decode_failure(failure)
    except MissingKeyError:
        return {"type": "Unreadable", "message": UNREADABLE}
    if isinstance(error, TimedOut):
        return {"type": "Timeout", "message": "The attempt took longer than its timeout, or its worker was lost."}
    kind = error.type if isinstance(error, ApplicationError) and error.type else type(error).__name__
    return {"type": kind, "message": error.message if isinstance(error, FailureError) else str(error)}


def _instant(at: Timestamp) -> str:
    from workflows.report import timestamp

    return timestamp(at.ToDatetime(tzinfo=UTC))


def add_attempts(report: RunReport, attempts: list[PendingAttempts]) -> None:
    """Write into the entries of a report's steps what Temporal knows of their attempts."""
    from trunkline.step_key import activity_id

    by_id = {one.activity: one for one in attempts}
    for entry in report["steps"]:
        found = by_id.get(activity_id(entry["id"])) if entry["status"] == "running" else None
        if found is not None:
            cast("PendingEntry", entry).update(found.to_json())
