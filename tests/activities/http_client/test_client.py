"""The guarded client on real sockets: what it reaches, what it sends, what it takes, and how it fails."""

from __future__ import annotations

import asyncio
import gzip
import ssl
import time
import traceback
import zlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.client import Client
from activities.http_client.message import Response
from tests.activities.http_client.wire import Seen, Wire, drop, hang, listen, ok

NAME = "shop.example.test"


async def send(client: Client, url: str, method: str = "GET", **more: Any) -> Response:
    return await client.request(method, url, **{"timeout": 5, "max_bytes": 10_000, **more})


class Directory:
    """Answers look-ups with one list of addresses after the other, and counts them."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def opened(**options: Any) -> AsyncIterator[Client]:
    """A client of the test's own."""
    made = Client(**options)
    try:
        yield made
    finally:
        await made.close()


@pytest_asyncio.fixture
async def strict() -> AsyncIterator[Client]:
    """A client that may reach nothing but the public internet."""
    async with opened() as made:
        yield made


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "0x7f.1", "2130706433", "0177.0.0.1", "localhost", "LOCALHOST"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[::]"),
        "0.0.0.0",  # noqa: S104 - nothing binds to it: it must not be reached
        *(
            "169.254.169.254",
            "127.0.0.1.",
            "\uff11\uff12\uff17.0.0.1",
            "\u246027.0.0.1",
            "user@127.0.0.1",
            "127.0.0.1\\@example.com",
        ),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_this_machine_is_reached(strict: Client, wire: Wire, scheme: str, host: str) -> None:
    with pytest.raises(Refused):
        await send(strict, f"{scheme}://{host}:{wire.port}/")
    assert wire.connections == 0


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"], ["64:ff9b::7f00:1"]],
)
async def test_a_name_with_even_one_private_address_is_refused_without_telling_it(addresses: list[str]) -> None:
    async with opened(lookup=Directory(addresses)) as client:
        with pytest.raises(Refused) as refused:
            await send(client, f"https://{NAME}./")
        assert NAME in str(refused.value)
        told = "".join(traceback.format_exception(refused.value))
        assert not any(address in told for address in addresses)


async def test_a_name_that_changes_its_address_is_judged_and_connected_to_once(wire: Wire) -> None:
    directory = Directory(["127.0.0.1"], ["10.0.0.1"])
    async with opened(allow=["127.0.0.0/8"], lookup=directory) as client:
        for _ in range(3):
            await send(client, f"http://{NAME}:{wire.port}/")
        assert (directory.asked, wire.connections) == (1, 1)

        wire.reply(ok(b"{}", "Connection: close"))
        await send(client, f"http://{NAME}:{wire.port}/")
        with pytest.raises(Refused):
            await send(client, f"http://{NAME}:{wire.port}/")
        assert (directory.asked, wire.connections) == (2, 1)


async def test_a_host_that_is_allowed_by_name_may_be_private_and_plain(wire: Wire) -> None:
    async with opened(allow=["gateway.internal"], lookup=Directory(["127.0.0.1"])) as client:
        answer = await send(client, f"http://gateway.internal:{wire.port}/a")
        assert (answer.status, wire.requests[0].headers["host"]) == (200, f"gateway.internal:{wire.port}")
        with pytest.raises(Refused):
            await send(client, f"http://other.internal:{wire.port}/a")


async def test_plain_http_to_the_internet_is_refused() -> None:
    async with opened(allow=["127.0.0.1"], lookup=Directory(["93.184.216.34"])) as client:
        for host in (NAME, "93.184.216.34"):
            with pytest.raises(Refused, match="must use https"):
                await send(client, f"http://{host}/")


async def test_the_next_address_is_tried_when_the_first_does_not_answer(wire: Wire) -> None:
    async with opened(allow=["127.0.0.0/8"], lookup=Directory(["127.0.0.2", "127.0.0.1"])) as client:
        assert (await send(client, f"http://{NAME}:{wire.port}/")).status == 200


