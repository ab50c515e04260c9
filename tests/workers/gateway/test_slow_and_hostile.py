"""Clients that are slow, old, greedy or broken: each is answered or left, and the gateway stays as it is."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.workers.gateway.doors import Served, served
from workers.errors import TrunklineError
from workers.gateway import intake, listening, requests
from workers.gateway.requests import MOST_BODY
from workers.settings import ListenAddress

CONFIG = """\
events: {verify: {bearer: t}}
sources:
  plain: {verify: none, event: {type: "{{body.kind}}", data: {body: "{{body}}"}}}
  signed: {verify: {github: s}, event: {type: push, data: {}}}
"""
HEAD = "POST /hooks/plain HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
BODY = '{"kind": "x"}'


@pytest_asyncio.fixture
async def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """A gateway whose Temporal does not answer, and whose patience is short."""
    monkeypatch.setattr(listening, "HEAD_WITHIN", 0.3)
    monkeypatch.setattr(listening, "DRAINED", 0.2)
    monkeypatch.setattr(requests, "BODY_WITHIN", 0.3)
    client = await Client.connect("127.0.0.1:1", lazy=True)
    async with served(client, tmp_path, CONFIG) as one:
        yield one


async def talk(gateway: Served, *parts: str | bytes, pause: float = 0.02) -> str:
    """Send parts, one after the other, and return all that comes back until the gateway hangs up."""
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        for part in parts:
            writer.write(part if isinstance(part, bytes) else part.encode())
            await writer.drain()
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            return (await reader.read()).decode(errors="replace")
    except ConnectionError:
        return "reset"
    finally:
        writer.close()


def last(head: str) -> str:
    """A head after which the gateway hangs up."""
    return f"{head}Connection: close\r\n"


async def test_heads_and_bodies_that_do_not_come_are_not_waited_for(gateway: Served) -> None:
    assert await talk(gateway) == "", "nothing at all"
    assert await talk(gateway, "POST /hooks/plain HT", "TP/1.1\r\nHo", "st: a\r\n", pause=0.05) == "", (
        "a head in pieces"
    )
    answer = await talk(gateway, f"{HEAD}Content-Length: 9\r\n\r\n", "{", '"', "a", pause=0.05)
    assert answer.startswith("HTTP/1.1 408 ")
    assert "Connection: close" in answer
    assert (await gateway.send("GET", "/livez")).status == 200


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (f"{HEAD}{''.join(f'X-{n}: a{chr(13)}{chr(10)}' for n in range(150))}\r\n", 400),
        (f"{HEAD}X-Long: {'a' * 9000}\r\n\r\n", 400),
        (f"GET /{'a' * 9000} HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (f"{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (f"{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400),
        (f"{HEAD}Content-Length: 5\r\nContent-Length: 6\r\n\r\n", 400),
        (f"{HEAD}Content-Length: -5\r\n\r\n", 400),
        (f"{HEAD}X : a\r\n\r\n", 400),
        ("POST /hooks/plain HTTP/1.1\r\nHost: a\x00b\r\n\r\n", 400),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        ("GET /livez HTTP/3.1\r\n\r\n", 400),
    ],
    ids=[
        *("headers", "header", "line", "chunks", "both-lengths", "two-lengths", "no-length", "space", "nul", "tls", "version"),
    ],
)  # fmt: skip
async def test_what_is_no_request_is_refused(gateway: Served, sent: str, status: int) -> None:
    answer = await talk(gateway, sent)
    assert re.match(rf"HTTP/1\.[01] {status} ", answer), answer


async def test_a_body_that_is_too_large_is_refused_before_it_is_read(gateway: Served) -> None:
    too_large = f"{HEAD}Content-Length: {MOST_BODY + 1}\r\n\r\n"
    answer = await talk(gateway, too_large)
    assert answer.startswith("HTTP/1.1 413 ")
    assert "Connection: close" in answer
    chunk = b"10000\r\n" + b"a" * 65536 + b"\r\n"
    answer = await talk(gateway, f"{HEAD}Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 17, pause=0)
    assert answer.startswith("HTTP/1.1 413 ")


async def test_a_body_is_asked_for_only_where_it_is_wanted(gateway: Served) -> None:
    expects = f"Expect: 100-continue\r\nContent-Length: {len(BODY)}\r\nConnection: close\r\n\r\n"
    answer = await talk(gateway, HEAD + expects, BODY, pause=0.1)
    assert answer.startswith("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 ")
    stranger = HEAD.replace("/hooks/plain", "/events") + expects
    assert (await talk(gateway, stranger)).startswith("HTTP/1.1 401 ")
    large = f"{HEAD}Expect: 100-continue\r\nContent-Length: {MOST_BODY + 1}\r\n\r\n"
    assert (await talk(gateway, large)).startswith("HTTP/1.1 413 ")
    answer = await talk(gateway, f"{last(HEAD)}Expect: tea\r\nContent-Length: 0\r\n\r\n")
    assert answer.startswith("HTTP/1.1 417 ")


async def test_old_and_hasty_clients_are_answered(gateway: Served) -> None:
    request = f"{HEAD}Content-Length: {len(BODY)}\r\n\r\n{BODY}"
    answers = await talk(gateway, request * 2 + last("GET /livez HTTP/1.1\r\nHost: a\r\n") + "\r\n")
    statuses = re.findall(r"HTTP/1.1 (\d+) ", answers)
    assert statuses == ["503", "503", "200"], "requests that were sent without waiting are answered in order"
    old = await talk(
        gateway,
        f"POST /hooks/plain HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n{BODY}",
    )
    assert old.startswith("HTTP/1.0 503 ")
    assert "Retry-After" in old
    head = await talk(gateway, last("HEAD /livez HTTP/1.1\r\nHost: a\r\n") + "\r\n")
    assert head.startswith("HTTP/1.1 200 ")
    assert head.endswith("\r\n\r\n"), "without a body"
    for path in ("/hooks/plain", "/livez", "/nowhere"):
        answer = await gateway.send("OPTIONS", path)
        assert answer.status == (404 if path == "/nowhere" else 405), path
        assert "access-control-allow-origin" not in answer.headers


async def test_many_slow_clients_keep_nobody_out(gateway: Served) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    slow = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
    for _, writer in slow:
        writer.write(b"POST /hooks/plain HTTP/1.1\r\nHost: a\r\nX-")
    assert (await gateway.post("/hooks/plain", BODY)).status == 503
    async with asyncio.timeout(5):
        assert all([await reader.read() == b"" for reader, _ in slow]), "each is left"
    for _, writer in slow:
        writer.close()


async def test_a_temporal_that_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections and never answers; the sender hears so before it gives up, and no waiting is left behind."""
    monkeypatch.setattr(intake, "WITHIN", 0.3)

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with served(await Client.connect(f"127.0.0.1:{port}", lazy=True), tmp_path, CONFIG) as gateway:
            async with asyncio.timeout(5):
                answers = await asyncio.gather(*(gateway.post("/hooks/plain", BODY) for _ in range(20)))
            assert {(one.status, one.headers["retry-after"]) for one in answers} == {(503, "5")}
            assert (await gateway.send("GET", "/livez")).status == 200


async def test_a_place_that_is_taken_or_is_none_is_told_in_a_sentence(gateway: Served) -> None:
    port = int(gateway.url.rpartition(":")[2])
    for host, why in (("127.0.0.1", "Address already in use"), ("192.0.2.1", "Cannot assign"), ("no.invalid", "")):
        with pytest.raises(TrunklineError, match=rf"^Nothing can listen at {host}:{port} \({why}[^()]*\); --port and"):
            async with listening.listening(gateway.gateway, ListenAddress(host, port)):
                raise AssertionError("nothing listens there")
