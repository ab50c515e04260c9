"""The errors that Temporal's SDK raises in a run whose activity or child has failed."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.api.enums.v1 import RetryState
from temporalio.exceptions import ActivityError, CancelledError, ChildWorkflowError


def activity_error(activity: str, name: str | None) -> ActivityError:
    """Return what Temporal's SDK raises in a run whose activity has failed for good."""
    return ActivityError(
        "Activity task failed",
        scheduled_event_id=1,
        started_event_id=2,
        identity="",
        activity_type=activity,
        activity_id=name or "",
        retry_state=RetryState.RETRY_STATE_NON_RETRYABLE_FAILURE,  # type: ignore[arg-type] # as the SDK itself does
    )


def canceled_child(run: str) -> ChildWorkflowError:
    """Return what Temporal's SDK raises in a run whose child was canceled."""
    return _child_error(run, CancelledError("Canceled"))


def _child_error(run: str, cause: Exception) -> ChildWorkflowError:
    error = ChildWorkflowError(
        "Child Workflow execution failed",
        namespace="rehearsal",
        workflow_id=run,
        run_id="rehearsal",
        workflow_type=run.partition("/")[0],
        initiated_event_id=1,
        started_event_id=2,
        retry_state=None,
    )
    error.__cause__ = cause
    return error


def fail_child(future: asyncio.Future[Any], run: str, cause: Exception) -> None:
    """Let a run that was started end with a failure."""
    future.set_exception(_child_error(run, cause))
