"""The connections under the guarded client: names are resolved once, judged, and those very addresses connected to."""

from __future__ import annotations

import asyncio
import socket
import zlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from ssl import SSLContext

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.client_proto import ResponseHandler

from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.addresses import Rules, Target
from activities.http_client.message import Response

Lookup = Callable[[str, int], Awaitable[Iterable[str]]]
"""Looks a host name up for a port and returns its addresses."""

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: below the five after which common servers close theirs."""

MAX_HEADER = 16 * 1024
MAX_HEADERS = 100
MAX_ALL_HEADERS = 64 * 1024

SUCCESS = range(200, 300)
BODILESS = (b"204", b"304")
"""Statuses whose answers have no body; some servers send one all the same."""

WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""How zlib reads a compression; it is never asked for, but some servers use it all the same."""


@dataclass(slots=True)
class Exchange:
    """One request on its way: where it goes and whether its first byte may have left.

    Attributes:
        target: where it goes.
        before_send: awaited once, when the connection stands and nothing has been sent.
        sent: whether the server may have got something.
        failure: what `before_send` raised, if it did.
    """

    target: Target
    before_send: Callable[[], Awaitable[None]] | None = None
    sent: bool = False
    failure: Exception | None = None


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
            try:
                await exchange.before_send()
            except Exception as failure:
                exchange.failure = failure
                raise
        if conn.protocol is None or not conn.protocol.is_connected():
            raise aiohttp.ServerDisconnectedError
        exchange.sent = True
        return await super().send(conn)


class AnswerStream(ResponseHandler):
    """Reads answers; a body after a status that has none is dropped, and the connection is not used again."""

    def data_received(self, data: bytes) -> None:
        """Take what came from the server."""
        if data[9:12] in BODILESS and not self.should_close:
            head, end, rest = data.partition(b"\r\n\r\n")
            if rest:
                self.force_close()
                data = head + end
        super().data_received(data)


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


async def received(answer: aiohttp.ClientResponse, max_bytes: int) -> Response:
    """Read an answer within its limits; outside 2xx the status alone is worth having.

    Raises:
        ResultTooLarge: its headers are too large, or it is successful and too long or unreadably compressed.
        aiohttp.ClientError: it is successful and broke off.
    """
    status, headers = answer.status, spelled(answer.raw_headers)
    successful = status in SUCCESS
    if sum(len(name) + len(value) for name, value in answer.raw_headers) > MAX_ALL_HEADERS:
        raise ResultTooLarge(
            f"The answer (status {status}) has headers of more than {MAX_ALL_HEADERS} bytes.", status=status
        )
    body = bytearray()
    complete = True
    try:
        async for piece in answer.content.iter_any():
            body += piece
            if len(body) > max_bytes:
                complete = False
                break
        compression = headers.get("content-encoding", "identity").strip().lower()
        if compression not in ("identity", "") and complete:
            body, complete = inflated(body, compression, max_bytes)
    except (aiohttp.ClientError, OSError, zlib.error) as error:
        if successful and isinstance(error, zlib.error):
            raise ResultTooLarge(
                f"The request was carried out (status {status}), but its answer is compressed although that was not "
                "asked for, and cannot be read.",
                status=status,
            ) from None
        if successful:
            raise
        body, complete = bytearray(), False
    if successful and not complete:
        raise ResultTooLarge(
            f"The request was carried out (status {status}), but its answer is larger than {max_bytes:,} bytes.",
            status=status,
        )
    return Response(status, headers, bytes(body[:max_bytes]), complete)


def spelled(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return headers by lower-case name, repeated ones joined by commas."""
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("ascii", "replace").lower(), value_bytes.decode("utf-8", "replace")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def inflated(body: bytearray, compression: str, max_bytes: int) -> tuple[bytearray, bool]:
    """Return at most `max_bytes` of a compressed body and whether that is all of it, without ever holding more.

    Raises:
        zlib.error: the compression is unknown, or the body does not follow it.
    """
    if compression not in WINDOW_BITS:
        raise zlib.error("unknown")
    stream = zlib.decompressobj(WINDOW_BITS[compression])
    plain = bytearray(stream.decompress(body, max_bytes + 1))
    if len(plain) > max_bytes:
        return plain, False
    if not stream.eof:
        raise zlib.error("incomplete")
    return plain, True


def failed(exchange: Exchange, error: Exception) -> ActionError:
    """Return what a failed exchange means, in words that tell nothing about the network the worker is in."""
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
    (Exception, Unavailable, "{host} could not be connected to; nothing was sent."),
)
"""What a failure means, the first that fits; nothing had left the machine (`UNSENT`), or something had (`SENT`)."""