async def test_proxies_of_the_environment_are_ignored(
    client: Client, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert (await send(client, wire.url)).status == 200


async def test_a_name_without_address_is_unavailable() -> None:
    async def unknown(host: str, port: int) -> Sequence[str]:
        raise OSError(-2, "Name or service not known")

    async with opened(lookup=unknown) as client:
        with pytest.raises(Unavailable, match="could not be found"):
            await send(client, f"https://{NAME}/")


def contexts(folder: Path, *names: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a server's context with a certificate for these names, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    kinds: list[x509.GeneralName] = [
        x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(kinds), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(pem)
    trusting = ssl.create_default_context(cafile=str(pem))
    return server, trusting


async def test_the_certificate_is_verified_against_the_name_although_the_address_is_connected_to(
    tmp_path: Path,
) -> None:
    server, trusting = contexts(tmp_path, NAME)
    options = {"allow": ["127.0.0.1"], "lookup": Directory(["127.0.0.1"]), "tls": trusting}
    async with listen(server) as wire, opened(**options) as client:
        assert (await send(client, f"https://{NAME}:{wire.port}/")).status == 200
        assert wire.requests[0].headers["host"] == f"{NAME}:{wire.port}"
        with pytest.raises(Unavailable, match="certificate") as wrong:
            await send(client, f"https://other.example.test:{wire.port}/")
        assert "127.0.0.1" not in str(wrong.value)


async def test_a_certificate_that_nobody_vouches_for_is_unavailable_and_nothing_is_sent(tmp_path: Path) -> None:
    server, _ = contexts(tmp_path, "127.0.0.1")
    async with listen(server) as wire, opened(allow=["127.0.0.1"]) as client:
        with pytest.raises(Unavailable, match="certificate"):
            await send(client, f"https://127.0.0.1:{wire.port}/", "POST", content=b"secret")
        assert wire.requests == []


async def test_a_server_without_tls_is_unavailable(client: Client) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        with pytest.raises(Unavailable, match="No secure connection"):
            await send(client, f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/")


async def test_a_request_arrives_as_it_was_given(client: Client, wire: Wire) -> None:
    answer = await send(
        client,
        f"{wire.url}/a%2Fb/ü?x=1",
        "patch",
        headers={"X-Shop": "Bücher", "Content-Type": "application/json"},
        params={"q": "a b&c", "z": "ü"},
        content=b'{"a":1}',
        auth=("user", "pässword"),
    )
    seen = wire.requests[0]
    assert (seen.method, seen.target, seen.body) == ("PATCH", "/a%2Fb/%C3%BC?x=1&q=a+b%26c&z=%C3%BC", b'{"a":1}')
    assert seen.headers["x-shop"].encode("latin-1").decode() == "Bücher"
    assert seen.headers["authorization"] == "Basic dXNlcjpww6Rzc3dvcmQ="
    assert (seen.headers["accept-encoding"], seen.headers["content-type"]) == ("identity", "application/json")
    assert answer == Response(200, {"content-length": "11", "content-type": "application/json"}, b'{"ok":true}')


async def test_a_large_body_arrives_whole(client: Client, wire: Wire) -> None:
    content = bytes(range(256)) * 8 * 1024
    await send(client, wire.url, "PUT", content=content)
    assert wire.requests[0].body == content


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"content-length": "1"},
        {"Transfer-Encoding": "chunked"},
        {"Connection": "X-Secret"},
        {"Accept-Encoding": "gzip"},
        {"X-A": "b\r\nX-C: d"},
        {"X-A": "b\n c"},
        {"X-A": "b\x00"},
        {"X-A\r\nX-B": "c"},
        {"X A": "b"},
        {"": "b"},
        {"Ä": "b"},
        {"X-A": "\ud83d"},
        {"X-A": "b" * 70_000},
    ],
)
async def test_a_header_that_could_break_the_message_is_refused(
    client: Client, wire: Wire, headers: dict[str, str]
) -> None:
    with pytest.raises(Refused):
        await send(client, wire.url, headers=headers)
    assert wire.connections == 0


@pytest.mark.parametrize("method", ["GET /evil HTTP/1.1\r\nX:", "", "G T"])
async def test_a_method_that_could_break_the_message_is_refused(client: Client, wire: Wire, method: str) -> None:
    with pytest.raises(Refused):
        await send(client, wire.url, method)
    assert wire.connections == 0


