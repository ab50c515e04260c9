"""The connections under the guarded client: names are resolved once, judged, and those very addresses connected to."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from ssl import SSLContext

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey

from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.addresses import Rules, Target
from activities.http_client.answer_stream import AnswerStream
from activities.http_client.message import Response

log = logging.getLogger(__name__)

Lookup = Callable[[str, int], Awaitable[Iterable[str]]]
"""Looks a host name up for a port and returns its addresses."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the five after which common servers close theirs."""

MAX_HEADER = 16 * 1024
MAX_HEADERS = 100


@dataclass(slots=True)
class Exchange:
    """One request on its way: where it goes and whether its first byte may have left.

    Attributes:
        method: GET, POST, …
        target: where it goes.
        before_send: awaited once, when the connection stands and nothing has been sent.
        sent: whether the server may have got something.
        stale: whether a kept connection could not be used any more; nothing was sent over it.
        failure: what `before_send` raised, if it did.
        answer: what came of the answer, without its body.
        waits_for_room: whether its body waits for room.
    """

    method: str
    target: Target
    before_send: Callable[[], Awaitable[None]] | None = None
    sent: bool = False
    stale: bool = False
    failure: Exception | None = None
    answer: Response | None = None
    waits_for_room: bool = False


current: ContextVar[Exchange] = ContextVar("exchange")


class MarkedRequest(aiohttp.ClientRequest):
    """A request that notes when its first byte may leave, and that is never sent a second time."""

    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        """Announce the request, then write it to the connection."""
        exchange = current.get()
        if exchange.sent:
            # aiohttp would quietly repeat an idempotent request; who repeats what is decided elsewhere
            raise aiohttp.ServerDisconnectedError
        if exchange.before_send is not None:
            mark, exchange.before_send = exchange.before_send, None
            try:
                await mark()
            except Exception as failure:
                exchange.failure = failure
                raise
        stream = conn.protocol
        if not isinstance(stream, AnswerStream) or not stream.ask():
            exchange.stale = stream is None or (isinstance(stream, AnswerStream) and stream.served)
            raise aiohttp.ServerDisconnectedError
        exchange.sent = True
        return await super().send(conn)


class Connector(aiohttp.TCPConnector):
    """Opens connections whose answers are read by `AnswerStream`."""

    def __init__(self, rules: Rules, lookup: Lookup, tls: SSLContext | None) -> None:
        super().__init__(
            resolver=JudgingResolver(rules, lookup),
            use_dns_cache=False,
            ssl=tls or True,
            limit=0,
            keepalive_timeout=KEEP_ALIVE,
        )
        self._factory = partial(AnswerStream, loop=self._loop)  # type: ignore[assignment]  # partial is invariant

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        """Keep a connection for the next request where nothing but the answer has arrived on it."""
        usable = should_close or (isinstance(protocol, AnswerStream) and protocol.answered())
        super()._release(key, protocol, should_close=should_close or not usable)


class JudgingResolver(AbstractResolver):
    """Looks a name up once per connection and lets through only names all of whose addresses may be reached."""

    def __init__(self, rules: Rules, lookup: Lookup) -> None:
        self.rules = rules
        self.lookup = lookup

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of a host.

        Raises:
            Refused: one of them may not be reached.
            OSError: the name has none.
        """
        found = list(await self.lookup(host, port))
        addresses = [ip_address(text.partition("%")[0]) for text in found]
        if not addresses:
            raise OSError("The name has no address.")
        self.rules.judge(host, port, addresses, plain=current.get().target.scheme == "http")
        return [
            ResolveResult(hostname=host, host=text, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)
            for text in found
        ]

    async def close(self) -> None:
        """Do nothing: no resource is held."""


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """Look a name up as the machine is configured to."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


def open_session(rules: Rules, lookup: Lookup, tls: SSLContext | None) -> aiohttp.ClientSession:
    """Return the session that a process shares: no cookies, no proxies, no decompression.

    How many requests run at once is bounded by who calls; how long they take, by the client's own clock.
    """
    return aiohttp.ClientSession(
        connector=Connector(rules, lookup, tls),
        request_class=MarkedRequest,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "Trunkline"},
        skip_auto_headers=("Content-Type",),
        auto_decompress=False,
        trust_env=False,
        timeout=aiohttp.ClientTimeout(),
        max_line_size=MAX_HEADER,
        max_field_size=MAX_HEADER,
        max_headers=MAX_HEADERS,
    )


def failed(exchange: Exchange, error: Exception) -> ActionError:
    """Return what a failed exchange means, in words that tell nothing about the network the worker is in."""
    if not isinstance(error, aiohttp.ClientError | OSError):
        log.warning("An answer of %s was read wrongly.", exchange.target.host, exc_info=error)
    kinds = SENT if exchange.sent else UNSENT
    made, sentence = next((made, sentence) for kind, made, sentence in kinds if isinstance(error, kind))
    return made(sentence.format(host=exchange.target.host))


SENT: tuple[tuple[type[Exception], type[ActionError], str], ...] = (
    (TimeoutError, OutcomeUnknown, "{host} did not answer in time; whether the request had its effect is not known."),
    (
        aiohttp.ClientResponseError,
        OutcomeUnknown,
        "{host} answered with no valid HTTP or too large headers; the request may have had its effect.",
    ),
    (
        Exception,
        OutcomeUnknown,
        "The connection to {host} broke before the whole answer came; the request may have had its effect.",
    ),
)

UNSENT: tuple[tuple[type[Exception], type[ActionError], str], ...] = (
    (aiohttp.InvalidURL, Refused, "The URL's host is not valid."),
    (aiohttp.ClientConnectorDNSError, Unavailable, "The host name {host} could not be found."),
    (
        aiohttp.ClientConnectorCertificateError,
        Unavailable,
        "The certificate of {host} could not be verified; nothing was sent.",
    ),
    (aiohttp.ClientConnectorSSLError, Unavailable, "No secure connection to {host} could be made; nothing was sent."),
    (TimeoutError, Unavailable, "{host} did not accept a connection in time; nothing was sent."),
    (
        aiohttp.ServerDisconnectedError,
        Unavailable,
        "{host} ended the connection or spoke before it was asked; nothing was sent.",
    ),
    (Exception, Unavailable, "{host} could not be connected to; nothing was sent."),
)
"""What a failure means, the first that fits; nothing had left the machine (`UNSENT`), or something had (`SENT`)."""
