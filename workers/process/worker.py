"""The worker: it connects, polls, and ends without losing anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, NoReturn

from temporalio import activity, workflow
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.service import RPCError

from workers import logs
from workers.client.connecting import connect, explain
from workers.definitions.problems import listed
from workers.definitions.reloads import NAMED
from workers.errors import NotFoundError, TrunklineError, UnreachableError
from workers.process.assembly import Assembly
from workers.process.collecting import collect_seldom
from workers.process.deployment import version
from workers.process.equipment import check_bindings, complaints, equip, unbound
from workers.process.health import HealthStatus, last_poll, serving
from workers.process.search_attributes import register
from workers.process.telemetry import measured_runtime, plain_runtime
from workers.process.watching import SETTLED, Watch, settle
from workers.settings import Settings
from workers.tracing.setting import interceptors, traced
from workflows.automation import Automation
from workflows.starter import Starter

if TYPE_CHECKING:
    from temporalio.client import Client, Interceptor
    from temporalio.runtime import Runtime

log = logging.getLogger("trunkline.worker")

RECONNECT = 3.0
"""Seconds between two attempts to reach Temporal at the start; later its client reconnects by itself."""


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
        TrunklineError: the worker cannot work with these settings, or Temporal has ended it.
    """
    equipment = equip(settings, SETTLED)
    logs.scrub_with(equipment.scrubber.scrub)
    await settle(equipment.automations)
    check_bindings(settings, equipment)
    sentences = list(complaints(equipment)) if process == 1 else []
    for sentence in sentences:
        log.warning("%s", sentence)
    watching = Watch(equipment, sentences, speaks=process == 1)
    if process == 1 and (free := unbound(equipment)) is not None:
        log.info("%s", free)
    async with contextlib.AsyncExitStack() as stack:
        place = page or settings.metrics_address
        status = None
        if place is None:
            runtime = plain_runtime()
        else:
            runtime, exporter = measured_runtime()
            status = HealthStatus(process, exporter, settings.build)
            address = await stack.enter_async_context(serving(status, place))
            if page is None:
                log.info("Health and metrics: http://%s/healthz and /metrics", address)
        tracing = stack.enter_context(traced("trunkline-worker"))
        client = await _reach(settings, runtime, interceptors(tracing, Automation, Starter))
        advice = await register(client)
        if advice and process == 1:
            log.warning("%s", advice)
        assembly = Assembly(
            settings=settings,
            equipment=equipment,
            client=client,
            attributes=advice is None,
            meter=None if place is None else runtime.metric_meter,
        )
        await stack.enter_async_context(_polling(assembly))
        if status is not None:
            status.polling(client, settings.task_queue)
            stack.callback(status.ending)
        await _until_seen(client, settings.task_queue)
        names = await equipment.automations.aside(equipment.automations.names)
        of = "" if (own := version(settings)) is None else f" as version {own}"
        log.info(
            "ready: task queue %s%s, %d automations: %s",
            settings.task_queue,
            of,
            len(names),
            listed(names, most=NAMED) or "none",
        )
        collect_seldom()
        if ready is not None:
            ready()
        await watching.watch()
    raise AssertionError("A worker ends by being canceled.")


@contextlib.asynccontextmanager
async def _polling(assembly: Assembly) -> AsyncIterator[None]:
    """Poll while the context lasts, with the place of a log line in fields of its own."""
    activity.logger.activity_info_on_message = False
    workflow.logger.workflow_info_on_message = False
    try:
        async with assembly.polling():
            yield
    except RuntimeError as error:
        raise TrunklineError(f"Temporal has ended this worker: {error}") from error


async def _reach(settings: Settings, runtime: Runtime, tracing: Sequence[Interceptor]) -> Client:
    """Connect to Temporal, again and again until it answers and has the namespace."""
    last = ""
    while True:
        try:
            client = await connect(settings, runtime=runtime, interceptors=tracing)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
        except (UnreachableError, NotFoundError) as error:
            sentence = str(error)
        except RPCError as error:
            sentence = str(explain(error) or error)
        else:
            return client
        if sentence != last:
            log.warning("%s Trying again every %g s.", sentence, RECONNECT)
            last = sentence
        await asyncio.sleep(RECONNECT)


async def _until_seen(client: Client, task_queue: str) -> None:
    """Wait until Temporal sees this process poll."""
    while True:
        with contextlib.suppress(RPCError):
            if await last_poll(client, task_queue) is not None:
                return
        await asyncio.sleep(0.05)