async def test_two_ways_to_sign_in_are_refused(client: Client, wire: Wire) -> None:
    with pytest.raises(Refused, match="Authorization"):
        await send(client, wire.url, headers={"authorization": "Bearer x"}, auth=("a", "b"))


async def test_cookies_are_not_kept(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"{}", "Set-Cookie: session=1; Path=/"))
    await send(client, wire.url)
    await send(client, wire.url)
    assert "cookie" not in wire.requests[1].headers


class Mark:
    def __init__(self, wire: Wire, failure: Exception | None = None) -> None:
        self.wire = wire
        self.failure = failure
        self.seen: list[tuple[int, int]] = []

    async def __call__(self) -> None:
        self.seen.append((self.wire.connections, len(self.wire.requests)))
        if self.failure is not None:
            raise self.failure


async def test_the_mark_is_made_once_and_before_anything_is_sent(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"", "Location: /b", status="307 Temporary Redirect"), ok())
    mark = Mark(wire)
    await send(client, wire.url, "POST", redirects=3, content=b"x", before_send=mark)
    assert mark.seen == [(mark.seen[0][0], 0)]
    assert [seen.target for seen in wire.requests] == ["/", "/b"]


@pytest.mark.parametrize("failure", [TimeoutError("gone"), RuntimeError("gone"), OSError("gone")])
async def test_nothing_is_sent_when_the_mark_fails(client: Client, wire: Wire, failure: Exception) -> None:
    with pytest.raises(type(failure)) as raised:
        await send(client, wire.url, "POST", before_send=Mark(wire, failure))
    assert raised.value is failure
    assert wire.requests == []
    assert (await send(client, wire.url)).status == 200


async def test_nothing_is_marked_for_a_request_that_is_refused_or_cannot_connect(client: Client, wire: Wire) -> None:
    mark = Mark(wire)
    with pytest.raises(Refused):
        await send(client, "http://10.0.0.1/", before_send=mark)
    with pytest.raises(Unavailable):
        await send(client, "http://127.0.0.1:1/", before_send=mark)
    assert mark.seen == []


async def test_a_redirect_is_returned_unless_following_was_asked_for(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"", "Location: /b", status="302 Found"))
    assert (await send(client, wire.url)).status == 302
    assert (await send(client, wire.url, redirects=2)).status == 302
    assert len(wire.requests) == 1 + 3


@pytest.mark.parametrize(
    ("status", "method", "follows"),
    [
        ("301 Moved", "POST", ("GET", b"")),
        ("302 Found", "POST", ("GET", b"")),
        ("303 See Other", "PUT", ("GET", b"")),
        ("302 Found", "PUT", ("PUT", b"x")),
        ("307 Temporary", "POST", ("POST", b"x")),
        ("308 Permanent", "POST", ("POST", b"x")),
    ],
)
async def test_a_redirect_keeps_method_and_body_as_browsers_do(
    client: Client, wire: Wire, status: str, method: str, follows: tuple[str, bytes]
) -> None:
    wire.reply(ok(b"", "Location: next?a=b", status=status), ok())
    await send(client, f"{wire.url}/dir/a", method, content=b"x", headers={"X-Key": "k"}, redirects=1)
    seen = wire.requests[1]
    assert ((seen.method, seen.body), seen.target, seen.headers["x-key"]) == (follows, "/dir/next?a=b", "k")


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:{port}/",
        "http://10.0.0.1/",
        "https://169.254.169.254/",
        "http://[::1]:{port}/",
        "file:///etc/passwd",
        "https://[::1/",
    ],
)
async def test_a_redirect_is_judged_like_any_address(wire: Wire, location: str) -> None:
    async with opened(allow=["127.0.0.1"], lookup=Directory(["::1"])) as client:
        wire.reply(ok(b"", f"Location: {location.format(port=wire.port)}", status="302 Found"))
        with pytest.raises(Refused):
            await send(client, wire.url, redirects=5)
        with pytest.raises(OutcomeUnknown, match="redirect"):
            await send(client, wire.url, "POST", redirects=5)
        assert len(wire.requests) == 2


