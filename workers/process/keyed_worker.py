"""The worker of what is found by a key: kept values, subscriptions and gates, the same for all of a namespace."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from trunkline.keyed import KEYED
from workflows.keyed.gate import Gate
from workflows.keyed.subscriptions import SubscriptionList
from workflows.keyed.value import KeptValue

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.worker import WorkerDeploymentConfig

    from workers.process.gate_activities import GateActivities

POLLS = 2

LOST = timedelta(seconds=2)
"""How long a task waits for the worker that had its workflow in memory, and may have been killed."""


def keyed_worker(client: Client, gates: GateActivities, version: WorkerDeploymentConfig | None = None) -> Worker:
    """Return the worker that carries out the workflows which are found by a key.

    Args:
        client: the client that all workers of this process share.
        gates: what gates ask about runs.
        version: the version of this worker, if Temporal tells versions apart.
    """
    return Worker(
        client,
        task_queue=KEYED,
        workflows=[Gate, KeptValue, SubscriptionList],
        activities=[gates.standing],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_concurrent_workflow_task_polls=POLLS,
        sticky_queue_schedule_to_start_timeout=LOST,
        deployment_config=version,
    )
