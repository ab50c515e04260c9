"""What the benchmarks read at Temporal when all is over: tasks that failed, and runs that were started twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable

from temporalio.api.enums.v1 import EventType, WorkflowTaskFailedCause
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client

AT_ONCE = 8

COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED

USUAL = {
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_RESET_WORKFLOW,
    WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_UNHANDLED_COMMAND,
}
"""Why tasks fail that are simply done again."""

KEYED = "trunkline:"
"""Begins the ids of workflows that end whenever nobody needs them, and begin again."""


async def failed_tasks(client: Client, runs: Iterable[str]) -> list[str]:
    """Return a sentence for every workflow task that failed in the runs: a bug, whatever came of the run.

    Those that a reset has failed do not count, nor those that ended a run while something came for it.
    """
    permits = asyncio.Semaphore(AT_ONCE)

    async def read(run: str) -> list[str]:
        async with permits:
            events = [event async for event in client.get_workflow_handle(run).fetch_history_events()]
        return [f"{run}: a workflow task failed: {_why(event)}" for event in events if _failed(event)]

    return [said for found in await asyncio.gather(*map(read, runs)) for said in found]


def _failed(event: HistoryEvent) -> bool:
    cause = event.workflow_task_failed_event_attributes.cause
    return event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED and cause not in USUAL


def _why(event: HistoryEvent) -> str:
    failed = event.workflow_task_failed_event_attributes
    return f"{failed.failure.message[:300]} (cause {failed.cause})"


async def builds_of(client: Client, run: str) -> list[str]:
    """Return the builds whose workers have carried out the tasks of a run, the first first."""
    events = [event async for event in client.get_workflow_handle(run).fetch_history_events()]
    done = [event.workflow_task_completed_event_attributes for event in events if event.event_type == COMPLETED]
    return [*dict.fromkeys(task.deployment_version.build_id for task in done)]


async def miscounted(client: Client, begun: Iterable[str]) -> list[str]:
    """Return a sentence for each run that was not started, and for each workflow id under which several were.

    Executions that follow from one another, by a reset or as continued, are of one run.

    Args:
        client: connected to Temporal.
        begun: workflow ids of the runs whose events were taken.
    """
    executions: defaultdict[str, list[str]] = defaultdict(list)
    async for one in client.list_workflows():
        if not one.id.startswith(KEYED):
            executions[one.id].append(one.run_id)
    permits = asyncio.Semaphore(AT_ONCE)

    async def first(workflow_id: str, run_id: str) -> str:
        async with permits:
            described = await client.get_workflow_handle(workflow_id, run_id=run_id).describe()
        return described.raw_description.workflow_execution_info.first_run_id

    async def twice(workflow_id: str, run_ids: list[str]) -> list[str]:
        firsts = {*await asyncio.gather(*(first(workflow_id, run_id) for run_id in run_ids))}
        return [f"{workflow_id}: it was started {len(firsts)} times."] if len(firsts) > 1 else []

    several = [(run, run_ids) for run, run_ids in executions.items() if len(run_ids) > 1]
    doubled = await asyncio.gather(*(twice(run, run_ids) for run, run_ids in several))
    missing = sorted({*begun} - executions.keys())
    return [
        *(said for found in doubled for said in found),
        *(f"{run}: its event was taken, and started nothing." for run in missing),
    ]
