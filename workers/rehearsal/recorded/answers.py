"""What a history keeps of an answer, in the words of test files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from temporalio.exceptions import ApplicationError
from temporalio.exceptions import TimeoutError as TimedOut

from activities.action import Action
from workers.rehearsal.answers import TIMES
from workers.rehearsal.results import is_answered_over_http

if TYPE_CHECKING:
    from temporalio.api.failure.v1 import Failure

    from workers.client.history.values import HistoryValues

CLASSES = {"Refused": "refused", "Unavailable": "unavailable"}
"""The class of a failure by its type; every other is unknown."""

TIMED_OUT = "timedOut"


async def failed(failure: Failure, action: Action, values: HistoryValues) -> dict[str, Any]:
    """Return a failed attempt: its status where the receiver gave one, else its class."""
    error = await values.failure(failure)
    if not isinstance(error, ApplicationError):
        return {"fails": "timeout" if isinstance(error, TimedOut) else "unknown"}
    details: Mapping[str, Any] = next((one for one in error.details if isinstance(one, Mapping)), {})
    status = details.get("status")
    if isinstance(status, int) and is_answered_over_http(action):
        return {"status": status}
    if details.get(TIMED_OUT):
        return {"fails": "timeout"}
    answer: dict[str, Any] = {"fails": CLASSES.get(error.type or "", "unknown")}
    if isinstance(status, int):
        answer["status"] = status
    if error.message:
        answer["message"] = error.message
    return answer


def repeated(answer: dict[str, Any], times: int) -> dict[str, Any]:
    """Return an answer that was given so often."""
    return answer if times == 1 else {**answer, TIMES: times}
