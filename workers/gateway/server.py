"""The gateway's server: routes, one log line for each request, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from aiohttp import hdrs, web

from workers.errors import TrunklineError
from workers.gateway.config import GatewayConfig
from workers.gateway.counters import Counters
from workers.gateway.errands import Errands
from workers.gateway.event_doors import EventsDoor, HooksDoor
from workers.gateway.intake import Intake, reaching_temporal
from workers.gateway.openapi import description
from workers.gateway.pages.door import PagesDoor
from workers.gateway.requests import Refusal
from workers.gateway.slack.api import SlackApi, account_of, guarded
from workers.gateway.slack.desk import Desk
from workers.gateway.slack.door import SlackDoor
from workers.gateway.talkdesk.door import TalkdeskDoor
from workers.process.health import OK, Report
from workers.settings import Address, Settings

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler
    from temporalio.client import Client

log = logging.getLogger("trunkline.gateway")
protocol_log = logging.getLogger("trunkline.gateway.protocol")

ANSWER_WITHIN = timedelta(seconds=2)
LONGEST_LINE = 8 * 1024
LONGEST_HEADER = 8 * 1024


class Door(Protocol):
    """A part of what the gateway serves."""

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""


class Gateway:
    """What one file of a gateway serves.

    Args:
        config: the file.
        settings: settings of this process.
        client: Temporal's client, which need not be connected yet.
    """

    def __init__(self, config: GatewayConfig, settings: Settings, client: Client) -> None:
        self.config = config
        self.settings = settings
        self.client = client
        self.counters = Counters()
        self.errands = Errands()
        self.http = guarded(settings)
        self._in_flight = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._ending = False

    async def end(self) -> None:
        """Wait until what is in flight is answered, within the grace; connections end with their next answer."""
        self._ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.settings.grace):
                await self._idle.wait()
                await self.errands.finished()
        await self.errands.drop()
        await self.http.close()

    def application(self) -> web.Application:
        """Return the server's routes."""
        application = web.Application(middlewares=[self._guard])
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/livez", self._livez)
        application.router.add_get("/openapi.json", self._openapi)
        for door in self.doors():
            application.router.add_routes(door.routes())
        return application

    def doors(self) -> Iterable[Door]:
        """Yield the doors that the file opens."""
        intake = Intake(self.client, self.settings.task_queue)
        if self.config.events is not None:
            yield EventsDoor(self.config.events, intake, self.config.base_url)
        if self.config.sources:
            yield HooksDoor(self.config.sources, intake, self.config.base_url)
        if self.config.talkdesk:
            yield TalkdeskDoor(self.config.talkdesk, self.client, self.settings.task_queue)
        own = self.config.signing_key
        key = None if own is None else own.signing_key()
        if (slack := self.config.slack) is not None:
            api = SlackApi(account_of(slack.connection, self.settings), self.http)
            yield SlackDoor(slack, api, Desk(api, self.client, key), self.errands, self.counters.decided)
        if self.config.pages is not None:
            yield PagesDoor(self.config.pages, self.config.base_url or "", key, self.client, self.settings)

    async def health(self) -> Report:
        """Say whether Temporal answers; for its page beside the metrics too."""
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

        request = DescribeNamespaceRequest(namespace=self.client.namespace)
        try:
            async with reaching_temporal(ANSWER_WITHIN.total_seconds()):
                await self.client.workflow_service.describe_namespace(request, timeout=ANSWER_WITHIN)
        except Refusal:
            return {"status": "unreachable", "reason": "Temporal does not answer."}
        return {"status": OK}

    async def metrics(self) -> str:
        """Return Prometheus text."""
        return self.counters.text()

    async def _healthz(self, _: web.Request) -> web.Response:
        report = await self.health()
        status = HTTPStatus.OK if report["status"] == OK else HTTPStatus.SERVICE_UNAVAILABLE
        return web.json_response(report, status=status)

    async def _livez(self, _: web.Request) -> web.Response:
        return web.json_response({"status": OK})

    async def _openapi(self, _: web.Request) -> web.Response:
        return web.json_response(description(self.config))

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Turn every refusal into a sentence, count, and write one line that holds nothing of what was sent."""
        began = time.monotonic()
        self._in_flight += 1
        self._idle.clear()
        try:
            answer = await self._answer(request, handler)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        if self._ending:
            answer.force_close()
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        door, took = self._door(request), time.monotonic() - began
        self.counters.count(door, answer.status)
        fields = {"method": request.method, "door": door, "status": answer.status, "ms": round(took * 1000)}
        log.info("%s %s: %d", request.method, door, answer.status, extra={"fields": fields})
        return answer

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return _refused(refusal)
        except web.HTTPException as error:
            kept = {str(hdrs.ALLOW): error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
            return _refused(
                Refusal(HTTPStatus(error.status), f"{error.reason}: GET /openapi.json says what there is.", kept)
            )
        except Exception:
            log.exception("A request could not be answered.")
            sentence = "This is a defect of the gateway; its log says more."
            return _refused(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, sentence))

    def _door(self, request: web.Request) -> str:
        """Return what a request is for, in words of the file's: never what a stranger made up."""
        resource = request.match_info.route.resource
        if resource is None:
            return "other"
        for key, known in (("name", self.config.sources), ("automation", self.config.talkdesk)):
            if (given := request.match_info.get(key)) is not None:
                return resource.canonical.replace(f"{{{key}}}", given) if given in known else "other"
        return resource.canonical


def _refused(refusal: Refusal) -> web.Response:
    return web.json_response({"message": refusal.sentence}, status=refusal.status, headers=refusal.headers)


class _Quiet(logging.Filter):
    """Leaves out of a line about a broken request what was sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


protocol_log.addFilter(_Quiet())


@contextlib.asynccontextmanager
async def listening(gateway: Gateway, place: Address) -> AsyncIterator[Address]:
    """Serve while the context lasts, then finish what is in flight; its value is the address.

    Raises:
        TrunklineError: nothing can listen there.
    """
    runner = web.AppRunner(
        gateway.application(),
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        shutdown_timeout=1,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_HEADER,
        logger=protocol_log,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, place.host, place.port)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise TrunklineError(
                f"Nothing can listen at {place} ({reason}); --port and --host name another place."
            ) from None
        host, port, *_ = runner.addresses[0]
        try:
            yield Address(host, port)
        finally:
            await site.stop()
            await gateway.end()  # before `cleanup`, which reads no more of bodies that are still arriving
    finally:
        await runner.cleanup()
