"""Pauses of accounts, each kept by a workflow that runs as long as the pause lasts (`workflows/pauses.py`)."""

from __future__ import annotations

import asyncio
import logging
import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest, DescribeWorkflowExecutionResponse
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.errors import Unavailable
from trunkline.wire import EXTEND, PAUSE, PAUSE_GRACE, PAUSES
from workflows.pauses import Pause

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.worker import WorkerDeploymentConfig

log = logging.getLogger("trunkline.worker")

PATIENCE = 5.0
"""Seconds that Temporal may take to answer: the request that waits for it has a bound of its own."""
ANSWER = timedelta(seconds=2)
"""How long a worker may have a pause's task, which is over in an instant, before another one gets it."""

ENDING = 0.2
"""Seconds that a pause may take to end once its time is over: who comes back then finds that it has ended."""


class TemporalPauses:
    """Keeps each pause in a workflow of Temporal's: an account is paused while the one of its name runs.

    Temporal answers that from the workflow itself and not from an index, so that a pause counts for every request that
    begins after it was written. What could not be written is written before the next request of this process.

    Args:
        client: connected to the namespace that keeps them.
    """

    def __init__(self, client: Client) -> None:
        self.client = client
        self._unwritten: dict[str, float] = {}

    async def left(self, account: str) -> float:
        """Return for how many seconds more nobody sends to an account (see `Pauses`)."""
        try:
            async with asyncio.timeout(PATIENCE):
                if account in self._unwritten:
                    await self._write(account)
                found = await self._described(account)
        except (RPCError, TimeoutError) as error:
            sentence = f"Temporal could not be asked whether {account} is paused, so nothing was sent"
            raise Unavailable(f"{sentence}: {error or 'it took too long'}.") from None
        if found is None:
            return 0.0
        info = found.workflow_execution_info
        if info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
            return 0.0
        lasts = found.execution_config.workflow_run_timeout.ToTimedelta().total_seconds() - PAUSE_GRACE
        left = info.start_time.ToMicroseconds() / 1e6 + lasts - time.time()
        return max(left + ENDING, ENDING, -left)  # one that is overdue is asked for less and less often

    async def begin(self, account: str, seconds: float) -> None:
        """Pause an account (see `Pauses`); the request that found out has its answer, whether this succeeds or not."""
        until = float(math.ceil(time.time() + seconds))
        self._unwritten[account] = max(until, self._unwritten.get(account, 0.0))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._write(account)
        except (RPCError, TimeoutError) as error:
            reason = error or "it took too long"
            log.warning("%s is to be paused for %g s, which could not be written: %s", account, seconds, reason)

    async def _described(self, account: str) -> DescribeWorkflowExecutionResponse | None:
        request = DescribeWorkflowExecutionRequest(
            namespace=self.client.namespace, execution=WorkflowExecution(workflow_id=_id(account))
        )
        try:
            return await self.client.workflow_service.describe_workflow_execution(request, retry=True)
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return None
            raise

    async def _write(self, account: str) -> None:
        until = self._unwritten[account]
        left = until - time.time()
        if left > 0:
            await self.client.start_workflow(
                PAUSE,
                until,
                id=_id(account),
                task_queue=PAUSES,
                run_timeout=timedelta(seconds=left + PAUSE_GRACE),
                start_signal=EXTEND,
                start_signal_args=[until],
                task_timeout=ANSWER,
                static_summary=f"No worker sends to {account}: a limit is used up",
            )
        if self._unwritten.get(account) == until:
            del self._unwritten[account]


def pause_worker(client: Client, version: WorkerDeploymentConfig | None = None) -> Worker:
    """Return the worker that ends pauses; it keeps none in memory, so that those of a lost worker end in time too.

    Args:
        client: the client that all workers of this process share.
        version: the version of this worker, if Temporal tells versions apart.
    """
    return Worker(
        client,
        task_queue=PAUSES,
        workflows=[Pause],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=0,
        max_concurrent_workflow_task_polls=1,
        deployment_config=version,
    )


def _id(account: str) -> str:
    return f"{PAUSE}/{account}"
