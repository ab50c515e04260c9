"""Runs of other automations for the actions that start them and ask about them, by Temporal's client."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError
from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, CancelledError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from activities.errors import Pending, Refused, Unavailable
from activities.runs import EndedRun, PlannedRun
from workflows.event import EventError, called
from workflows.view.attributes import AUTOMATION, EVENT

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowHandle

PATIENCE = timedelta(seconds=10)
SOONEST, LATEST = 1.0, 30.0
"""Seconds between two questions about a run that goes on: the first time, and at most."""

REFUSALS = frozenset((RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED))


class TemporalRuns:
    """Starts runs on the worker's task queue and looks at them (see `Runs`).

    Args:
        client: connected to Temporal.
        task_queue: the worker's own.
        attributes: whether the namespace has our search attributes.
    """

    def __init__(self, client: Client, task_queue: str, *, attributes: bool) -> None:
        self.client = client
        self.task_queue = task_queue
        self.attributes = attributes

    async def plan(
        self, automation: str, data: Mapping[str, Any], starts_at: datetime, *, key: str, by: str
    ) -> PlannedRun:
        """Start an automation at a date, once for each key."""
        run = f"{automation}/{key}"
        try:
            event = called(key, by, data)
        except EventError as error:
            raise Refused(str(error)) from None
        found = [SearchAttributePair(AUTOMATION, automation), SearchAttributePair(EVENT, key)]
        delay = starts_at - datetime.now(UTC)
        try:
            await self.client.start_workflow(
                automation,
                event,
                id=run,
                task_queue=self.task_queue,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                start_delay=delay if delay > timedelta() else None,
                search_attributes=TypedSearchAttributes(found if self.attributes else []),
                static_summary=f"{event['type']} {key}",
                rpc_timeout=PATIENCE,
            )
        except WorkflowAlreadyStartedError:  # by an earlier attempt
            description = await self._described(self.client.get_workflow_handle(run))
            return PlannedRun(run, description.execution_time or description.start_time)
        except RPCError as error:
            raise _sorted(error, f"The run {run} could not be started") from None
        return PlannedRun(run, max(starts_at, datetime.now(UTC)) if delay <= timedelta() else starts_at)

    async def ended(self, automation: str, *, key: str) -> EndedRun:
        """Return how a run ended that a step has started."""
        run = f"{automation}/{key}"
        handle = self.client.get_workflow_handle(run)
        description = await self._described(handle)
        if description.status is WorkflowExecutionStatus.RUNNING:
            since = (datetime.now(UTC) - description.start_time).total_seconds()
            raise Pending(f"The run {run} goes on.", retry_after=min(max(since / 10, SOONEST), LATEST))
        try:
            report: Any = await handle.result(rpc_timeout=PATIENCE)
        except WorkflowFailureError as error:
            raise Refused(_why(run, error)) from None
        except RPCError as error:
            raise _sorted(error, f"The run {run} could not be asked for") from None
        return EndedRun(run, report["outcome"], report.get("result"))

    @staticmethod
    async def _described(handle: WorkflowHandle[Any, Any]) -> Any:
        try:
            return await handle.describe(rpc_timeout=PATIENCE)
        except RPCError as error:
            raise _sorted(error, f"The run {handle.id} could not be asked for") from None


def _why(run: str, error: WorkflowFailureError) -> str:
    cause = error.cause
    if isinstance(cause, CancelledError):
        return f"The run {run} was canceled."
    return f"The run {run} failed: {cause.message if isinstance(cause, ApplicationError) else cause}"


def _sorted(error: RPCError, what: str) -> Refused | Unavailable:
    if error.status is RPCStatusCode.NOT_FOUND:
        return Refused(f"{what}: Temporal does not keep it any more, so nobody can say how it ended.")
    sentence = f"{what}: {error.message}"
    return Refused(sentence) if error.status in REFUSALS else Unavailable(sentence)
