"""The doors for events: CloudEvents, and hooks of vendors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from workers.client.start import StartResult
from workers.gateway.cloudevents import events_of
from workers.gateway.config import Events, HookSource
from workers.gateway.entrance import verified_body
from workers.gateway.hooks import event_of
from workers.gateway.intake import Intake
from workers.gateway.noted import noted
from workers.gateway.requests import RefusalError, is_json, json_of, media_type


class EventsDoor:
    """`POST /events`, and the handshake of CloudEvents' web hooks (`OPTIONS`)."""

    def __init__(self, entry: Events, intake: Intake, base_url: str | None) -> None:
        self.entry = entry
        self.intake = intake
        self.base_url = base_url

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""
        return web.post("/events", self._take), web.options("/events", self._handshake)

    async def _take(self, request: web.Request) -> web.Response:
        known = noted(request)
        known.source = "events"
        body = await verified_body(request, self.entry.verify, self.base_url)
        events = events_of(request.headers, body)
        known.events = [event["id"] for event in events]
        return accepted(await self.intake.take(events))

    async def _handshake(self, request: web.Request) -> web.Response:
        """Agree to be sent events (CloudEvents, HTTP 1.1 Web Hooks for Event Delivery, section 4)."""
        origin = request.headers.get("WebHook-Request-Origin", "*")
        return web.Response(headers={"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*", "Allow": "POST"})


class HooksDoor:
    """`POST /hooks/<name>`."""

    def __init__(self, sources: Mapping[str, HookSource], intake: Intake, base_url: str | None) -> None:
        self.sources = sources
        self.intake = intake
        self.base_url = base_url

    def routes(self) -> Iterable[web.RouteDef]:
        """Return its routes."""
        return (web.post("/hooks/{name}", self._take),)

    async def _take(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        source = self.sources.get(name)
        if source is None:
            raise RefusalError(HTTPStatus.NOT_FOUND, "There is no such source.")
        known = noted(request)
        known.source = name
        body = await verified_body(request, source.verify, self.base_url)
        if source.verify.slack is not None and (challenge := _challenge(request, body)) is not None:
            return web.json_response({"challenge": challenge})
        event = event_of(name, source, request, body)
        known.events = [event["id"]]
        started = await self.intake.take([event])
        if source.verify.twilio is not None:  # it would take JSON for an instruction that it cannot read
            return web.Response(status=HTTPStatus.NO_CONTENT)
        return accepted(started)


def _challenge(request: web.Request, body: bytes) -> str | None:
    """Return what Slack asks to hear again before it sends events to an address."""
    content: Any = json_of(body) if is_json(media_type(request.headers)) else None
    if not isinstance(content, dict) or content.get("type") != "url_verification":
        return None
    return str(content.get("challenge"))


def accepted(started: Sequence[StartResult]) -> web.Response:
    """Return the answer to events that Temporal holds."""
    taken = [
        {"id": one.workflow_id.partition("/")[2], "workflowId": one.workflow_id, "repeated": not one.started}
        for one in started
    ]
    return web.json_response({"events": taken}, status=HTTPStatus.ACCEPTED)
