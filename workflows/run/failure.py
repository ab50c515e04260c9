"""Why an activity failed, read from what Temporal reports about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError, TimeoutType
from temporalio.exceptions import TimeoutError as TimedOut

from trunkline.wire import (
    NOT_SENT,
    OUTCOME_UNKNOWN,
    PAYLOADS_TOO_LARGE,
    REFUSED,
    RESULT_TOO_LARGE,
    SENDING,
    UNAVAILABLE,
    UNEXPECTED,
    WORKER_SHUTDOWN,
    ErrorEntry,
)
from workflows.errors import StepError, error_entry

UNKNOWN = frozenset({OUTCOME_UNKNOWN, WORKER_SHUTDOWN})

NEVER_BEGUN = (TimeoutType.SCHEDULE_TO_CLOSE, TimeoutType.SCHEDULE_TO_START)
"""Timeouts that may have struck between two attempts: what is known is what the last attempt said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """How an action failed, in the report's words.

    Attributes:
        type: `Refused`, `Unavailable`, `OutcomeUnknown`, `ResultTooLarge`, `Timeout`, or an unexpected error's name.
        message: a sentence.
        unknown: whether the action may have had its effect.
        sent_nothing: whether the attempt certainly ended before it sent anything, so that it may simply run again.
        wait: how long it should wait before that, as nobody may send to the account so long; the attempt is none then.
        timed_out: whether it took too long.
        status: HTTP status of the answer, if there was one.
        asks: whether people must be asked, whatever the step says.
        attempts: what the last answering attempt said.
        tried: whether there was a request to send.
        carried_out: whether the action was carried out, and only its result was lost.
        uncertain: whether an earlier attempt may have had its effect, whatever is known of the last one.
    """

    type: str
    message: str
    unknown: bool
    sent_nothing: bool = False
    wait: timedelta | None = None
    timed_out: bool = False
    status: int | None = None
    asks: bool = False
    attempts: int | None = None
    tried: bool = True
    carried_out: bool = False
    uncertain: bool = False

    @property
    def certain(self) -> bool:
        """Say whether the action certainly had no effect, so that what came before it may be undone."""
        return not (self.unknown or self.uncertain or self.carried_out)

    @property
    def classes(self) -> set[str]:
        """Return what it is in the words of `onFailure`."""
        found = {"any"}
        if self.status is not None and 400 <= self.status < 500:  # noqa: PLR2004 # HTTP's 4xx
            found |= {"http_4xx", f"http_{self.status}"}
        if self.timed_out:
            found.add("timeout")
        if self.unknown:
            found.add("unknown")
        elif self.type in {REFUSED, UNAVAILABLE}:
            found.add(self.type.lower())
        return found

    def error(self) -> ErrorEntry:
        """Return the report's `error`."""
        return {"type": self.type, "message": self.message}


def read_failure(error: ActivityError, repeat: str, *, marked: bool) -> Failure:
    """Sort an activity's failure.

    Args:
        error: what Temporal says.
        repeat: the plan's word on unknown outcomes.
        marked: whether an attempt without a mark has sent nothing.
    """
    cause = error.cause
    if isinstance(cause, TimedOut):
        return _timeout(cause, repeat, marked=marked and repeat == "never")
    if isinstance(cause, ApplicationError):
        return _application(cause, repeat)
    return Failure(type=type(cause).__name__, message=str(cause), unknown=repeat != "safe")


def _application(cause: ApplicationError, repeat: str) -> Failure:
    details = cause.details[0] if cause.details and isinstance(cause.details[0], Mapping) else {}
    if cause.type == NOT_SENT and "wait" in details:
        return Failure(
            type=UNAVAILABLE,
            message=cause.message,
            unknown=False,
            sent_nothing=True,
            wait=timedelta(seconds=details["wait"]),
            attempts=(_attempts(details) or 1) - 1,
        )
    if cause.type == PAYLOADS_TOO_LARGE:
        return Failure(
            type=RESULT_TOO_LARGE,
            message="The action was carried out, but its answer is too large for Temporal to keep. "
            "Where later steps need only parts of it, let the step's `pick` keep just those.",
            unknown=False,
            carried_out=repeat != "safe",
        )
    return Failure(
        type=cause.type or UNEXPECTED,
        message=cause.message,
        unknown=cause.type in UNKNOWN and repeat != "safe",
        sent_nothing=cause.type == NOT_SENT,
        timed_out=details.get("timedOut") is True,
        status=details["status"] if isinstance(details.get("status"), int) else None,
        attempts=_attempts(details),
        carried_out=cause.type == RESULT_TOO_LARGE and repeat != "safe",
        uncertain=details.get("uncertain") is True and settles_nothing(cause.type, repeat),
    )


def never_sent(error: Exception) -> Failure:
    """Return the failure of a step whose request could not be made."""
    return Failure(**error_entry(error), unknown=False, tried=False)


def not_taken() -> Failure:
    """Return the failure of a step that no worker took in time."""
    return Failure(
        type=UNAVAILABLE,
        message="No worker took the action in time (`within`): none polls its task queue, or too much waits there.",
        unknown=False,
        timed_out=True,
    )


def not_kept(error: StepError, repeat: str) -> Failure:
    """Return the failure of a step that was carried out, and whose result the run has no room for."""
    return Failure(**error_entry(error), unknown=False, carried_out=repeat != "safe")


def settles_nothing(kind: str | None, repeat: str) -> bool:
    """Say whether a failure leaves open what an earlier attempt did; a refusal under its key says: nothing."""
    return repeat == "never" or (repeat == "keyed" and kind == UNAVAILABLE)


def _timeout(cause: TimedOut, repeat: str, *, marked: bool) -> Failure:
    last = cause.__cause__
    if cause.type in NEVER_BEGUN and isinstance(last, ApplicationError):
        earlier = _application(last, repeat)
        if earlier.unknown or not _may_be_under_way(cause, repeat, marked=marked):
            return earlier
    if cause.type == TimeoutType.SCHEDULE_TO_START:
        return not_taken()
    died = cause.type == TimeoutType.HEARTBEAT
    what = "Its worker stopped answering" if died else "It took longer than its timeout"
    if marked and SENDING not in cause.last_heartbeat_details:
        return Failure(
            type="Timeout",
            message=f"{what}, before anything was sent.",
            unknown=False,
            sent_nothing=True,
            timed_out=True,
        )
    unknown = repeat != "safe"
    so = "; it may have been carried out." if unknown else "."
    return Failure(type=OUTCOME_UNKNOWN if unknown else "Timeout", message=what + so, unknown=unknown, timed_out=True)


def _may_be_under_way(cause: TimedOut, repeat: str, *, marked: bool) -> bool:
    """Say whether a step's time may have ended while one more attempt was sending."""
    if cause.type != TimeoutType.SCHEDULE_TO_CLOSE or repeat == "safe":
        return False
    return not marked or SENDING in cause.last_heartbeat_details


def _attempts(details: Mapping[str, Any]) -> int | None:
    attempts = details.get("attempts")
    return attempts if isinstance(attempts, int) else None
