"""The worker: it connects, polls, and ends without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn

from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.contracts import Contracts
from activities.network import Client as HttpClient
from activities.temporal import Services, bind
from workers import logs
from workers.approvals.desk import Desk
from workers.bridge import Bridge
from workers.client import connect, explain
from workers.earlier import Earlier
from workers.failures import Failure, NotFound, Unreachable
from workers.payloads.converter import client_of_worker
from workers.process.equipment import Equipment, complaints, equip
from workers.process.health import Vitals, last_poll, serving
from workers.process.limits import Limits, running
from workers.process.search_attributes import register
from workers.process.telemetry import measured_runtime, plain_runtime
from workers.process.watching import SETTLED, settle, watch
from workers.settings import Settings
from workflows.automation import Automation
from workflows.details import Details

if TYPE_CHECKING:
    from temporalio.client import Client
    from temporalio.runtime import Runtime

log = logging.getLogger("trunkline.worker")

RECONNECT = 3.0
"""Seconds between two attempts to reach Temporal at the start; later its client reconnects by itself."""

CACHED_RUNS = 2000
WORKFLOW_TASKS = 200
ACTIVITIES = 200
LOCAL_ACTIVITIES = 100
POLLS = 5
HEARTBEAT_THROTTLE = timedelta(seconds=4)
"""At most this often heartbeats reach Temporal, well within the ten seconds after which it gives an attempt up."""


async def serve(
    settings: Settings,
    *,
    ready: Callable[[], None] | None = None,
    process: int = 1,
    page: socket.socket | None = None,
) -> NoReturn:
    """Run one worker process until it is canceled; activities in flight then finish or are handed over.

    Args:
        settings: settings of this worker.
        ready: called once the worker polls.
        process: number of this process among the worker's processes; the first one speaks for all.
        page: listening socket for `/healthz` and `/metrics`, instead of the settings' address.

    Raises:
        Failure: the worker cannot work with these settings, or Temporal has ended it.
    """
    equipment = equip(settings, SETTLED)
    logs.scrub_with(equipment.scrubber.scrub)
    await settle(equipment.automations)
    for sentence in complaints(equipment) if process == 1 else ():
        log.warning("%s", sentence)
    async with contextlib.AsyncExitStack() as stack:
        place = page or settings.metrics_address
        vitals = None
        if place is None:
            runtime = plain_runtime()
        else:
            runtime, exporter = measured_runtime()
            vitals = Vitals(process, exporter)
            address = await stack.enter_async_context(serving(vitals, place))
            if page is None:
                log.info("Health and metrics: http://%s/healthz and /metrics", address)
        client = await _reach(settings, runtime)
        advice = await register(client)
        if advice and process == 1:
            log.warning("%s", advice)
        await stack.enter_async_context(_polling(settings, equipment, client, attributes=advice is None))
        if vitals is not None:
            vitals.polling(client, settings.task_queue)
            stack.callback(vitals.ending)
        await _until_seen(client, settings.task_queue)
        names = sorted(equipment.automations.names())
        log.info(
            "ready: task queue %s, %d automations: %s", settings.task_queue, len(names), ", ".join(names) or "none"
        )
        if ready is not None:
            ready()
        await watch(equipment.automations)
    raise AssertionError("A worker ends by being canceled.")


@contextlib.asynccontextmanager
async def _polling(
    settings: Settings, equipment: Equipment, client: Client, *, attributes: bool
) -> AsyncIterator[None]:
    """Poll while the context lasts; then let activities in flight finish within the grace."""
    activity.logger.activity_info_on_message = False  # the place of a line is a field of its own
    workflow.logger.workflow_info_on_message = False
    http = HttpClient(allow=settings.allow)
    services = Services(
        http=http,
        connections=equipment.connections,
        secrets=equipment.secrets,
        scrubber=equipment.scrubber,
        files=settings.files,
        result_limit=settings.result_limit,
        client=client,
    )
    limits = Limits(equipment.connections, equipment.actions, settings.task_queue)
    bridge = Bridge(
        equipment.automations,
        attributes=attributes,
        web_ui=settings.web_ui,
        state_limit=settings.state_limit,
        limits=limits,
    )
    contracts = Contracts(equipment.actions, equipment.secrets, equipment.scrubber, settings.result_limit)
    desk = Desk(contracts, equipment.groups, equipment.signing, settings.encryption_keys)
    shared = client_of_worker(client)
    actions = bind(equipment.actions, services)
    options: dict[str, Any] = {
        "max_concurrent_activities": ACTIVITIES,
        "max_concurrent_activity_task_polls": POLLS,
        "max_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
        "default_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
        "graceful_shutdown_timeout": timedelta(seconds=settings.grace),
    }
    worker = Worker(
        shared,
        task_queue=settings.task_queue,
        workflows=[Automation],
        activities=[*actions, *bridge.activities(), *desk.activities(), Earlier(client).earlier],
        interceptors=[Details()],
        workflow_runner=UnsandboxedWorkflowRunner(),  # costs less; replays of every test's history guard determinism
        max_cached_workflows=CACHED_RUNS,
        max_concurrent_workflow_tasks=WORKFLOW_TASKS,
        max_concurrent_local_activities=LOCAL_ACTIVITIES,
        max_concurrent_workflow_task_polls=POLLS,
        **options,
    )
    try:
        async with running([*limits.workers(shared, actions, **options), worker]):
            yield
    except RuntimeError as error:
        raise Failure(f"Temporal has ended this worker: {error}") from error
    finally:
        await http.close()


async def _reach(settings: Settings, runtime: Runtime) -> Client:
    """Connect to Temporal, again and again until it answers and has the namespace."""
    said = ""
    while True:
        try:
            client = await connect(settings, runtime=runtime)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        except (Unreachable, NotFound) as error:
            sentence = str(error)
        except RPCError as error:
            sentence = str(explain(error) or error)
        else:
            return client
        if sentence != said:
            log.warning("%s Trying again every %g s.", sentence, RECONNECT)
            said = sentence
        await asyncio.sleep(RECONNECT)


async def _until_seen(client: Client, task_queue: str) -> None:
    """Wait until Temporal sees this process poll."""
    while True:
        with contextlib.suppress(RPCError):
            if await last_poll(client, task_queue) is not None:
                return
        await asyncio.sleep(0.05)
