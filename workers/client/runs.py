"""Runs seen from outside: their reports, and whether any worker answers for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from trunkline.wire import RunReport
from workers.client.transport import lacks_namespace
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution, WorkflowExecutionDescription, WorkflowHandle
    from temporalio.exceptions import ApplicationError
    from temporalio.service import RPCError

ANSWER = timedelta(seconds=5)
"""How long a worker may take to answer a query or an update."""

ENDED = ("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "TIMED_OUT")


def web_address(web_ui: str, namespace: str, run: str) -> str:
    """Return the address of a run in Temporal's web UI."""
    from urllib.parse import quote

    return f"{web_ui.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows/{quote(run, safe='')}"


async def describe(client: Client, run: str) -> WorkflowExecutionDescription:
    """Return what Temporal knows about a run without asking a worker.

    Raises:
        NotFoundError: there is no such run.
    """
    from temporalio.service import RPCError, RPCStatusCode

    try:
        return await client.get_workflow_handle(run).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and not lacks_namespace(error.message):
            raise no_run(client, run) from error
        raise


def no_run(client: Client, run: str) -> NotFoundError:
    """Return the error that says that there is no such run."""
    return NotFoundError(
        f"There is no run {run!r} in namespace {client.namespace!r}; `trunkline holds` lists what waits."
    )


async def report(client: Client, run: str) -> RunReport:
    """Return a run's report: from its result where it has ended, else from a worker.

    Raises:
        NotFoundError: there is no such run.
        UnreachableError: only a worker could tell, and none answers.
        TrunklineError: the run never had a report; the sentence says how it ended.
    """
    description = await describe(client, run)
    if is_planned(description):
        return _planned(description)
    status = "UNKNOWN" if description.status is None else description.status.name
    handle = client.get_workflow_handle(run, run_id=description.run_id)
    if status in {"COMPLETED", "FAILED"}:
        found = await _ended_report(handle)
        if found is not None:
            return found
    return await _asked_report(handle, status)


def is_planned(one: WorkflowExecution) -> bool:
    """Say whether a run waits for the date at which it starts, so that no worker knows it yet."""
    return one.close_time is None and one.execution_time is not None and one.execution_time > datetime.now(UTC)


def starts_at(one: WorkflowExecution) -> str:
    """Return when a run starts, or has started."""
    from workflows.report import timestamp

    return timestamp(one.execution_time or one.start_time)


def _planned(one: WorkflowExecution) -> RunReport:
    """Return the report of a run that has not begun."""
    at = starts_at(one)
    return {
        "automation": one.workflow_type,
        "outcome": None,
        "steps": [],
        "variables": {},
        "audit": [],
        "startsAt": at,
        "reason": f"It starts at {at}.",
    }


async def failure_of(client: Client, run: str, run_id: str) -> ApplicationError:
    """Return the failure with which a run ended.

    Raises:
        TrunklineError: it did not fail by itself, or the failure cannot be read.
    """
    from temporalio.client import WorkflowFailureError
    from temporalio.exceptions import ApplicationError

    from workflows.run.encrypted import MissingKeyError

    try:
        await client.get_workflow_handle(run, run_id=run_id).result(follow_runs=False)
    except WorkflowFailureError as error:
        if isinstance(error.cause, ApplicationError):
            return error.cause
        raise TrunklineError(f"{run} did not fail by itself: {error.cause}") from error
    except MissingKeyError as error:
        raise TrunklineError(f"{run} failed, and why cannot be read: {error}") from error
    raise TrunklineError(f"{run} did not fail.")


async def _ended_report(handle: WorkflowHandle[Any, Any]) -> RunReport | None:
    """Return the report that a closed run carries in its result or failure."""
    from temporalio.client import WorkflowFailureError
    from temporalio.exceptions import ApplicationError

    try:
        result = await handle.result(follow_runs=False)
    except WorkflowFailureError as error:
        cause = error.cause
        if isinstance(cause, ApplicationError):
            found = next((d for d in cause.details if isinstance(d, dict) and "steps" in d), None)
            if found is None:
                raise TrunklineError(f"The run {handle.id} failed before its first step: {cause.message}") from error
            return cast("RunReport", found)
        return None
    return cast("RunReport", result) if isinstance(result, dict) and "steps" in result else None


async def _asked_report(handle: WorkflowHandle[Any, Any], status: str) -> RunReport:
    from temporalio.client import WorkflowQueryFailedError

    try:
        answer: Any = await ask(handle, "report")
    except WorkflowQueryFailedError as error:
        raise TrunklineError(
            f"{handle.id} is no run of an automation, or ended before it had a report ({error.message})."
        ) from error
    except UnreachableError as error:
        raise UnreachableError(
            f"{handle.id} is {status.lower()}, but no worker answers within {ANSWER.seconds} s, and only a worker can "
            "tell more: start one (`trunkline worker`) and ask again."
        ) from error
    if not isinstance(answer, dict):
        raise TrunklineError(f"{handle.id} is no run of an automation: its report is no report.")
    return cast("RunReport", answer)


async def ask(handle: WorkflowHandle[Any, Any], name: str) -> Any:
    """Ask a worker about a run.

    Raises:
        UnreachableError: none answers in time.
    """
    from temporalio.service import RPCError

    try:
        return await handle.query(name, rpc_timeout=ANSWER)
    except RPCError as error:
        if no_worker(error):
            raise UnreachableError(f"No worker answers for {handle.id}.") from error
        raise


def no_worker(error: RPCError) -> bool:
    """Say whether an error means that no worker answered in time."""
    from temporalio.service import RPCStatusCode

    return error.status in {
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.FAILED_PRECONDITION,  # the server knows that nobody polls
    }


async def follow(client: Client, run: str, *, every: float = 0.25) -> AsyncIterator[RunReport | None]:
    """Yield a run's report whenever it has changed, the last one when it has ended; None where no worker answers.

    Args:
        client: a connected client.
        run: workflow id.
        every: seconds between two looks; longer while nothing happens.
    """
    pause, last = every, None
    while True:
        ended = (await describe(client, run)).status
        closed = ended is not None and ended.name in ENDED
        try:
            now: RunReport | None = await report(client, run)
        except UnreachableError:
            if closed:
                raise
            now = None
        pause = every if now != last else min(pause * 1.25, 2.0)
        if now != last or closed or now is None:
            yield now
        last = now
        if closed:
            return
        await asyncio.sleep(pause)


async def has_workers(client: Client, task_queue: str) -> bool:
    """Say whether any worker has polled the task queue lately."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    return len(answer.pollers) > 0
