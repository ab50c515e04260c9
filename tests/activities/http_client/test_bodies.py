"""Room for bodies: what answers and recordings may take together, in which turn, and what never waits for it."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from activities.errors import ActionError, OutcomeUnknown, Refused, ResultTooLarge, Unavailable
from activities.http_client.bodies import Bodies, Share
from activities.http_client.client import Client
from activities.http_client.message import Response
from activities.speech.recording import fetch
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Act, Seen, Wire, ok
from tests.activities.speech.conftest import sound
from tests.lag import loop_lag

KIB = 1024
LIMIT = 1024 * KIB
BODY = b"x" * (600 * KIB)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A client whose process has room for one large body at a time."""
    made = Client(allow=["127.0.0.1"], bodies=Bodies(LIMIT))
    yield made
    await made.close()


async def get(client: Client, wire: Wire, method: str = "GET", timeout: float = 5) -> Response:  # noqa: ASYNC109 - the client's
    return await client.request(method, wire.url, timeout=timeout, max_bytes=LIMIT)


async def settled(client: Client) -> int:
    gc.collect()
    await asyncio.sleep(0.01)
    return client.bodies.taken


def chunked(body: bytes) -> Act:
    async def act(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for at in range(0, len(body), 64 * KIB):
            piece = body[at : at + 64 * KIB]
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            await writer.drain()
        writer.write(b"0\r\n\r\n")

    return act


@pytest.mark.parametrize("reply", [ok(BODY), chunked(BODY)], ids=["declared", "chunked"])
async def test_bodies_wait_for_room_and_all_of_them_come(client: Client, wire: Wire, reply: bytes | Act) -> None:
    wire.reply(reply)
    most = 0

    async def one() -> int:
        nonlocal most
        answer = await get(client, wire)
        most = max(most, client.bodies.taken)
        await asyncio.sleep(0.01)
        return len(answer.body)

    async with loop_lag() as lag:
        assert await asyncio.gather(*(one() for _ in range(8))) == [len(BODY)] * 8
    assert 0 < most <= LIMIT
    assert lag.most < 0.5
    assert await settled(client) == 0


async def test_small_answers_never_wait(client: Client, wire: Wire) -> None:
    room = await client.room(LIMIT, "a recording")
    assert (await get(client, wire)).status == 200
    wire.reply(ok(b"x" * 64 * KIB))
    assert (await get(client, wire, "POST")).status == 200
    del room


@pytest.mark.parametrize(("method", "kind"), [("GET", Unavailable), ("POST", ResultTooLarge)])
async def test_who_waits_too_long_was_answered_all_the_same(
    client: Client, wire: Wire, method: str, kind: type[ActionError]
) -> None:
    room = await client.room(LIMIT, "a recording")
    wire.reply(ok(BODY))
    with pytest.raises(kind, match="TRUNKLINE_BODIES_LIMIT") as late:
        await get(client, wire, method, timeout=0.2)
    assert late.value.status == (None if kind is Unavailable else 200)
    wire.reply(ok(BODY, status="500 Broken"))
    with pytest.raises(OutcomeUnknown):
        await get(client, wire, method, timeout=0.2)
    del room
    wire.reply(ok(BODY))
    assert len((await get(client, wire, method)).body) == len(BODY)


async def test_an_attempt_that_holds_a_body_never_waits_for_another(client: Client, wire: Wire) -> None:
    wire.reply(ok(BODY))
    first, second = client.carrying(()), client.carrying(())

    async def two(attempt: Client) -> int:
        try:
            kept = [await get(attempt, wire, timeout=30)]
            await asyncio.sleep(0.05)
            kept.append(await get(attempt, wire, timeout=30))
            return len(kept)
        finally:
            attempt.end()

    begun = asyncio.get_running_loop().time()
    outcomes = await asyncio.gather(two(first), two(second), return_exceptions=True)
    assert [type(one) for one in outcomes] == [Unavailable, Unavailable], "neither can ever have both"
    assert asyncio.get_running_loop().time() - begun < 10, "and nobody waits for that"


@pytest.mark.parametrize("reply", [ok(b"x" * (LIMIT + 1)), chunked(b"x" * (LIMIT + 1))])
async def test_a_body_that_never_has_room_is_refused_in_a_sentence(
    client: Client, wire: Wire, reply: bytes | Act
) -> None:
    wire.reply(reply)
    with pytest.raises(ResultTooLarge, match="all bodies of this worker may take \\(TRUNKLINE_BODIES_LIMIT\\)"):
        await client.request("GET", wire.url, timeout=5, max_bytes=10 * LIMIT)
    assert await settled(client) == 0


async def test_room_is_given_in_turn_and_a_cancel_gives_its_turn_on() -> None:
    bodies = Bodies(100)
    order: list[str] = []

    async def take(name: str, size: int) -> None:
        room = await bodies.take(size)
        order.append(name)
        await asyncio.sleep(0.01)
        del room

    held = await bodies.take(80)
    large = asyncio.create_task(take("large", 90))
    await asyncio.sleep(0)
    small = asyncio.create_task(take("small", 10))
    last = asyncio.create_task(take("last", 90))
    await asyncio.sleep(0.01)
    assert order == [], "who is small does not overtake who waits"
    large.cancel()
    await small
    assert order == ["small"]
    del held
    await last
    await asyncio.sleep(0.01)
    assert (order, bodies.taken, large.cancelled()) == (["small", "last"], 0, True)


async def test_a_cancel_at_the_moment_of_the_grant_loses_no_room() -> None:
    bodies = Bodies(100)
    held = await bodies.take(100)
    waiting = asyncio.create_task(bodies.take(100, Share()))
    await asyncio.sleep(0)
    held.shrink(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert bodies.taken == 0


async def test_recordings_from_files_take_room_as_well(
    client: Client, make_context: MakeContext, tmp_path: Path
) -> None:
    for name in "abc":
        (tmp_path / name).write_bytes(sound(40))
    context = make_context(files=tmp_path)
    recordings = await asyncio.wait_for(fetch("file:a", context), 5)
    assert client.bodies.taken == len(recordings.content)
    waiting = asyncio.create_task(fetch("file:b", context))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    del recordings
    assert (await asyncio.wait_for(waiting, 5)).audio.duration == 40
    (tmp_path / "d").write_bytes(sound(70))
    with pytest.raises(Refused, match=r"no room for the recording 'd'.*TRUNKLINE_BODIES_LIMIT"):
        await fetch("file:d", context)
