"""Budgets of connections, kept by workflows that every worker serves that has such a connection."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.budgets import Amounts, Reservation
from activities.connections import Connection
from activities.errors import Refused, Unavailable
from trunkline.wire import BUDGET, BUDGETS, RESERVE, SETTLE, ReserveAnswer, ReserveQuestion, Settlement
from workflows.budgets import BudgetCount

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.worker import WorkerDeploymentConfig

log = logging.getLogger("trunkline.worker")

PATIENCE = timedelta(seconds=10)
POLLS = 2


class TemporalBudgets:
    """Counts in workflows of Temporal's, one for each connection with a budget.

    Args:
        client: connected to the namespace that counts.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    async def reserve(self, account: str, amounts: Amounts, limits: Amounts) -> Reservation:
        """Set aside what a use may take (see `Budgets`)."""
        from temporalio.client import RPCTimeoutOrCancelledError, WithStartWorkflowOperation, WorkflowUpdateFailedError
        from temporalio.common import WorkflowIDConflictPolicy
        from temporalio.service import RPCError

        start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
            BUDGET,
            id=_id(account),
            task_queue=BUDGETS,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            static_summary=f"What was used today of the connection {account}",
        )
        try:
            answer = await self.client.execute_update_with_start_workflow(
                RESERVE,
                ReserveQuestion(amounts=dict(amounts), limits=dict(limits)),
                start_workflow_operation=start,
                result_type=dict,
                rpc_timeout=PATIENCE,
            )
        except (RPCError, RPCTimeoutOrCancelledError, WorkflowUpdateFailedError) as error:
            with contextlib.suppress(RPCError):
                await start.workflow_handle()  # fails likewise, and complains where nobody looks
            raise Unavailable(f"The budget of the connection {account!r} could not be asked for: {error}") from None
        found = cast("ReserveAnswer", answer)
        if found["lacking"]:
            raise Refused(_sentence(account, found, amounts, limits))
        return Reservation(account, found["day"], amounts)

    async def settle(self, reservation: Reservation, used: Amounts) -> None:
        """Count what a use took (see `Budgets`); where Temporal cannot be told, what was set aside stays counted."""
        from temporalio.service import RPCError

        reserved = reservation.amounts
        changes = {what: used.get(what, 0) - amount for what, amount in reserved.items()}
        if not any(changes.values()):
            return
        handle = self.client.get_workflow_handle(_id(reservation.account))
        settlement = Settlement(day=reservation.day, amounts=changes)
        try:
            await handle.signal(SETTLE, settlement, rpc_timeout=PATIENCE)
        except RPCError as error:
            log.warning("What was used of the connection %s could not be settled: %s", reservation.account, error)


def budget_workers(
    client: Client, connections: Mapping[str, Connection], version: WorkerDeploymentConfig | None = None
) -> list[Worker]:
    """Return the worker that counts, where a connection has a budget; else none.

    Args:
        client: the client that all workers of this process share.
        connections: every usable connection by name.
        version: the version of this worker, if Temporal tells versions apart.
    """
    if not any(getattr(made, "budget", None) is not None for made in connections.values()):
        return []
    return [
        Worker(
            client,
            task_queue=BUDGETS,
            workflows=[BudgetCount],
            workflow_runner=UnsandboxedWorkflowRunner(),
            max_concurrent_workflow_task_polls=POLLS,
            deployment_config=version,
        )
    ]


def _id(account: str) -> str:
    return f"{BUDGET}/{account}"


def _sentence(account: str, found: ReserveAnswer, amounts: Amounts, limits: Amounts) -> str:
    spent = "; ".join(
        f"{found['used'].get(what, 0):,} of {limits[what]:,} {what} are used or set aside, and this call may take "
        f"{amounts.get(what, 0):,}"
        for what in found["lacking"]
    )
    return (
        f"The budget of the connection {account!r} for {found['day']} (UTC) does not allow this call: {spent}. Nothing "
        "was sent; it begins anew at midnight UTC, or raise `budget` in connections.yaml."
    )