async def test_nothing_that_could_be_a_credential_follows_to_another_origin(client: Client, wire: Wire) -> None:
    async with listen() as other:
        wire.reply(ok(b"", f"Location: {other.url}/b", status="302 Found"))
        secrets = {"Authorization": "Bearer x", "X-Api-Key": "x", "Cookie": "x", "Accept": "text/csv"}
        await send(client, wire.url, headers=secrets, redirects=1)
        assert {"authorization", "x-api-key", "cookie"}.isdisjoint(other.requests[0].headers)
        assert other.requests[0].headers["accept"] == "text/csv"

        wire.reply(ok(b"", f"Location: {other.url}/b", status="307 Temporary Redirect"))
        answer = await send(client, wire.url, "POST", content=b"secret", redirects=1)
        assert (answer.status, len(other.requests)) == (307, 1)


@pytest.mark.parametrize(
    "reply",
    [
        drop,
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nConnection: close\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n",
        b"HTTP/1.1 200 OK\r\nX-Large: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: a\r\n" * 5_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ],
)
async def test_an_answer_that_is_broken_leaves_the_outcome_unknown(client: Client, wire: Wire, reply: Any) -> None:
    async def and_hang_up(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(reply)
        await writer.drain()
        writer.close()

    wire.reply(reply if callable(reply) else and_hang_up)
    for method in ("GET", "POST"):
        with pytest.raises(OutcomeUnknown) as unknown:
            await send(client, wire.url, method, content=b"x" if method == "POST" else None)
        assert str(wire.port) not in str(unknown.value)
    assert [seen.method for seen in wire.requests] == ["GET", "POST"], "nothing may be repeated here"


async def test_a_connection_that_the_server_closes_while_idle_is_not_used_again(client: Client, wire: Wire) -> None:
    async def answer_and_close(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(ok())
        await writer.drain()
        writer.close()

    wire.reply(answer_and_close)
    for _ in range(20):
        assert (await send(client, wire.url, "POST", content=b"x")).status == 200
        await asyncio.sleep(0.001)
    assert wire.connections == 20


@pytest.mark.parametrize("status", [204, 304])
async def test_a_body_where_none_belongs_is_dropped_with_its_connection(
    client: Client, wire: Wire, status: int
) -> None:
    wire.reply(ok(b'{"error":"no body belongs here"}', status=f"{status} So It Is"))
    for _ in range(3):
        answer = await send(client, wire.url, "POST", content=b"x")
        assert (answer.status, answer.body) == (status, b"")
    assert wire.connections == 3
    wire.reply(f"HTTP/1.1 {status} So It Is\r\n\r\n".encode())
    for _ in range(3):
        await send(client, wire.url, "POST", content=b"x")
    assert wire.connections == 4, "an answer without a body keeps its connection"


async def test_connections_are_kept(client: Client, wire: Wire) -> None:
    for _ in range(5):
        await send(client, wire.url, "POST", content=b"x")
    assert wire.connections == 1


async def drip_headers(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while not writer.is_closing():
        writer.write(b"X-A: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_body(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_informational(_seen: Seen, writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("reply", [hang, drip_headers, drip_body, drip_informational])
async def test_the_whole_exchange_is_bounded_by_the_clock(client: Client, wire: Wire, reply: Any) -> None:
    wire.reply(reply)
    begun = time.monotonic()
    with pytest.raises(OutcomeUnknown, match="did not answer in time"):
        await send(client, wire.url, timeout=0.3)
    assert time.monotonic() - begun < 2


async def test_a_connection_that_is_never_accepted_had_no_effect() -> None:
    async def forever(host: str, port: int) -> Sequence[str]:
        await asyncio.sleep(30)
        return []

    async with opened(lookup=forever) as client:
        with pytest.raises(Unavailable, match="in time"):
            await send(client, f"https://{NAME}/", timeout=0.1)


async def test_a_port_that_nobody_listens_on_had_no_effect(client: Client) -> None:
    with pytest.raises(Unavailable, match="nothing was sent"):
        await send(client, "http://127.0.0.1:1/", "POST", content=b"x")


async def test_cancellation_passes_through_and_leaves_the_client_usable(client: Client, wire: Wire) -> None:
    wire.reply(hang)
    running = asyncio.create_task(send(client, wire.url))
    while not wire.requests:
        await asyncio.sleep(0.005)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    wire.reply(ok())
    assert (await send(client, wire.url)).status == 200


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_successful_answer_that_is_too_large_was_carried_out(client: Client, wire: Wire, chunked: bool) -> None:
    body = b"x" * 10_001
    wire.reply(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n" + body + b"\r\n0\r\n\r\n"
        if chunked
        else ok(body)
    )
    with pytest.raises(ResultTooLarge) as large:
        await send(client, wire.url, "POST")
    assert large.value.status == 200
    assert len((await send(client, wire.url, max_bytes=10_001)).body) == 10_001


async def test_an_endless_answer_is_cut_off(client: Client, wire: Wire) -> None:
    async def endless(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 65536)
            await writer.drain()

    wire.reply(endless)
    with pytest.raises(ResultTooLarge):
        await send(client, wire.url)


async def test_a_failure_that_is_too_large_or_breaks_off_keeps_its_status(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"x" * 20_000, status="422 Unprocessable"))
    answer = await send(client, wire.url)
    assert (answer.status, len(answer.body), answer.complete) == (422, 10_000, False)

    async def broken(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 422 Unprocessable\r\nContent-Length: 100\r\n\r\nshort")
        writer.close()

    wire.reply(broken)
    answer = await send(client, wire.url)
    assert (answer.status, answer.complete) == (422, False)


@pytest.mark.parametrize("compression", ["gzip", "deflate"])
async def test_a_server_that_compresses_unasked_is_read_within_the_same_limit(
    client: Client, wire: Wire, compression: str
) -> None:
    pack = gzip.compress if compression == "gzip" else zlib.compress
    wire.reply(ok(pack(b'{"a":1}'), f"Content-Encoding: {compression}"))
    assert (await send(client, wire.url)).body == b'{"a":1}'
    bomb = pack(b"\0" * 50_000_000)
    wire.reply(ok(bomb, f"Content-Encoding: {compression}"))
    with pytest.raises(ResultTooLarge):
        await send(client, wire.url, max_bytes=100_000)


@pytest.mark.parametrize(
    ("compression", "body"),
    [("br", b"x"), ("gzip, gzip", b"x"), ("gzip", b"x"), ("gzip", gzip.compress(b"x" * 99, mtime=0)[:-9])],
)
async def test_a_compression_that_cannot_be_read_is_never_repeated(
    client: Client, wire: Wire, compression: str, body: bytes
) -> None:
    wire.reply(ok(body, f"Content-Encoding: {compression}"))
    with pytest.raises(ResultTooLarge, match="compressed"):
        await send(client, wire.url)
    wire.reply(ok(body, f"Content-Encoding: {compression}", status="429 Too Many"))
    assert (await send(client, wire.url)).status == 429


async def test_headers_beyond_all_limits_are_not_kept(client: Client, wire: Wire) -> None:
    wire.reply(ok(b"{}", *(f"X-{n}: {'a' * 10_000}" for n in range(10))))
    with pytest.raises(ResultTooLarge, match="headers"):
        await send(client, wire.url)


async def test_repeated_and_odd_headers_are_text(client: Client, wire: Wire) -> None:
    async def odd(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\nLink: a\r\nLINK: b\r\nX-Odd: \xff\xc3\xbc\r\n\r\n")

    wire.reply(odd)
    answer = await send(client, wire.url)
    assert answer.headers == {"link": "a, b", "x-odd": "\ufffdü"}


async def test_every_failure_is_an_action_error_without_its_inner_cause(client: Client) -> None:
    with pytest.raises(ActionError) as raised:
        await send(client, "http://127.0.0.1:1/")
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


async def test_the_guard_costs_little(client: Client, wire: Wire) -> None:
    requests = 200
    await send(client, wire.url)
    begun = time.process_time()
    for _ in range(requests):
        await send(client, wire.url, "POST", headers={"Content-Type": "application/json"}, content=b"{}")
    assert (time.process_time() - begun) / requests < 0.005, "seconds of CPU, the server's included"
