"""Small servers beside a worker: each serves while a context lasts, and says where."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator

from aiohttp import web

from workers.errors import TrunklineError
from workers.settings import ListenAddress


@contextlib.asynccontextmanager
async def served(
    application: web.Application, place: ListenAddress | socket.socket, advice: str
) -> AsyncIterator[ListenAddress]:
    """Serve while the context lasts; its value is the address, with the port that was free where 0 was wished.

    Args:
        application: what is served.
        place: an address, or a socket that listens.
        advice: what names another address, as a sentence's end.

    Raises:
        TrunklineError: nothing can listen there.
    """
    runner = web.AppRunner(application, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        if isinstance(place, socket.socket):
            site: web.BaseSite = web.SockSite(runner, place)
        else:
            site = web.TCPSite(runner, place.host, place.port)
        try:
            await site.start()
        except OSError as error:
            reason = error.strerror or str(error)
            raise TrunklineError(f"Nothing can listen at {place} ({reason}); {advice}.") from None
        host, port, *_ = runner.addresses[0]
        yield ListenAddress(host, port)
    finally:
        await runner.cleanup()
