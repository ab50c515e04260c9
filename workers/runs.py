"""Runs seen from outside: their reports, what they hold, and the decisions sent to them."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from workers.failures import Failure, NotFound, Unreachable

if TYPE_CHECKING:
    from temporalio.client import Client, WorkflowExecution, WorkflowExecutionDescription, WorkflowHandle
    from temporalio.service import RPCError

Report = dict[str, Any]
Hold = dict[str, Any]

ANSWER = timedelta(seconds=5)
"""How long a worker may take to answer a query or an update."""

QUERIES_AT_ONCE = 10

SIGNALS = ("approve", "reject")
"""Decisions that also exist as signals, which Temporal keeps until a worker comes."""

ENDED = ("COMPLETED", "FAILED", "CANCELED", "TERMINATED", "TIMED_OUT")


def web_address(web_ui: str, namespace: str, run: str) -> str:
    """Return the address of a run in Temporal's web UI."""
    from urllib.parse import quote

    return f"{web_ui.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows/{quote(run, safe='')}"


async def describe(client: Client, run: str) -> WorkflowExecutionDescription:
    """Return what Temporal knows about a run without asking a worker.

    Raises:
        NotFound: there is no such run.
    """
    from temporalio.service import RPCError, RPCStatusCode

    try:
        return await client.get_workflow_handle(run).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
            raise _no_run(client, run) from error
        raise


def _no_run(client: Client, run: str) -> NotFound:
    return NotFound(f"There is no run {run!r} in namespace {client.namespace!r}; `trunkline holds` lists what waits.")


async def report(client: Client, run: str) -> Report:
    """Return a run's report: from its result where it has ended, else from a worker.

    Raises:
        NotFound: there is no such run.
        Unreachable: only a worker could tell, and none answers.
        Failure: the run never had a report; the sentence says how it ended.
    """
    description = await describe(client, run)
    status = "UNKNOWN" if description.status is None else description.status.name
    handle = client.get_workflow_handle(run, run_id=description.run_id)
    if status in {"COMPLETED", "FAILED"}:
        found = await _ended_report(handle)
        if found is not None:
            return found
    return await _asked_report(handle, status)


async def _ended_report(handle: WorkflowHandle[Any, Any]) -> Report | None:
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
                raise Failure(f"The run {handle.id} failed before its first step: {cause.message}") from error
            return found
        return None
    return result if isinstance(result, dict) and "steps" in result else None


async def _asked_report(handle: WorkflowHandle[Any, Any], status: str) -> Report:
    from temporalio.client import WorkflowQueryFailedError

    try:
        answer: Any = await _query(handle, "report")
    except WorkflowQueryFailedError as error:
        raise Failure(
            f"{handle.id} is no run of an automation, or ended before it had a report ({error.message})."
        ) from error
    except Unreachable as error:
        raise Unreachable(
            f"{handle.id} is {status.lower()}, but no worker answers within {ANSWER.seconds} s, and only a worker can "
            "tell more: start one (`trunkline worker`) and ask again."
        ) from error
    if not isinstance(answer, dict):
        raise Failure(f"{handle.id} is no run of an automation: its report is no report.")
    return answer


async def _query(handle: WorkflowHandle[Any, Any], name: str) -> Any:
    """Ask a worker about a run.

    Raises:
        Unreachable: none answers in time.
    """
    from temporalio.service import RPCError

    try:
        return await handle.query(name, rpc_timeout=ANSWER)
    except RPCError as error:
        if _no_worker(error):
            raise Unreachable(f"No worker answers for {handle.id}.") from error
        raise


def _no_worker(error: RPCError) -> bool:
    from temporalio.service import RPCStatusCode

    return error.status in {
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.FAILED_PRECONDITION,  # the server knows that nobody polls
    }


async def follow(client: Client, run: str, *, every: float = 0.25) -> AsyncIterator[Report | None]:
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
            now: Report | None = await report(client, run)
        except Unreachable:
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


@dataclass(frozen=True, slots=True)
class OpenHolds:
    """What waits for people, over all runs.

    Attributes:
        holds: every open hold, as the run's query shows it, with its `run`.
        silent: runs that may hold something but whose worker does not answer.
    """

    holds: list[Hold]
    silent: list[str]


