"""Releases: which version of a deployment new work goes to, and which runs still need an older one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from workers.client.listing import quoted
from workers.definitions.problems import listed
from workers.errors import NotFoundError, TrunklineError, UnreachableError

if TYPE_CHECKING:
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueResponse, DescribeWorkerDeploymentResponse
    from temporalio.client import Client

ASK_AGAIN = 0.5
"""Seconds between two looks at what Temporal has seen."""

POLLED_WITHIN = timedelta(minutes=2)
"""A poll waits about a minute for work, so a worker that polls has begun one since."""

SETTLING = 30.0
"""Seconds in which Temporal tells its task queues where work goes."""

INDEXED = 2.0
"""Seconds after which a run that has just begun is in Temporal's list."""

MOST_NAMED = 10
"""Runs that are named for each build."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One version of a deployment, as Temporal has it.

    Attributes:
        build: its name.
        status: `current`, `ramping`, `draining` (work of before may go on), `drained` or `inactive` (never released).
        polls: whether a worker of it has polled the task queue in the last two minutes.
        stay: how many runs go on that stay on it, and need its workers until they end.
        runs: workflow ids of the newest of them.
    """

    build: str
    status: str
    polls: bool
    stay: int = 0
    runs: list[str] = field(default_factory=list)

    @property
    def may_stop(self) -> bool:
        """Say whether its workers have had their time, and no run needs them any more."""
        return self.status in ("draining", "drained") and not self.stay

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        document: dict[str, Any] = {"build": self.build, "status": self.status, "polls": self.polls, "stay": self.stay}
        return {**document, "runs": self.runs, "mayStop": self.may_stop}


