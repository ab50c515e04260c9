"""How the gateway listens: bounded heads, bounded waits for slow clients, and an end that loses nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import web

from workers.errors import TrunklineError
from workers.gateway.server import Gateway
from workers.settings import ListenAddress

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler, Middleware
    from aiohttp.web_protocol import RequestHandler

protocol_log = logging.getLogger("trunkline.gateway.protocol")

LONGEST_LINE = 8 * 1024
LONGEST_HEADER = 8 * 1024
MOST_HEADERS = 100
HEAD_WITHIN = 10.0
"""Seconds that the head of a connection's first request may take to arrive."""

IDLE = 75.0
"""Seconds that a connection is kept between requests, and that the next request's head may take."""

DRAINED = 2.0
"""Seconds for which what a client still sends is read after it was answered, so that it reads the answer."""


class _Quiet(logging.Filter):
    """Leaves out of a line about a broken request what was sent."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.exc_info = record.exc_text = None
        return True


protocol_log.addFilter(_Quiet())


class Heads:
    """Ends connections whose first request does not come.

    Args:
        within: seconds that its head may take.
    """

    def __init__(self, within: float) -> None:
        self.within = within
        self._waiting: dict[RequestHandler, asyncio.TimerHandle] = {}

    def expect(self, connection: RequestHandler) -> None:
        """Wait for the connection's first request."""
        loop = asyncio.get_running_loop()
        self._waiting[connection] = loop.call_later(self.within, self._give_up, connection)

    def arrived(self, connection: RequestHandler) -> None:
        """Note that the head of a request has arrived."""
        if (timer := self._waiting.pop(connection, None)) is not None:
            timer.cancel()

    def end(self) -> None:
        """Wait for nothing any more."""
        for timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _give_up(self, connection: RequestHandler) -> None:
        del self._waiting[connection]
        connection.force_close()


@contextlib.asynccontextmanager
async def listening(gateway: Gateway, place: ListenAddress) -> AsyncIterator[ListenAddress]:
    """Serve while the context lasts, then finish what is in flight; its value is the address.

    Raises:
        TrunklineError: nothing can listen there.
    """
    heads = Heads(HEAD_WITHIN)
    application = gateway.application()
    application.middlewares.insert(0, _noting(heads))
    runner = web.AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        auto_decompress=False,
        shutdown_timeout=1,
        keepalive_timeout=IDLE,
        lingering_time=DRAINED,
        max_line_size=LONGEST_LINE,
        max_field_size=LONGEST_HEADER,
        max_headers=MOST_HEADERS,
        logger=protocol_log,
    )
    await runner.setup()
    protocols = runner.server
    assert protocols is not None  # noqa: S101 - `setup` has made it

    def connection() -> RequestHandler:
        made = protocols()
        heads.expect(made)
        return made

    try:
        try:
            server = await asyncio.get_running_loop().create_server(connection, place.host, place.port, backlog=128)
        except OSError as error:
            reason = _reason(error)
            raise TrunklineError(
                f"Nothing can listen at {place} ({reason}); --port and --host name another place."
            ) from None
        host, port, *_ = server.sockets[0].getsockname()
        try:
            yield ListenAddress(host, port)
        finally:
            server.close()
            await gateway.end()  # before `cleanup`, which reads no more of bodies that are still arriving
    finally:
        heads.end()
        await runner.cleanup()


def _reason(error: OSError) -> str:
    """Return why nothing can listen, without the address that the sentence has already."""
    if error.errno is not None and error.errno > 0:  # those of name servers are negative
        return os.strerror(error.errno)
    return error.strerror or str(error)


def _noting(heads: Heads) -> Middleware:
    @web.middleware
    async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
        heads.arrived(request.protocol)
        return await handler(request)

    return note
