"""Servers that answer as no server should: what comes of it is one of our errors, and never another request's answer."""

from __future__ import annotations

import asyncio
import gzip
import os
import re
import ssl
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.client import Client
from activities.http_client.message import Response
from activities.http_client.retry_after import MOST, retry_after
from activities.http_client.statuses import meaning
from tests.activities.conftest import MakeContext
from tests.activities.http_client.test_client import contexts
from tests.activities.http_client.wire import Act, Seen, Wire, listen, ok
from tests.starts import examples

Send = Callable[..., Any]


async def send(client: Client, url: str, method: str = "GET", **more: Any) -> Response:
    return await client.request(method, url, **{"timeout": 5, "max_bytes": 100_000, **more})


def then(*pieces: bytes, close: bool = False) -> Act:
    """Return an act that writes pieces, each in a packet of its own."""

    async def act(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.005)
        if close:
            writer.close()

    return act


UNASKED = ok(b'{"unasked":true}')


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "reply",
    [
        then(ok(b'{"n":1}'), UNASKED),
        then(ok(b'{"n":1}') + UNASKED),
        then(ok(b'{"n":1}') + UNASKED[:20], UNASKED[20:]),
        then(ok(b'{"n":1}') + UNASKED[:1]),
        then(ok(b'{"n":1}'), b"HTTP/1.1 100 Continue\r\n\r\n"),
        then(ok(b'{"n":1}'), b"HTTP/1.1 408 Request Timeout\r\n\r\n", close=True),
        then(ok(b'{"n":1}'), b"\r\n"),
        then(ok(b'{"n":1}'), b"\x15\x03\x03\x00\x02\x01\x00"),
        then(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{"n":1}\r\n0\r\n\r\n' + UNASKED),
        then(b"HTTP/1.1 204 No Content\r\n\r\n", b'{"unasked":true}'),
        then(b"HTTP/1.1 103 Early\r\n\r\n" * 3 + ok(b'{"n":1}'), UNASKED),
    ],
)
async def test_what_arrives_unasked_is_nobodys_answer(client: Client, wire: Wire, reply: Act, method: str) -> None:
    wire.reply(reply, ok(b'{"n":2}'))
    await send(client, f"{wire.url}/1", method, content=b"x" if method == "POST" else None)
    await asyncio.sleep(0.03)
    marks = []

    async def mark() -> None:
        marks.append(1)

    answer = await send(client, f"{wire.url}/2", method, content=b"x" if method == "POST" else None, before_send=mark)
    assert (answer.body, marks) == (b'{"n":2}', [1])
    assert [seen.target for seen in wire.requests] == ["/1", "/2"]
    assert wire.connections == 2


