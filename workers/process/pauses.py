"""Pauses of accounts, each kept by a workflow that runs as long as the pause lasts (`workflows/pauses.py`)."""

from __future__ import annotations

import logging
import math
import time
from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.common import Priority
from temporalio.service import RPCError, RPCStatusCode

from activities.errors import Unavailable
from trunkline.wire import EXTEND, PAUSE, PAUSE_GRACE

if TYPE_CHECKING:
    from temporalio.client import Client

log = logging.getLogger("trunkline.worker")

PATIENCE = timedelta(seconds=5)
FIRST = Priority(priority_key=1)
"""A pause ends in time, however many runs wait for the same workers."""

ENDING = 0.2
"""Seconds that a pause may take to end once its time is over: who comes back then finds that it has ended."""


class TemporalPauses:
    """Keeps each pause in a workflow of Temporal's: an account is paused while the one of its name runs.

    Temporal answers that from the workflow itself and not from an index, so that a pause counts for every request that
    begins after it was written. What could not be written is written before the next request of this process.

    Args:
        client: connected to the namespace that keeps them.
        task_queue: whose workers end them.
    """

    def __init__(self, client: Client, task_queue: str) -> None:
        self.client = client
        self.task_queue = task_queue
        self._unwritten: dict[str, float] = {}

    async def left(self, account: str) -> float:
        """Return for how many seconds more nobody sends to an account (see `Pauses`)."""
        request = DescribeWorkflowExecutionRequest(
            namespace=self.client.namespace, execution=WorkflowExecution(workflow_id=_id(account))
        )
        try:
            if account in self._unwritten:
                await self._write(account)
        except RPCError as error:
            raise Unavailable(f"{account} is paused, which Temporal could not be told: {error}") from None
        try:
            found = await self.client.workflow_service.describe_workflow_execution(
                request, retry=True, timeout=PATIENCE
            )
        except RPCError as error:
            if error.status == RPCStatusCode.NOT_FOUND:
                return 0.0
            sentence = f"Temporal could not be asked whether {account} is paused, so nothing was sent: {error}"
            raise Unavailable(sentence) from None
        info = found.workflow_execution_info
        if info.status != WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
            return 0.0
        lasts = found.execution_config.workflow_run_timeout.ToTimedelta().total_seconds() - PAUSE_GRACE
        until = info.start_time.ToMicroseconds() / 1e6 + lasts
        return max(until - time.time(), 0.0) + ENDING

    async def begin(self, account: str, seconds: float) -> None:
        """Pause an account (see `Pauses`); the request that found out has its answer, whether this succeeds or not."""
        until = float(math.ceil(time.time() + seconds))
        self._unwritten[account] = max(until, self._unwritten.get(account, 0.0))
        try:
            await self._write(account)
        except RPCError as error:
            log.warning("%s is to be paused for %g s, which could not be written: %s", account, seconds, error)

    async def _write(self, account: str) -> None:
        until = self._unwritten[account]
        left = until - time.time()
        if left > 0:
            await self.client.start_workflow(
                PAUSE,
                until,
                id=_id(account),
                task_queue=self.task_queue,
                run_timeout=timedelta(seconds=left + PAUSE_GRACE),
                start_signal=EXTEND,
                start_signal_args=[until],
                static_summary=f"No worker sends to {account}: a limit is used up",
                priority=FIRST,
                rpc_timeout=PATIENCE,
            )
        if self._unwritten.get(account) == until:
            del self._unwritten[account]


def _id(account: str) -> str:
    return f"{PAUSE}/{account}"
