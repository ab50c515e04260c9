"""One conversation with a server: which generation it speaks, what tools it has, and one call."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http import HTTPStatus
from typing import Any

from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.statuses import one_line
from activities.mcp.messages import (
    HANDSHAKE,
    HANDSHAKES,
    KEY,
    MODERN,
    Message,
    RpcReply,
    headers_of,
    initialize,
    request,
)
from activities.mcp.wire import McpWire

MOST_PAGES = 100
"""Pages of tools that are asked for."""

REQUESTS = 6
"""Most requests of one call where nothing goes wrong: a question about the generation, two that shake hands, a page of
tools, the call, and the end of the session."""

NOT_SIGNED_IN = frozenset((HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN))


class McpSession:
    """Speaks with one server.

    Args:
        wire: the way there.
    """

    def __init__(self, wire: McpWire) -> None:
        self.wire = wire
        self.version: str | None = None
        self._session: str | None = None
        self._number = 0

    async def tools(self) -> list[Mapping[str, Any]]:
        """Return every tool that the server has, as it describes them.

        Raises:
            Refused: it cannot be used so, such as for its sign-in.
            Unavailable: it cannot be had for now.
        """
        with _nothing_called():
            await self._agree()
            return await self._pages()

    async def call(
        self, name: str, arguments: Mapping[str, Any], *, key: str, headers: Mapping[str, str] | None = None
    ) -> RpcReply:
        """Call a tool; `tools` comes before it.

        Args:
            name: its name.
            arguments: what it is given.
            key: idempotency key of the step.
            headers: what the modern generation says in headers too.

        Raises:
            Refused: it will never succeed.
            Unavailable: it had no effect and may succeed later.
            OutcomeUnknown: it may have had its effect.
        """
        params = {"name": name, "arguments": dict(arguments), "_meta": {KEY: key}}
        message = request(self._next(), "tools/call", params, self.version or HANDSHAKE)
        more = headers if self.version == MODERN and headers else {}
        return await self.wire.ask(message, {**self._headers(message), **more}, effect=True)

    async def end(self) -> None:
        """End the session, where the server keeps one."""
        if self._session is not None:
            await self.wire.end(headers_of({"method": ""}, self.version, self._session))

    async def _agree(self) -> None:
        """Find out which generation the server speaks: a modern one knows `server/discover`."""
        self.version = MODERN
        try:
            reply = await self._ask("server/discover", {})
        except Refused as refused:
            if refused.status is None or refused.status in NOT_SIGNED_IN:
                raise
            reply = RpcReply()
        if MODERN not in ((reply.result or {}).get("supportedVersions") or ()):
            self.version = None
            await self._shake_hands()

    async def _shake_hands(self) -> None:
        message = initialize(self._next())
        reply = await self.wire.ask(message, self._headers(message), effect=False)
        version = _result(reply, "initialize").get("protocolVersion")
        if version not in HANDSHAKES:
            raise Refused(
                f"The server speaks version {one_line(str(version), 40)} of the protocol, which is not known."
            )
        self.version = version
        self._session = reply.headers.get("mcp-session-id")
        notice: Message = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        await self.wire.tell(notice, self._headers(notice))

    async def _pages(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        cursor: dict[str, Any] = {}
        while True:
            page = _result(await self._ask("tools/list", cursor), "tools/list")
            tools, following = page.get("tools"), page.get("nextCursor")
            found += [tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else []
            if not isinstance(following, str):
                return found
            if following in seen or len(seen) >= MOST_PAGES:
                raise Refused("The server's list of tools has no end.")
            seen.add(following)
            cursor = {"cursor": following}

    async def _ask(self, method: str, params: Mapping[str, Any]) -> RpcReply:
        message = request(self._next(), method, params, self.version or HANDSHAKE)
        return await self.wire.ask(message, self._headers(message), effect=False)

    def _headers(self, message: Message) -> dict[str, str]:
        return headers_of(message, self.version, self._session)

    def _next(self) -> int:
        self._number += 1
        return self._number


@asynccontextmanager
async def conversation(wire: McpWire) -> AsyncIterator[McpSession]:
    """Speak with a server while the context lasts."""
    session = McpSession(wire)
    try:
        yield session
    except ActionError:
        await session.end()
        raise
    await session.end()


def _result(reply: RpcReply, method: str) -> Mapping[str, Any]:
    if reply.result is None:
        reason = f"{reply.fault.message} ({reply.fault.code})" if reply.fault else "nothing"
        raise Refused(f"The server refused {method}: {reason}.", status=reply.status)
    return reply.result


@contextmanager
def _nothing_called() -> Iterator[None]:
    """Say of what fails that it can be tried again: nothing that has an effect was asked for."""
    try:
        yield
    except (OutcomeUnknown, ResultTooLarge) as error:
        raise Unavailable(f"{error} It was asked for its tools alone; none was called.", status=error.status) from None