async def holds(client: Client, task_queue: str) -> OpenHolds:
    """Collect every open hold of the runs on a task queue, the oldest first."""
    runs = [execution.id async for execution in _candidates(client, task_queue)]
    permits = asyncio.Semaphore(QUERIES_AT_ONCE)

    async def ask(run: str) -> tuple[str, list[Hold] | None]:
        async with permits:
            return run, await holds_of(client, run)

    answers = await asyncio.gather(*(ask(run) for run in runs))
    found = [{"run": run, **hold} for run, held in answers for hold in held or []]
    return OpenHolds(
        holds=sorted(found, key=lambda hold: str(hold.get("openedAt"))),
        silent=[run for run, held in answers if held is None],
    )


async def _candidates(client: Client, task_queue: str) -> AsyncIterator[WorkflowExecution]:
    """Yield the runs that may hold something: by search attribute where the namespace has it, else all that run."""
    from temporalio.service import RPCError, RPCStatusCode

    escaped = task_queue.replace("'", "''")
    running = f"ExecutionStatus = 'Running' AND TaskQueue = '{escaped}'"
    try:
        async for execution in client.list_workflows(f"{running} AND TrunklineHolds IS NOT NULL"):
            yield execution
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        async for execution in client.list_workflows(running):
            yield execution


async def holds_of(client: Client, run: str) -> list[Hold] | None:
    """Return a run's open holds as its query shows them, or None where no worker answers."""
    from temporalio.client import WorkflowQueryFailedError
    from temporalio.service import RPCError

    try:
        answer = await _query(client.get_workflow_handle(run), "holds")
    except Unreachable:
        return None
    except (WorkflowQueryFailedError, RPCError):
        return []  # a workflow that is none of ours, or one that has just ended
    return [hold for hold in answer if isinstance(hold, dict)] if isinstance(answer, list) else []


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a decision.

    Attributes:
        result: `accepted`, why not, or `signaled` where no worker could answer.
        message: a sentence for the person who decided.
    """

    result: str
    message: str

    @property
    def accepted(self) -> bool:
        """Say whether the decision counts, as far as anybody knows yet."""
        return self.result in {"accepted", "signaled", "duplicate"}


async def decide(client: Client, run: str, decision: Mapping[str, Any]) -> Answer:
    """Send a decision about a hold; where no worker answers, send the signal that Temporal keeps until one does.

    Args:
        client: a connected client.
        run: workflow id.
        decision: the JSON argument of the update `decide`: `hold`, `decision`, `by`, `reason`?, `digest`?.

    Raises:
        NotFound: there is no such run.
        Unreachable: no worker answers, and the decision exists only as an update.
        Failure: the run has ended.
    """
    from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
    from temporalio.service import RPCError, RPCStatusCode

    async def update() -> Any:
        handle = client.get_workflow_handle(run)
        sent = handle.execute_update("decide", decision, id=f"trunkline-{uuid.uuid4()}", rpc_timeout=ANSWER)
        return await asyncio.wait_for(sent, ANSWER.total_seconds() + 1)

    try:
        try:
            answer: Any = await update()
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                raise
            answer = await update()  # the run had just continued as new
    except (WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError):
        return await _signal(client, run, decision)
    except WorkflowUpdateFailedError as error:
        return Answer("refused", getattr(error.cause, "message", str(error.cause)))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise await _closed(client, run) from error
        if _no_worker(error):
            return await _signal(client, run, decision)
        raise
    if not isinstance(answer, dict):
        raise Failure(f"{run} is no run of an automation: it answers {answer!r} to a decision.")
    return Answer(str(answer.get("result")), str(answer.get("message")))


async def _signal(client: Client, run: str, decision: Mapping[str, Any]) -> Answer:
    await describe(client, run)
    name = str(decision["decision"])
    if name not in SIGNALS:
        raise Unreachable(
            f"No worker answers within {ANSWER.seconds} s, and {name!r} needs one: start one (`trunkline worker`) and "
            "decide again. Nothing was sent."
        )
    said = {key: value for key, value in decision.items() if key != "decision"}
    await client.get_workflow_handle(run).signal(name, said)
    return Answer(
        "signaled",
        f"No worker answered within {ANSWER.seconds} s, so the signal {name!r} was sent instead: Temporal keeps it, "
        "and the run judges it when a worker is back.",
    )


async def _closed(client: Client, run: str) -> Failure:
    description = await describe(client, run)
    status = "ended" if description.status is None else description.status.name.lower().replace("_", " ")
    return Failure(f"{run} has ended ({status}): there is nothing to decide any more.")