async def test_what_arrives_while_a_request_is_being_marked_is_nobodys_answer(client: Client, wire: Wire) -> None:
    reached: list[asyncio.StreamWriter] = []

    async def keep(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        reached.append(writer)
        writer.write(ok(b'{"n":1}'))

    wire.reply(keep, ok(b'{"n":2}'))
    await send(client, wire.url)
    marks = []

    async def mark() -> None:
        marks.append(1)
        reached[0].write(UNASKED)
        await reached[0].drain()
        await asyncio.sleep(0.03)

    answer = await send(client, wire.url, "POST", content=b"x", before_send=mark)
    assert (answer.body, marks, wire.connections) == (b'{"n":2}', [1], 2)


async def test_what_the_loop_has_not_read_yet_is_nobodys_answer(client: Client, wire: Wire) -> None:
    reached: list[asyncio.StreamWriter] = []

    async def keep(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        reached.append(writer)
        writer.write(ok(b'{"n":1}'))

    wire.reply(keep, ok(b'{"n":2}'))
    await send(client, wire.url)
    os.write(
        reached[0].get_extra_info("socket").fileno(), UNASKED
    )  # it is in the kernel, and no turn of the loop comes before
    assert (await send(client, wire.url)).body == b'{"n":2}'


async def test_a_server_that_speaks_first_was_sent_nothing(client: Client) -> None:
    got: list[bytes] = []

    async def first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(UNASKED)
        await writer.drain()
        got.append(await reader.read(100))
        writer.close()

    async def mark() -> None:
        await asyncio.sleep(0.03)

    server = await asyncio.start_server(first, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Unavailable, match="nothing was sent"):
            await send(
                client,
                f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/",
                "POST",
                content=b"x",
                before_send=mark,
            )
        await asyncio.sleep(0.01)
    assert got == [b""]


@pytest.mark.parametrize("library", ["httpx", "httpx2"])
async def test_an_sdk_gets_no_unasked_answer_either(make_context: MakeContext, wire: Wire, library: str) -> None:
    wire.reply(then(ok(b'{"n":1}'), UNASKED), ok(b'{"n":2}'))
    async with getattr(make_context(), library)() as door:
        assert (await door.post(f"{wire.url}/1", json={})).json() == {"n": 1}
        await asyncio.sleep(0.03)
        assert (await door.post(f"{wire.url}/2", json={})).json() == {"n": 2}


async def test_a_tls_server_gets_its_connection_back_unless_it_speaks_unasked(tmp_path: Path) -> None:
    server, trusting = contexts(tmp_path, "127.0.0.1")
    client = Client(allow=["127.0.0.1"], tls=trusting)
    async with listen(server) as wire:
        url = f"https://127.0.0.1:{wire.port}/"
        wire.reply(ok(b'{"n":1}'), then(ok(b'{"n":2}'), UNASKED), ok(b'{"n":3}'))
        assert (await send(client, url)).body == b'{"n":1}'
        assert (await send(client, url, "POST", content=b"x")).body == b'{"n":2}'
        assert wire.connections == 1
        await asyncio.sleep(0.03)
        assert (await send(client, url, "POST", content=b"x")).body == b'{"n":3}'
        assert wire.connections == 2
        await client.close()


@pytest.mark.parametrize("alert", [b"\x15\x03\x01\x00\x02\x02\x28", b"\x15\x03\x03\xff\xff", b"\x16\x03\x01\x00\x00"])
async def test_alerts_instead_of_a_handshake_are_unavailable(client: Client, alert: bytes) -> None:
    async def alarming(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(alert)
        with suppress(ConnectionError, ssl.SSLError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(alarming, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Unavailable, match="nothing was sent"):
            await send(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/", "POST", content=b"x")


LOCATIONS = [
    *("http://[zz]/", "http://[::1/", "http://[1:2:3/", "http://a:99999/", "http://a:-1/", "http://a:x/", "http://"),
    *("javascript:1", "file:///etc/passwd", "ftp://127.0.0.1/", "http://a b/", "http://user@127.0.0.1/", "//[", "\x01"),
    *(
        "http://xn--\u00ff/",
        "http://\u00fc\u0300.\u2024/",
        f"http://{'a' * 300}/",
        f"http://{'ü' * 90}.de/",
        "http://ß\u200d/",
    ),
    *("http://0x7f.1/", "http://127.1/", "http:/../..", "http:\\\\127.0.0.1", "http://%zz/", "http://\u3002/"),
]


@pytest.mark.parametrize("location", LOCATIONS)
async def test_a_redirect_to_nowhere_is_one_of_our_errors(
    client: Client, make_context: MakeContext, wire: Wire, location: str
) -> None:
    wire.reply(ok(b"", f"Location: {location}", status="302 Found"))
    for method, kinds in (("GET", (Refused, Unavailable)), ("POST", OutcomeUnknown)):
        try:
            answer = await send(client, wire.url, method, redirects=3)
        except ActionError as error:
            assert isinstance(error, kinds)  # noqa: PT017 - or an answer
        else:
            assert answer.status == 302
            assert location in ("http://", "\x01", "http:/../..")
    for library in ("httpx", "httpx2"):
        for follow in (True, False):
            async with getattr(make_context(), library)() as door:
                try:
                    answer = await door.post(wire.url, follow_redirects=follow)
                except Exception as error:  # noqa: BLE001 - whatever it is must stand for one of ours
                    assert type(meaning(error)) in {OutcomeUnknown, Refused}, repr(error)  # noqa: PT017 - or an answer
                else:
                    assert answer.status_code == 302


async def test_redirects_that_lead_in_a_circle_end(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"", "Location: /", status="307 Temporary Redirect"))
    assert (await send(client, wire.url, redirects=10)).status == 307
    assert len(wire.requests) == 11


ODD_HEADERS = [
    *(b"X-Odd: \xff\xc3\xbc", b"Retry-After: \xff", b"Retry-After: 9999999999999999999999", b"Set-Cookie: \xff=\xfe"),
    *(b"Content-Type: text/html; charset=rot13", b"Content-Type: text/html; charset=\xff", b"Content-Type: ;;=;,"),
    *(b"Content-Type: text/plain; charset=zlib_codec", b"Content-Type: application/json; charset=undefined"),
    *(b"Content-Type: text/html; charset=idna", b"Content-Type: text/html; charset=utf-8-but-not"),
]


@pytest.mark.parametrize("header", ODD_HEADERS)
async def test_odd_headers_are_no_errors(client: Client, make_context: MakeContext, wire: Wire, header: bytes) -> None:
    wire.reply(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + header + b"\r\n\r\n{}")
    assert (await send(client, wire.url)).body == b"{}"
    for library in ("httpx", "httpx2"):
        async with getattr(make_context(), library)() as door:
            answer = await door.post(wire.url)
            assert (answer.status_code, answer.text, answer.json()) == (200, "{}", {})


async def test_a_flood_of_announcements_ends(client: Client, wire: Wire) -> None:
    wire.reply(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 20 + ok())
    assert (await send(client, wire.url, "POST", content=b"x")).status == 200
    wire.reply(then(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000 + ok()))
    with pytest.raises(OutcomeUnknown, match="no valid HTTP"):
        await send(client, wire.url, "POST", content=b"x")


async def test_an_upgrade_that_nobody_asked_for_leaves_the_outcome_unknown(client: Client, wire: Wire) -> None:
    wire.reply(then(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc", close=True))
    with pytest.raises(OutcomeUnknown):
        (await send(client, wire.url, "POST", content=b"x")).require()


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


TEXT = b'{"text":"' + b"abc" * 60_000 + b'"}'
HALF = len(TEXT) // 2


@pytest.mark.parametrize(
    ("compression", "body", "plain"),
    [
        ("gzip", gzip.compress(TEXT[:HALF]) + gzip.compress(TEXT[HALF:]), TEXT),
        ("gzip", b"".join(gzip.compress(TEXT[at : at + 50]) for at in range(0, 5_000, 50)), TEXT[:5_000]),
        ("gzip", gzip.compress(b"") + gzip.compress(TEXT), TEXT),
        ("gzip", gzip.compress(TEXT) + bytes(512), TEXT),
        ("x-gzip", gzip.compress(TEXT), TEXT),
        ("deflate", zlib.compress(TEXT), TEXT),
        ("deflate", raw_deflate(TEXT), TEXT),
        ("identity, gzip", gzip.compress(TEXT), TEXT),
        ("gzip", b"", b""),
    ],
)
@pytest.mark.parametrize("step", [7, 1_000_000])
async def test_every_member_of_a_compressed_answer_is_read(
    client: Client, wire: Wire, compression: str, body: bytes, plain: bytes, step: int
) -> None:
    chunks = b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in (body[at : at + step] for at in range(0, len(body), step)))
    head = f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: {compression}\r\n\r\n".encode()
    wire.reply(head + chunks + b"0\r\n\r\n")
    assert (await send(client, wire.url, max_bytes=1_000_000)).body == plain


@pytest.mark.parametrize(
    ("compression", "body"),
    [
        ("gzip", gzip.compress(TEXT) + gzip.compress(TEXT)[:-3]),
        ("gzip", gzip.compress(b"") * 20_000),
        ("gzip", b"\x1f"),
        ("deflate", zlib.compress(TEXT)[:-1]),
        ("deflate", b"\xff" * 50),
        ("br", b"abc"),
        ("zstd", b"\x28\xb5\x2f\xfd"),
        ("gzip, br", b"abc"),
    ],
)
async def test_what_cannot_be_decompressed_was_carried_out(
    client: Client, wire: Wire, compression: str, body: bytes
) -> None:
    wire.reply(ok(body, f"Content-Encoding: {compression}"))
    with pytest.raises(ResultTooLarge, match="compressed"):
        await send(client, wire.url, "POST", content=b"x", max_bytes=1_000_000)


# Whatever a server writes.

STARTS = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK", b"HTTP/1.0 200", b"HTTP/1.1 204 No", b"HTTP/1.1 404 \xff\xfe", b"HTTP/1.1 500 No"),
        *(b"HTTP/1.1 302 F", b"HTTP/1.1 103 Early", b"HTTP/1.1 101 Up", b"HTTP/1.1 999 Odd", b"HTTP/1.1 99 Odd"),
        *(b"HTTP/9.9 200 OK", b"HTTP/1.1 -1", b"HTTP/1.1  200", b"ICY 200 OK", b"<html>", b"", b"HTTP/2 200"),
        *(b"HTTP/1.1 304 Not", b"HTTP/1.1 429 Later", b"HTTP/1.1 503 Later", b"PRI * HTTP/2.0"),
    ]
)
HEADERS = st.sampled_from(
    [
        *(b"Content-Length: 5", b"Content-Length: 50", b"Content-Length: -1", b"Content-Length: 5, 6"),
        *(b"Content-Length: 99999999999999999999999", b"Content-Length: 0x5", b"Content-Length:", b"Connection: close"),
        *(
            b"Transfer-Encoding: chunked",
            b"Transfer-Encoding: gzip, chunked",
            b"Transfer-Encoding: \xff",
            b"Upgrade: x",
        ),
        *(b"Content-Encoding: gzip", b"Content-Encoding: deflate", b"Content-Encoding: br", b"Connection: upgrade"),
        *(
            b"Retry-After: -5",
            b"Retry-After: \xff",
            b"Retry-After: Fri, 31 Dec 9999 23:59:60 GMT",
            b"Retry-After: 1e999",
        ),
        *(b"Location: http://[zz]/", b"Location: \xff\xfe", b"Location: //", b"Location: http://a:99999/"),
        *(
            b"Set-Cookie: a=b; expires=\xff",
            b"Content-Type: application/json; charset=idna",
            b"X\xff: y",
            b": y",
            b"nothing",
        ),
        *(b" folded", b"X: \x00", b"X: " + b"a" * 20_000, b"Date: \xff", b"X-RateLimit-Reset: 99999999999999999999"),
    ]
)
BODIES = st.sampled_from(
    [
        *(
            b"",
            b"hello",
            b'{"a":1}',
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5\r\nhel",
            b"FFFFFFFFFFFFFFFFF\r\n",
            b"-1\r\n",
            b"zz\r\n",
        ),
        *(
            b"5;" + b"x" * 20_000 + b"\r\nhello\r\n0\r\n\r\n",
            b"0\r\n" + b"T: x\r\n" * 200 + b"\r\n",
            gzip.compress(b"hi") * 2,
        ),
        *(b"\x1f\x8b\xff", UNASKED, UNASKED[:9], b"\x15\x03\x03\x00\x02\x02\x28"),
    ]
)


@st.composite
def answers(draw: st.DrawFn) -> list[bytes]:
    """A whole answer, perhaps with a byte changed, in one packet or two."""
    head = b"\r\n".join([draw(STARTS), *draw(st.lists(HEADERS, max_size=4))])
    data = head + draw(st.sampled_from([b"\r\n\r\n", b"\n\n", b"\r\n", b""])) + draw(BODIES)
    if data and draw(st.booleans()):
        at = draw(st.integers(0, len(data) - 1))
        data = data[:at] + draw(st.binary(max_size=3)) + data[at + 1 :]
    at = draw(st.integers(0, len(data)))
    return [data] if draw(st.booleans()) else [data[:at], data[at:]]


class Raw:
    """A server on a socket: it answers the first request with whatever bytes, and every other one in good order."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.end = "close"

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while request := await reader.readuntil(b"\r\n\r\n"):
                length = re.search(rb"(?i)content-length: (\d+)", request)
                await reader.readexactly(int(length[1]) if length else 0)
                if b" /second " in request:
                    writer.write(ok(b'{"second":true}'))
                    continue
                for piece in self.pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0)
                if self.end == "reset":
                    writer.transport.abort()
                elif self.end == "close":
                    writer.close()
        writer.close()


@asynccontextmanager
async def raw() -> AsyncIterator[tuple[Raw, str]]:
    server = Raw()
    listening = await asyncio.start_server(server.accept, "127.0.0.1", 0)
    async with listening:
        yield server, f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"


async def exchanged(context: Callable[[Client], Context], pieces: list[bytes], end: str, door: str) -> None:
    async with raw() as (server, url):
        server.pieces, server.end = pieces, end
        client = Client(allow=["127.0.0.1"])
        try:
            for method in ("GET", "POST"):
                try:
                    if door == "guarded":
                        answer = await send(client, url, method, redirects=2, timeout=0.1)
                        retry_after(answer.headers)
                        answer.require().json()
                    else:
                        async with getattr(context(client), door)() as library:
                            found = await library.request(method, url, follow_redirects=True)
                            assert isinstance(found.text, str)
                            found.raise_for_status()
                except ActionError:
                    pass
                except Exception as error:  # noqa: BLE001 - that is what this test is about
                    assert meaning(error) is not None, repr(error)  # noqa: PT017 - or an answer
            second = await send(client, f"{url}/second", "POST", content=b"x", timeout=5)
            assert second.body == b'{"second":true}'
        finally:
            await client.close()


@pytest.mark.parametrize("door", ["guarded", "httpx"])
@settings(
    max_examples=examples(2.5),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(pieces=answers(), end=st.sampled_from(["close", "reset", "keep"]))
def test_no_answer_raises_anything_but_our_errors(
    make_context_of: Callable[[Client], Context], door: str, pieces: list[bytes], end: str
) -> None:
    asyncio.run(exchanged(make_context_of, pieces, end, door))


@pytest.fixture
def make_context_of() -> Callable[[Client], Context]:
    """Make surroundings of an attempt around a client that is made later."""
    from tests.activities.conftest import make_context

    def made(client: Client) -> Context:
        context: Context = make_context.__wrapped__(client)(timeout=0.1)  # type: ignore[attr-defined] # the fixture's own function
        return context

    return made


@settings(max_examples=examples(5), deadline=None, derandomize=True)
@given(
    name=st.sampled_from(["retry-after", "retry-after-ms", "date", "x-ratelimit-reset", "ratelimit-reset"]),
    value=st.text(max_size=40) | st.from_regex(r"[0-9.,:+ -]{0,30}(GMT|UTC|[A-Z]{3})?", fullmatch=True),
)
def test_no_advice_is_an_error(name: str, value: str) -> None:
    wait = retry_after({"retry-after": "Fri, 31 Dec 9999 23:59:59 GMT", name: value})
    assert wait is None or 0 <= wait <= MOST
