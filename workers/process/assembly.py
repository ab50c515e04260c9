"""How a worker is put together: the parts of one process, and the Temporal workers that are made of them."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.worker import Interceptor, UnsandboxedWorkflowRunner, Worker

from activities.attempt.contracts import Contracts
from activities.attempt.temporal import AttemptServices, bind
from activities.descriptions.fetching import Fetcher
from activities.http_client.bodies import Bodies
from activities.http_client.client import Client as HttpClient
from activities.http_client.sandboxed import SandboxServer
from workers.payloads.keyed_hash import KeyedHash
from workers.process.approval_activities import ApprovalActivities
from workers.process.budgets import TemporalBudgets, budget_workers
from workers.process.deployment import deployment_config
from workers.process.event_activities import EventActivities
from workers.process.gate_activities import GateActivities
from workers.process.inline import Inline
from workers.process.kept_values import TemporalKeptValues
from workers.process.keyed_worker import keyed_worker
from workers.process.limits import Limits, running
from workers.process.match_activity import MatchActivity
from workers.process.measures import Measures
from workers.process.measuring import Measuring
from workers.process.pauses import TemporalPauses, pause_worker
from workers.process.pinning import Pinning
from workers.process.plan_activities import PlanActivities
from workers.process.reset_activities import ResetActivities
from workers.process.runs import TemporalRuns
from workers.process.source_activities import SourceActivities
from workers.process.worker_client import client_of_worker
from workflows.automation import Automation
from workflows.starter import Starter
from workflows.view.details import Details

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.common import MetricMeter

    from workers.process.equipment import Equipment
    from workers.settings import Settings

CACHED_RUNS = 2000
WORKFLOW_TASKS = 200
ACTIVITIES = 200
LOCAL_ACTIVITIES = 100
POLLS = 5
HEARTBEAT_THROTTLE = timedelta(seconds=4)
"""At most this often heartbeats reach Temporal, well within the ten seconds after which it gives an attempt up."""

Activities = Sequence[Callable[..., Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """The parts of one worker process.

    Attributes:
        settings: settings of this worker.
        equipment: what it has read.
        client: connected to Temporal, for what is no run.
        attributes: whether the namespace has our search attributes.
        meter: counts what is done, where anybody looks.
    """

    settings: Settings
    equipment: Equipment
    client: Client
    attributes: bool = True
    meter: MetricMeter | None = None

    @contextlib.asynccontextmanager
    async def polling(self, *, cached_runs: int = CACHED_RUNS) -> AsyncIterator[None]:
        """Poll while the context lasts; then let activities in flight finish within the grace."""
        settings = self.settings
        http = HttpClient(
            allow=settings.allow,
            stand_ins=self.equipment.connections.stand_ins(),
            sandbox=SandboxServer.of(settings.sandbox, settings.live) if settings.sandbox else None,
            bodies=Bodies(settings.bodies_limit),
        )
        try:
            async with (
                Fetcher(self.equipment.descriptions, http, self.equipment.scrubber.renew).running(),
                running(self.workers(self.actions(http), cached_runs=cached_runs)),
            ):
                yield
        finally:
            await http.close()

    def workers(self, actions: Activities, *, cached_runs: int = CACHED_RUNS) -> list[Worker]:
        """Return workers for budgets, pauses, keys and limited connections, and last the one that carries out runs.

        Args:
            actions: the activities that carry out actions; without any, other workers have to.
            cached_runs: how many runs are kept in memory between their tasks.
        """
        version = deployment_config(self.settings)
        client = client_of_worker(self.client, attributes=self.attributes, versioned=version is not None)
        options: dict[str, Any] = {
            "max_concurrent_activities": ACTIVITIES,
            "max_concurrent_activity_task_polls": POLLS,
            "max_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
            "default_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
            "graceful_shutdown_timeout": timedelta(seconds=self.settings.grace),
            "interceptors": [Details(), *self._measuring()],
            "deployment_config": version,
        }
        limits = self._limits()
        worker = Worker(
            client,
            task_queue=self.settings.task_queue,
            workflows=[Automation, Starter],
            activities=[*actions, *self._local_activities(limits)],
            workflow_task_executor=Inline(),
            workflow_runner=UnsandboxedWorkflowRunner(),  # costs less; replays in tests guard determinism
            max_cached_workflows=cached_runs,
            max_concurrent_workflow_tasks=WORKFLOW_TASKS,
            max_concurrent_local_activities=LOCAL_ACTIVITIES,
            max_concurrent_workflow_task_polls=POLLS,
            no_remote_activities=not actions,
            **options,
        )
        if not actions:
            return [worker]
        counting = budget_workers(client, self.equipment.connections.usable(), version)
        return [
            *counting,
            pause_worker(client, version),
            keyed_worker(client, self._gates(), version),
            *limits.workers(client, actions, **options),
            worker,
        ]

    def actions(self, http: HttpClient) -> Activities:
        """Return the activities that carry out actions."""
        services = AttemptServices(
            http=http,
            connections=self.equipment.connections,
            secrets=self.equipment.secrets,
            scrubber=self.equipment.scrubber,
            files=self.settings.files,
            result_limit=self.settings.result_limit,
            client=self.client,
            budgets=TemporalBudgets(self.client),
            pauses=TemporalPauses(self.client),
            runs=TemporalRuns(self.client, self.settings.task_queue, attributes=self.attributes),
            kept_values=TemporalKeptValues(self.client, self._keyed()),
            descriptions=self.equipment.descriptions,
        )
        ours = [*self._events().activities(), *self._gates().activities()]
        return [*bind(self.equipment.actions, services), *ours]

    def _measuring(self) -> Sequence[Interceptor]:
        if self.meter is None:
            return ()
        connections = [(name, made.kind) for name, made in self.equipment.connections.usable().items()]
        measures = Measures(self.meter, connections)
        return (Measuring(measures, self.equipment.actions.keys(), self.settings.task_queue),)

    def _events(self) -> EventActivities:
        return EventActivities(self.client, self._keyed())

    def _gates(self) -> GateActivities:
        return GateActivities(self.client, self._keyed())

    def _keyed(self) -> KeyedHash:
        return KeyedHash(self.settings.encryption_keys)

    def _limits(self) -> Limits:
        return Limits(self.equipment.connections, self.equipment.actions, self.settings.task_queue)

    def _local_activities(self, limits: Limits) -> Activities:
        equipment, settings = self.equipment, self.settings
        plans = PlanActivities(
            equipment.automations,
            attributes=self.attributes,
            web_ui=settings.web_ui,
            pages=settings.pages,
            state_limit=settings.state_limit,
            limits=limits,
            inline=settings.inline,
            unknown_for=settings.unknown_for,
            pinning=Pinning(equipment.actions, equipment.connections, equipment.descriptions),
        )
        contracts = Contracts(
            equipment.actions,
            equipment.secrets,
            equipment.scrubber,
            settings.result_limit,
            connections=equipment.connections,
            descriptions=equipment.descriptions,
        )
        approvals = ApprovalActivities(contracts, equipment.groups, equipment.signing, settings.encryption_keys)
        sources, resets = SourceActivities(self.client), ResetActivities(self.client)
        matching = MatchActivity(equipment.automations, self._events().subscriptions.awaited)
        return [*plans.activities(), *approvals.activities(), resets.earlier, sources.source, matching.match]
