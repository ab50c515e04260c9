"""What runs ask of their worker: answers stand in the history, so that no replay asks again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError

from workflows import host
from workflows.errors import StepError
from workflows.run.parallel import cancellation

ANSWER = timedelta(seconds=10)
"""How long a worker may take to answer before it is asked again."""

DONE = timedelta(seconds=60)
"""How long one attempt to do something for a run may take."""


async def ask(activity: str, question: Any) -> Any:
    """Ask the worker about approvals, and return what it answers; no replay asks again, or is answered otherwise."""
    with cancellation():
        return await host.execute_local_activity(activity, question, start_to_close_timeout=ANSWER)


async def have_done(activity: str, question: Any) -> Any:
    """Have a worker do something that must be done, however often that is tried, and return what it answers.

    Raises:
        StepError: it can never be done; the sentence says why.
    """
    try:
        with cancellation():
            return await host.execute_activity(activity, question, start_to_close_timeout=DONE)
    except ActivityError as error:
        cause = error.cause
        raise StepError(cause.message if isinstance(cause, ApplicationError) else str(cause)) from None
