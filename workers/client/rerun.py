"""Resuming failed runs from their failed steps, by a reset to the workflow task in which they ended."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from trunkline.wire import PLAN, Entry, RunReport
from workers.client.history.chain import run_alone
from workers.client.listing import listed
from workers.client.runs import describe, failure_of
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client
    from temporalio.exceptions import ApplicationError

RUN_FAILED = "AutomationFailed"
"""The failure type of a run whose steps failed."""

NOT_BEGUN = ("InvalidEvent", "UnknownAutomation", "BadAutomation", "InlineOff")
"""The failure types of runs that failed before their first step."""

REQUESTS = uuid.UUID("6b1f6c2e-2d0c-5f0a-8d8e-0f7f0a6f4b11")
"""Namespace of the request ids of resets, so that one that is asked for twice at once is made once."""

PAGE = 50

WHY_NOT = {
    "RUNNING": "it is still running: what failed in it waits for a decision or is tried again (`trunkline report`)",
    "CANCELED": "it was canceled, and nothing failed in it",
    "TERMINATED": "it was terminated from outside, and did not fail by itself",
    "TIMED_OUT": "Temporal ended it when its time was over, and it did not fail by itself",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRun:
    """A run that may be resumed.

    Attributes:
        run: workflow id.
        automation: the automation's name.
        run_id: the execution that failed.
        message: the sentence with which it failed.
        steps: the steps that begin again, each with label, status and error; none where it begins from its start.
        task: the event that completed its last workflow task.
    """

    run: str
    automation: str
    run_id: str
    message: str
    task: int
    steps: list[Entry] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return what scripts see of it."""
        steps = [{"id": step["id"], "label": step["label"], "status": step["status"]} for step in self.steps]
        return {"run": self.run, "automation": self.automation, "message": self.message, "steps": steps}


async def examine(client: Client, run: str) -> FailedRun:
    """Return what a rerun of a run would begin again.

    Raises:
        NotFoundError: there is no such run.
        TrunklineError: there is nothing in it to resume; the sentence says why.
    """
    description = await describe(client, run)
    status = "UNKNOWN" if description.status is None else description.status.name
    if status == "COMPLETED":
        result: Any = await client.get_workflow_handle(run, run_id=description.run_id).result(follow_runs=False)
        outcome = result.get("outcome", "completed") if isinstance(result, dict) else "completed"
        raise _refused(run, f"it ended as {outcome}, and did not fail")
    if status != "FAILED":
        raise _refused(run, WHY_NOT.get(status, f"Temporal calls it {status.lower()}"))
    failure = await failure_of(client, run, description.run_id)
    found = next((detail for detail in failure.details if isinstance(detail, dict) and "steps" in detail), None)
    report = None if found is None else cast("RunReport", found)
    events = [event async for event in _last(client, run, description.run_id)]
    return FailedRun(
        run=run,
        automation=listed(description).automation,
        run_id=description.run_id,
        message=failure.message,
        steps=await _steps(client, run, description.run_id, failure, report),
        task=events[-1].event_id,
    )


def _refused(run: str, why: str) -> TrunklineError:
    return TrunklineError(
        f"{run} cannot be resumed: {why}. `trunkline run NAME --event FILE --again` runs its automation once more."
    )


async def _steps(
    client: Client, run: str, run_id: str, failure: ApplicationError, report: RunReport | None
) -> list[Entry]:
    """Return the failed steps of a run's report.

    Raises:
        TrunklineError: it failed otherwise, and a rerun would come to the same end.
    """
    if report is None:
        if failure.type not in NOT_BEGUN:
            raise _refused(run, f"it is no run of an automation ({failure.message})")
        if failure.type == "InvalidEvent" and not await _asked_for_plan(client, run, run_id):
            raise _refused(run, f"its event stays what it is ({failure.message})")
        return []
    stop = next((s for s in report["steps"] if s.get("kind") == "stop" and s["status"] == "succeeded"), None)
    if stop is not None and report.get("reason"):  # a `stop` among the actions for a failed run gives it no reason
        raise _refused(run, f"its own step {stop['label']!r} ended it as failed (`stop`), and would do so again")
    failed = [
        s for s in report["steps"] if s["status"] in {"failed", "unknown"} and "error" in s and "onFailure" not in s
    ]
    acting = {s["id"] for s in failed if "actionType" in s}  # what followed their failure does so only where they fail
    return [s for s in failed if s.get("parent") not in acting]


async def _asked_for_plan(client: Client, run: str, run_id: str) -> bool:
    """Say whether a run got as far as asking its worker for the plan, so that another definition may take its event."""
    activities = (await run_alone(client, run, run_id)).local_activities
    return any(one.name == PLAN for one in activities)


async def _last(client: Client, run: str, run_id: str) -> AsyncIterator[HistoryEvent]:
    """Yield a run's events from its end back to the completion of its last workflow task."""
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest

    token = b""
    while True:
        page = await client.workflow_service.get_workflow_execution_history_reverse(
            GetWorkflowExecutionHistoryReverseRequest(
                namespace=client.namespace,
                execution=WorkflowExecution(workflow_id=run, run_id=run_id),
                maximum_page_size=PAGE,
                next_page_token=token,
            )
        )
        for event in page.history.events:
            yield event
            if event.HasField("workflow_task_completed_event_attributes"):
                return
        token = page.next_page_token
        if not token:
            raise _refused(run, "it failed before it had begun")


async def rerun(client: Client, failed: FailedRun, by: str | None) -> str:
    """Reset a failed run, and return the id of the execution that goes on.

    Raises:
        TrunklineError: it goes on already.
    """
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest

    if (await describe(client, failed.run)).run_id != failed.run_id:
        raise TrunklineError(f"{failed.run} has been resumed meanwhile: nothing was done.")
    answer = await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=failed.run, run_id=failed.run_id),
            reason=f"trunkline rerun{f' by {by}' if by else ''}",
            workflow_task_finish_event_id=failed.task,
            request_id=str(uuid.uuid5(REQUESTS, f"{failed.run}\n{failed.run_id}")),
            identity=client.identity,
        )
    )
    return answer.run_id
