"""A local HTTP server that remembers what it got and answers as it was told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web


@dataclass(slots=True)
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    query: dict[str, str]
    body: Any


@dataclass(slots=True)
class Receiver:
    """Answers `{"ok": true}` unless a path was told otherwise.

    Attributes:
        requests: everything that came, in order.
        answers: by path, a list of answers used one after the other; the last one stays.
    """

    requests: list[Received] = field(default_factory=list)
    answers: dict[str, list[Callable[[web.Request], Awaitable[web.StreamResponse]]]] = field(default_factory=dict)
    url: str = ""
    _runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def to(self, path: str) -> list[Received]:
        """Return what was sent to paths that begin so."""
        return [request for request in self.requests if request.path.startswith(path)]

    def answer(self, path: str, status: int = 200, body: Any = None, *, headers: dict[str, str] | None = None) -> None:
        """Add an answer for a path."""

        async def respond(_: web.Request) -> web.StreamResponse:
            return web.json_response(body if body is not None else {"ok": True}, status=status, headers=headers)

        self.answers.setdefault(path, []).append(respond)

    def stall(self, path: str, seconds: float, status: int = 200) -> None:
        """Let a path answer late."""

        async def respond(_: web.Request) -> web.StreamResponse:
            await asyncio.sleep(seconds)
            return web.json_response({"ok": True}, status=status)

        self.answers.setdefault(path, []).append(respond)

    def drop(self, path: str) -> None:
        """Let a path hang up after it has read the request."""

        async def respond(request: web.Request) -> web.StreamResponse:
            if request.transport is not None:
                request.transport.abort()
            return web.Response()

        self.answers.setdefault(path, []).append(respond)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        try:
            body: Any = json.loads(raw)
        except ValueError:
            body = dict(await request.post()) or raw.decode("utf-8", "replace")
        self.requests.append(
            Received(
                method=request.method,
                path=request.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                query=dict(request.query),
                body=body,
            )
        )
        answers = self.answers.get(request.path)
        if answers:
            return await (answers.pop(0) if len(answers) > 1 else answers[0])(request)
        if request.path.startswith("/slack/"):
            return web.json_response({"ok": True, "channel": "C1", "ts": "1700000000.000100", "message": {"text": "x"}})
        if request.path.startswith("/twilio/"):
            return web.json_response(_message(body), status=201)
        if request.path.startswith("/echo"):
            return web.json_response({"method": request.method, "body": body})
        return web.json_response({"ok": True})


def _message(body: Any) -> dict[str, Any]:
    return {
        "sid": "SM" + "0" * 32, "status": "queued", "to": body.get("To"), "from": body.get("From"),
        "body": body.get("Body"), "num_segments": "1", "account_sid": "AC" + "0" * 32, "error_code": None,
        "error_message": None, "direction": "outbound-api", "date_created": None, "date_updated": None,
        "date_sent": None, "price": None, "uri": "/x", "api_version": "2010-04-01", "num_media": "0",
        "price_unit": "USD", "messaging_service_sid": None, "subresource_uris": {},
    }  # fmt: skip
