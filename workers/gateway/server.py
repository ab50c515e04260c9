"""The gateway's server: routes, one log line for each request, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from aiohttp import hdrs, web

from workers.gateway.config import GatewayConfig
from workers.gateway.counters import Counters
from workers.gateway.errands import Errands
from workers.gateway.event_doors import EventsDoor, HooksDoor
from workers.gateway.intake import Intake, reaching_temporal
from workers.gateway.noted import noted
from workers.gateway.openapi import description
from workers.gateway.pages.door import PagesDoor
from workers.gateway.requests import CONTINUE, RefusalError
from workers.gateway.slack.api import SlackApi, account_of, guarded
from workers.gateway.slack.deciding import SlackDecisions
from workers.gateway.slack.door import SlackDoor
from workers.gateway.talkdesk.door import TalkdeskDoor
from workers.gateway.waiting import WaitingCount
from workers.hosts import host_refusal, origin_refusal
from workers.process.health import OK, Report
from workers.settings import Settings
from workers.tracing.requests import request_span

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler
    from temporalio.client import Client

    from workers.tracing.tracing import Tracing

log = logging.getLogger("trunkline.gateway")

ANSWER_WITHIN = timedelta(seconds=2)
PROBES = frozenset({"/healthz", "/livez"})


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
        local: whether only this machine may ask, as in `trunkline dev`: no page of another server may either.
        tracing: makes spans of requests, where traces are on.
    """

    def __init__(
        self,
        config: GatewayConfig,
        settings: Settings,
        client: Client,
        *,
        local: bool = False,
        tracing: Tracing | None = None,
    ) -> None:
        self.config = config
        self.settings = settings
        self.client = client
        self.local = local
        self.tracing = tracing
        self.counters = Counters()
        self._waiting = WaitingCount(client, settings.task_queue)
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
            application.router.add_routes(map(_unhurried, door.routes()))
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
            yield SlackDoor(slack, api, SlackDecisions(api, self.client, key), self.errands, self.counters.decided)
        if self.config.pages is not None:
            yield PagesDoor(self.config.pages, self.config.base_url or "", key, self.client, self.settings)

    async def health(self) -> Report:
        """Say whether Temporal answers; for its page beside the metrics too."""
        from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

        request = DescribeNamespaceRequest(namespace=self.client.namespace)
        try:
            async with reaching_temporal(ANSWER_WITHIN.total_seconds()):
                await self.client.workflow_service.describe_namespace(request, timeout=ANSWER_WITHIN)
        except RefusalError:
            return {"status": "unreachable", "reason": "Temporal does not answer."}
        return {"status": OK}

    async def metrics(self) -> str:
        """Return Prometheus text."""
        return self.counters.text(await self._waiting.now())

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
            tracing = None if request.path in PROBES else self.tracing
            with request_span(tracing, request.method, self._route(request), request.headers) as answered:
                answer = await self._answer(request, handler)
                answered(answer.status)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._idle.set()
        if self._ending:
            answer.force_close()
        answer.headers.setdefault("X-Content-Type-Options", "nosniff")
        answer.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        answer.headers[hdrs.SERVER] = "trunkline"  # and not which versions of what serve it
        self._tell(request, answer.status, time.monotonic() - began)
        return answer

    def _tell(self, request: web.Request, status: int, seconds: float) -> None:
        """Count a request, and write its line."""
        route, known = self._route(request), noted(request)
        self.counters.answered(route, status, seconds, known)
        fields = {"method": request.method, "route": route, "status": status, "ms": round(seconds * 1000)}
        if known.source is not None:
            fields["source"] = known.source
        if known.events:
            fields["event"] = known.events[0]
        if len(known.events) > 1:
            fields["events"] = len(known.events)
        if known.decision is not None:
            fields["decision"] = known.decision
        log.info("%s %s: %d", request.method, route, status, extra={"fields": fields})

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if self.local:
                _check_local(request)
            return await handler(request)
        except RefusalError as refusal:
            return _refused(refusal)
        except web.HTTPException as error:
            kept = {str(hdrs.ALLOW): error.headers[hdrs.ALLOW]} if hdrs.ALLOW in error.headers else {}
            return _refused(
                RefusalError(HTTPStatus(error.status), f"{error.reason}: GET /openapi.json says what there is.", kept)
            )
        except Exception:
            log.exception("A request could not be answered.")
            sentence = "This is a defect of the gateway; its log says more."
            return _refused(RefusalError(HTTPStatus.INTERNAL_SERVER_ERROR, sentence))

    def _route(self, request: web.Request) -> str:
        """Return what a request is for, in words of the file's: never what a stranger made up."""
        resource = request.match_info.route.resource
        if resource is None:
            return "other"
        for key, known in (("name", self.config.sources), ("automation", self.config.talkdesk)):
            if (given := request.match_info.get(key)) is not None:
                return resource.canonical.replace(f"{{{key}}}", given) if given in known else "other"
        return resource.canonical


def _unhurried(route: web.RouteDef) -> web.RouteDef:
    """Return a route that asks for a body (`100 Continue`) only once it wants to read it."""
    return web.RouteDef(route.method, route.path, route.handler, {**route.kwargs, "expect_handler": _expectation})


async def _expectation(request: web.Request) -> web.Response | None:
    if request.headers[hdrs.EXPECT].lower() == CONTINUE:
        return None
    return _refused(RefusalError(HTTPStatus.EXPECTATION_FAILED, f"Expect {CONTINUE}, or nothing."))


def _check_local(request: web.Request) -> None:
    """Refuse what another machine, or the page of another server, asks.

    Raises:
        Refusal: it is one of these (403).
    """
    if why := host_refusal(request.headers.get(hdrs.HOST)) or origin_refusal(request.headers):
        raise RefusalError(HTTPStatus.FORBIDDEN, why)


def _refused(refusal: RefusalError) -> web.Response:
    answer = web.json_response({"message": refusal.sentence}, status=refusal.status, headers=refusal.headers)
    if refusal.ends:
        answer.force_close()
    return answer
