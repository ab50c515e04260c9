"""Streamable HTTP: each message is a POST; the answer is one JSON message, or a stream of events that ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from activities.connections import Connection
from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown
from activities.http_client.json_body import json_bytes
from activities.http_client.statuses import SUCCESS
from activities.mcp.events import messages
from activities.mcp.messages import Message, RpcReply, reply_to
from activities.openapi.conventions import Extras
from activities.rest.service import Service

if TYPE_CHECKING:
    from activities.http_client.message import Response
    from activities.http_client.reading import Until

LARGEST = 8 * 1024 * 1024
"""Bytes that one answer may have: a page of tools, or what a tool gives."""

EVENTS = "text/event-stream"
LINE_ENDS = (b"\n", b"\r")

FAREWELL = 1.0
"""Seconds that the end of a session may take: nothing depends on it."""


class HttpWire:
    """Reaches a server at an address; see `Wire`.

    Args:
        context: the attempt's surroundings.
        connection: whose credentials are used; its `base_url` is where every message goes.
        service: how its requests are signed in, how its errors are read, and when its limits end.
        extras: what signs a request in beside headers.
    """

    def __init__(self, context: Context, connection: Connection, service: Service[Any], extras: Extras) -> None:
        self.context = context
        self.connection = connection
        self.service = service
        self.extras = extras

    async def ask(self, message: Message, headers: Mapping[str, str], *, effect: bool) -> RpcReply:
        """Send a request and return the reply; see `Wire`."""
        answer = await self._send("POST", message, headers, effect=effect, until=_replied(message["id"]))
        reply = await asyncio.to_thread(_reply, message["id"], answer)
        if reply is not None:
            return reply
        if error := self.service.error(answer):
            raise error
        raise OutcomeUnknown(
            f"{self.service.name} answered {answer.status} without a reply to {message['method']}; whether it was "
            "carried out is not known.",
            status=answer.status,
        )

    async def tell(self, message: Message, headers: Mapping[str, str]) -> None:
        """Send a notification; see `Wire`."""
        answer = await self._send("POST", message, headers, effect=False)
        if error := self.service.error(answer):
            raise error

    async def end(self, headers: Mapping[str, str]) -> None:
        """End a session; see `Wire`."""
        brief = HttpWire(
            replace(self.context, timeout=min(FAREWELL, self.context.timeout)),
            self.connection,
            self.service,
            self.extras,
        )
        with suppress(ActionError):
            await brief._send("DELETE", None, headers, effect=False)

    async def _send(
        self,
        method: str,
        message: Message | None,
        headers: Mapping[str, str],
        *,
        effect: bool,
        until: Until | None = None,
    ) -> Response:
        query, cookies = self.extras.query, self.extras.cookies
        shared = {**self.service.headers, **headers}
        if cookies:
            shared["Cookie"] = "; ".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in cookies.items())
        url = self.connection.base_url or ""
        if query:
            url += ("&" if "?" in url else "?") + urlencode(query, quote_via=quote)
        content = None if message is None else json_bytes(message)

        async def send(sender: Context, signed: Mapping[str, str], marked: bool) -> Response:
            return await sender.request(
                method,
                url,
                headers={**shared, **signed},
                content=content,
                max_bytes=LARGEST,
                effect=marked,
                until=until,
            )

        return await self.service.exchange(self.context, self.connection, send, noticed=effect)


def _reply(number: int, answer: Response) -> RpcReply | None:
    """Return the reply that an answer has; one without, and one outside 2xx that is no JSON-RPC, has none.

    Raises:
        ResultTooLarge: it nests too deeply, or holds too many values.
    """
    if _streams(answer.headers):
        found = messages(answer.body)
    else:
        found = iter([answer.members()] if answer.status not in SUCCESS else [_value(answer)])
    replies = (reply_to(number, message, status=answer.status, headers=answer.headers) for message in found)
    return next((reply for reply in replies if reply is not None), None)


def _replied(number: int) -> Until:
    """Return what ends the reading of a stream that has the reply: a server may keep it open."""

    def replied(headers: Mapping[str, str], body: bytes) -> bool:
        if not _streams(headers) or not body.endswith(LINE_ENDS):
            return False
        return any(reply_to(number, message) is not None for message in messages(body))

    return replied


def _streams(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip().lower() == EVENTS


def _value(answer: Response) -> Any:
    try:
        return answer.parsed().value
    except ValueError:
        return None