class Releases:
    """What may be done with the versions of one deployment.

    Args:
        client: a connected client.
        deployment: its name.
        task_queue: the task queue that its workers poll.
    """

    def __init__(self, client: Client, deployment: str, task_queue: str) -> None:
        self.client = client
        self.deployment = deployment
        self.task_queue = task_queue

    async def release(self, build: str, *, within: float, share: float | None = None) -> None:
        """Let new work, and all runs that move, go to a build, as soon as workers of it poll.

        Args:
            build: the build.
            within: seconds in which its workers must poll.
            share: of 100, what goes there for now; None: everything.

        Raises:
            UnreachableError: no worker of it polls within that time; nothing was changed.
            TrunklineError: Temporal refuses; the sentence says why.
        """
        until = asyncio.get_running_loop().time() + within
        refused = None
        while True:
            polling = await self._polling()
            if build in polling and (refused := await self._route(build, share)) is None:
                break
            if asyncio.get_running_loop().time() >= until:
                raise self._not_polling(build, polling, within) if refused is None else self._refused(build, refused)
            await asyncio.sleep(ASK_AGAIN)
        await self._settled(build, ramping=share is not None)

    async def builds(self) -> list[Build]:
        """Return the builds of the deployment, the newest first.

        Raises:
            NotFoundError: no worker has ever announced that deployment.
        """
        from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus

        polling = await self._polling()
        found = []
        for one in (await self._described()).worker_deployment_info.version_summaries:
            build = one.deployment_version.build_id
            status = WorkerDeploymentVersionStatus.Name(one.status).rpartition("_")[2].lower()
            stay, runs = await self._staying(build)
            found.append(Build(build=build, status=status, polls=build in polling, stay=stay, runs=runs))
        return found

    async def _polling(self) -> set[str]:
        """Return the builds of which a worker polls the task queue."""
        from temporalio.api.enums.v1 import TaskQueueType

        pollers = (await self._queue(self.task_queue, TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)).pollers
        since = datetime.now(UTC) - POLLED_WITHIN
        return {
            one.deployment_options.build_id
            for one in pollers
            if one.deployment_options.deployment_name == self.deployment
            and one.last_access_time.ToDatetime(tzinfo=UTC) > since
        }

    async def _route(self, build: str, share: float | None) -> str | None:
        """Tell Temporal, and return why it refuses what may be right in a moment."""
        from temporalio.api.workflowservice.v1 import (
            SetWorkerDeploymentCurrentVersionRequest,
            SetWorkerDeploymentRampingVersionRequest,
        )
        from temporalio.service import RPCError, RPCStatusCode

        service = self.client.workflow_service
        about: dict[str, Any] = {
            "namespace": self.client.namespace,
            "deployment_name": self.deployment,
            "build_id": build,
            "identity": self.client.identity,
        }
        try:
            if share is None:
                await service.set_worker_deployment_current_version(SetWorkerDeploymentCurrentVersionRequest(**about))
            else:
                ramping = SetWorkerDeploymentRampingVersionRequest(**about, percentage=share)
                await service.set_worker_deployment_ramping_version(ramping)
        except RPCError as error:
            lacking = error.status is RPCStatusCode.FAILED_PRECONDITION and "task queue" in error.message
            if lacking or error.status is RPCStatusCode.NOT_FOUND:  # its workers may not have announced all of them yet
                return error.message
            raise
        return None

    async def _settled(self, build: str, *, ramping: bool) -> None:
        """Wait until the task queues of a build send work there, and the list of runs tells who stays where.

        Raises:
            TrunklineError: Temporal takes too long to tell them.
        """
        until = asyncio.get_running_loop().time() + SETTLING
        while others := await self._elsewhere(build, ramping=ramping):
            if asyncio.get_running_loop().time() >= until:
                raise TrunklineError(
                    f"{self.deployment}:{build} is released, but Temporal has not told that to the task queues "
                    f"{listed(others)} within {SETTLING:g} s: their work still goes where it went before. Release it "
                    "once more before you stop any worker."
                )
            await asyncio.sleep(ASK_AGAIN)
        await asyncio.sleep(INDEXED)

    async def _elsewhere(self, build: str, *, ramping: bool) -> list[str]:
        """Return the task queues of a build that do not know yet that work goes there."""
        from temporalio.api.deployment.v1 import WorkerDeploymentVersion
        from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentVersionRequest

        request = DescribeWorkerDeploymentVersionRequest(
            namespace=self.client.namespace,
            deployment_version=WorkerDeploymentVersion(deployment_name=self.deployment, build_id=build),
        )
        version = await self.client.workflow_service.describe_worker_deployment_version(request)
        found = set()
        for queue in version.version_task_queues:
            info = (await self._queue(queue.name, queue.type)).versioning_info
            routed = info.ramping_deployment_version if ramping else info.current_deployment_version
            if routed.build_id != build:
                found.add(queue.name)
        return sorted(found)

    async def _queue(self, name: str, kind: TaskQueueType.ValueType) -> DescribeTaskQueueResponse:
        from temporalio.api.taskqueue.v1 import TaskQueue
        from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

        request = DescribeTaskQueueRequest(
            namespace=self.client.namespace, task_queue=TaskQueue(name=name), task_queue_type=kind
        )
        return await self.client.workflow_service.describe_task_queue(request)

    async def _described(self) -> DescribeWorkerDeploymentResponse:
        from temporalio.api.workflowservice.v1 import DescribeWorkerDeploymentRequest
        from temporalio.service import RPCError, RPCStatusCode

        request = DescribeWorkerDeploymentRequest(namespace=self.client.namespace, deployment_name=self.deployment)
        try:
            return await self.client.workflow_service.describe_worker_deployment(request)
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND and "amespace" not in error.message:
                raise NotFoundError(
                    f"There is no deployment {self.deployment!r} in namespace {self.client.namespace!r}: no worker "
                    "with that TRUNKLINE_DEPLOYMENT has ever polled."
                ) from None
            raise

    async def _staying(self, build: str) -> tuple[int, list[str]]:
        """Return how many runs stay on a build, and the newest of them."""
        query = (
            f"TemporalWorkerDeploymentVersion = {quoted(f'{self.deployment}:{build}')} AND "
            "TemporalWorkflowVersioningBehavior = 'Pinned' AND ExecutionStatus = 'Running'"
        )
        count = (await self.client.count_workflows(query)).count
        return count, [one.id async for one in self.client.list_workflows(query, limit=MOST_NAMED)]

    def _not_polling(self, build: str, polling: set[str], within: float) -> UnreachableError:
        others = f"Workers of {listed(sorted(polling))} do." if polling else "No worker of the deployment does."
        return UnreachableError(
            f"Nothing was released: no worker of {self.deployment}:{build} polls the task queue {self.task_queue!r} "
            f"(waited {within:g} s). {others} Start workers with TRUNKLINE_DEPLOYMENT={self.deployment} and "
            f"TRUNKLINE_BUILD={build}."
        )

    def _refused(self, build: str, reason: str) -> TrunklineError:
        return TrunklineError(
            f"Nothing was released: Temporal refuses {self.deployment}:{build}: {reason}. Where it misses a task "
            "queue, the new workers lack a connection with a limit or a budget, and work for it still waits: give them "
            "the connection, or wait until that is done."
        )
