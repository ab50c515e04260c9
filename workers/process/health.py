"""One address that says whether a worker lives (`/livez`) and works (`/healthz`), and how much of it (`/metrics`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from aiohttp import web

from workers.process import metrics
from workers.process.serving import served
from workers.settings import ListenAddress

if TYPE_CHECKING:
    from temporalio.client import Client

OK = "ok"
ANSWER_WITHIN = timedelta(seconds=2)
POLLED_WITHIN = timedelta(minutes=2)
"""A poll waits about a minute for work, so a worker that polls has begun one since."""

Report = dict[str, Any]


class Subject(Protocol):
    """What can be asked how it is: one process, or the parent of several."""

    async def health(self) -> Report:
        """Return `{"status": "ok"}` and details, or another status and a reason."""

    async def metrics(self) -> str:
        """Return Prometheus text."""


class HealthStatus:
    """How one worker process is.

    Args:
        process: its number among the worker's processes.
        exporter: address of the process's own Temporal metrics.
        build: its version, if it has one.
    """

    def __init__(self, process: int, exporter: ListenAddress, build: str | None = None) -> None:
        self.process = process
        self.exporter = exporter
        self.build = build
        self._client: Client | None = None
        self._task_queue = ""
        self._ending = False

    def polling(self, client: Client, task_queue: str) -> None:
        """Note that the worker polls a task queue from now on."""
        self._client, self._task_queue = client, task_queue

    def ending(self) -> None:
        """Note that the worker takes no more work."""
        self._ending = True

    async def health(self) -> Report:
        """Ask Temporal whether it sees this process poll."""
        if self._ending:
            return self._report("ending", "The worker is shutting down.")
        if self._client is None:
            return self._report("starting", "The worker has not begun to poll.")
        from temporalio.service import RPCError

        try:
            polled = await last_poll(self._client, self._task_queue)
        except RPCError as error:
            return self._report("unreachable", f"Temporal does not answer: {error.message}.")
        if polled is None or datetime.now(UTC) - polled > POLLED_WITHIN:
            return self._report("idle", f"Temporal does not see this process poll task queue {self._task_queue!r}.")
        return self._report(OK) | {"lastPoll": polled.isoformat(timespec="seconds")}

    async def metrics(self) -> str:
        """Return the process's metrics, labelled with its number and its version."""
        async with _session() as session:
            text = await _fetch(session, f"http://{self.exporter}/metrics")
        return metrics.labelled(text, self.process, self.build)

    def _report(self, status: str, reason: str | None = None) -> Report:
        report: Report = {"process": self.process, "status": status}
        if self.build is not None:
            report["build"] = self.build
        return report if reason is None else {**report, "reason": reason}


class Processes:
    """How several worker processes are, from the page that each of them serves for its parent.

    Attributes:
        pages: port on this machine of each process's page, by process number.
    """

    def __init__(self, pages: Mapping[int, int]) -> None:
        self.pages = pages

    async def health(self) -> Report:
        """Ask every process; the worker does its work as long as one of them does."""
        reports = [_read(process, text) for process, text in (await self._ask("healthz")).items()]
        well = sum(report["status"] == OK for report in reports)
        return {"status": OK if well else "unavailable", "well": well, "processes": reports}

    async def metrics(self) -> str:
        """Return the metrics of every process that answers."""
        return metrics.merged((await self._ask("metrics")).values())

    async def _ask(self, page: str) -> dict[int, str]:
        pages = dict(self.pages)
        async with _session() as session:
            texts = await asyncio.gather(
                *(_fetch(session, f"http://127.0.0.1:{port}/{page}") for port in pages.values())
            )
        return dict(zip(pages, texts, strict=True))


@contextlib.asynccontextmanager
async def serving(subject: Subject, place: ListenAddress | socket.socket) -> AsyncIterator[ListenAddress]:
    """Serve `/livez`, `/healthz` and `/metrics` at an address or on a listening socket while the context lasts.

    Raises:
        TrunklineError: nothing can listen there.
    """

    async def health(_request: web.Request) -> web.Response:
        report = await subject.health()
        status = HTTPStatus.OK if report["status"] == OK else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(report, status=status)

    async def alive(_request: web.Request) -> web.Response:
        return web.json_response({"status": OK})

    async def text(_request: web.Request) -> web.Response:
        return web.Response(text=await subject.metrics(), headers={"Content-Type": metrics.CONTENT_TYPE})

    application = web.Application()
    application.add_routes([web.get("/livez", alive), web.get("/healthz", health), web.get("/metrics", text)])
    async with served(application, place, "--metrics-address names another address") as address:
        yield address


async def last_poll(client: Client, task_queue: str) -> datetime | None:
    """Return when this process last began to poll, as Temporal saw it."""
    from temporalio.api.enums.v1 import TaskQueueType
    from temporalio.api.taskqueue.v1 import TaskQueue
    from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_WITHIN)
    polls = [poller.last_access_time for poller in answer.pollers if poller.identity == client.identity]
    return max((poll.ToDatetime(tzinfo=UTC) for poll in polls), default=None)


def _session() -> aiohttp.ClientSession:
    # A process itself waits for Temporal: it must not be given up before it can say that Temporal does not answer.
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWER_WITHIN.total_seconds() + 1))


async def _fetch(session: aiohttp.ClientSession, url: str) -> str:
    """Return a page of one of our own processes, or nothing where it does not answer."""
    try:
        async with session.get(url) as answer:
            return await answer.text()
    except (aiohttp.ClientError, TimeoutError, OSError):
        return ""


def _read(process: int, text: str) -> Report:
    if not text:
        return {
            "process": process,
            "status": "dead",
            "reason": "The process does not answer; a dead one is started again.",
        }
    report: Report = json.loads(text)
    return report
