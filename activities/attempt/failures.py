"""What Temporal, and by it a run, is told of an attempt that has failed; a rehearsal tells a run the same."""

from __future__ import annotations

from datetime import timedelta

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.errors import ActionError, NotSent, OperationChanged, OutcomeUnknown, Paused, Refused, ResultTooLarge
from activities.http_client.retry_after import bounded
from trunkline.wire import NOT_SENT, UNAVAILABLE, Call, FailureDetails


def failed(  # noqa: PLR0913 # what is known of an attempt, by name
    error: ActionError,
    sentence: str,
    *,
    attempt: int,
    uncertain: bool = False,
    timed_out: bool = False,
    retry_after: float | None = None,
    waits: bool = False,
    call: Call | None = None,
) -> ApplicationError:
    """Return what Temporal, and by it a run, is told of an attempt that has failed.

    Args:
        error: why it failed.
        sentence: the same, as people may read it.
        attempt: which attempt it was.
        uncertain: whether nobody knows what became of an earlier one.
        timed_out: whether it took too long.
        retry_after: seconds until the next one, where the receiver says it.
        waits: whether the run waits for the end of a pause, and the attempt was none.
        call: what was sent, where the history would not say it.
    """
    details: FailureDetails = {"attempts": attempt}
    if uncertain:
        details["uncertain"] = True
    if error.status is not None:
        details["status"] = error.status
    if timed_out:
        details["timedOut"] = True
    if call is not None:
        details["call"] = call
    kind, final = type(error).__name__, isinstance(error, NotSent | OperationChanged | Refused | ResultTooLarge)
    final = final or (isinstance(error, OutcomeUnknown) and not error.repeatable)
    if isinstance(error, Paused):
        kind, final = (NOT_SENT, True) if waits else (UNAVAILABLE, False)
        if final and retry_after is not None:
            details["wait"] = retry_after
    return ApplicationError(
        sentence,
        details,
        type=kind,
        non_retryable=final,
        next_retry_delay=None if retry_after is None else timedelta(seconds=bounded(retry_after)),
        category=ApplicationErrorCategory.BENIGN,
    )
