"""Pauses of accounts, on a real server with real workers: while one lasts, nothing arrives at the vendor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Annotated, ClassVar

import pytest
import pytest_asyncio
from aiohttp import web
from pydantic import Field
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from activities.errors import Unavailable
from tests.engine import Engine, step
from tests.starts import StartServer
from trunkline.actions import Config, Connection, RateHeaders, Result, Service, Static, endpoint
from trunkline.wire import PAUSE
from workers.payloads.converter import DATA_CONVERTER
from workers.process.pauses import TemporalPauses

PAUSED = 3
"""Seconds for which the vendor wants nothing."""


class Org(Connection):
    """An organization's account."""

    kind: ClassVar[str] = "org"

    org: str = Field(description="Its name.")
    token: str = Field(description="API token.")


class Item(Config):
    """What is written."""

    id: str = Field(description="Its id.")
    connection: Annotated[str | None, Static()] = Field(default=None, description="Which organization.")


ORGS = Service(
    name="Orgs",
    connection=Org,
    address="https://orgs.example.com",
    sign_in=lambda org: {"Authorization": f"Bearer {org.token}"},
    rates=RateHeaders(reset="x-ratelimit-reset", remaining="x-ratelimit-remaining", longest=60),
    pauses=lambda org: org.org,
)

READ = endpoint(ORGS, "orgs.item_get", "Get an item.", "GET /items/{id}", Item, Result, example={"id": "1"})
ADD = endpoint(ORGS, "orgs.item_add", "Add.", "POST /items/{id}", Item, Result, example={"id": "1"}, attempts=2)

READS = """
name: reads
trigger: {event: test.fired, data: [ids]}
actions:
  - forEach: "{{ids}}"
    parallel: 100
    actions: [{actionType: orgs.item_get, config: {id: "{{item}}", connection: one}}]
"""

ADDS = """
name: adds
trigger: {event: test.fired}
actions: [{id: add, actionType: orgs.item_add, config: {id: new, connection: other}}]
"""


class Vendor:
    """Says to the first request that nothing is left, and remembers when what arrived."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.arrived: list[float] = []

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.arrived.append(time.monotonic())
        if len(self.arrived) > 1:
            return web.json_response({})
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(PAUSED)}
        return web.json_response({}, status=self.status, headers=headers)

    def gap(self) -> float:
        """Return how long nothing arrived after it had said so."""
        return self.arrived[1] - self.arrived[0]


def equip(engine: Engine) -> None:
    engine.actions = {**engine.actions, READ.name: READ, ADD.name: ADD}
    for name, token in {"one": "token-1234567890", "other": "other-1234567890"}.items():
        engine.connections[name] = {"kind": "org", "org": "acme", "token": token, "baseUrl": engine.receiver.url}


@pytest_asyncio.fixture
async def pair(engine: Engine, temporal: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[tuple[Engine, Engine]]:
    """Two workers on one task queue, which share nothing but Temporal."""
    equip(engine)
    folder = tmp_path / "second"
    folder.mkdir()
    async with Engine(temporal, folder) as second:
        equip(second)
        second.folder, second.task_queue, second.connections = engine.folder, engine.task_queue, engine.connections
        second.client = await Client.connect(
            temporal.client.service_client.config.target_host, data_converter=DATA_CONVERTER, identity="second"
        )
        yield engine, second


def acme(engine: Engine) -> str:
    return ORGS.account(Org(org="ACME", token="any-1234567890", base_url=f"{engine.receiver.url}/"))


def vendor(engine: Engine, status: int) -> Vendor:
    made = Vendor(status)
    for path in ("/items/new", *(f"/items/{n}" for n in range(9))):
        engine.receiver.answers[path] = [made]
    engine.define(READS)
    engine.define(ADDS)
    return made


async def paused(engine: Engine) -> None:
    while not await TemporalPauses(engine.client).left(acme(engine)):
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("status", [429, 200])
async def test_no_worker_sends_before_the_limit_ends(pair: tuple[Engine, Engine], status: int) -> None:
    engine, second = pair
    said = vendor(engine, status)
    await second.serve()
    adds = [await engine.start("adds")]
    await paused(engine)
    adds += [await engine.start("adds") for _ in range(4)]
    reads = await engine.start("reads", engine.event({"ids": list(range(9))}))
    first, *others = [step(await engine.finish(run), "add") for run in adds]
    assert (await engine.finish(reads))["outcome"] == "completed"
    assert said.gap() >= PAUSED
    again = 1 if status == 429 else 0
    assert len(said.arrived) == 5 + 9 + again
    assert {one["status"] for one in (first, *others)} == {"succeeded"}
    assert first["attempts"] == 1 + again
    assert {one["attempts"] for one in others} == {1}, "an attempt that found the pause was none"
    handle = engine.client.get_workflow_handle(f"{PAUSE}/{acme(engine)}")
    assert (await handle.describe()).status == WorkflowExecutionStatus.COMPLETED
    await engine.replay_history(await handle.fetch_history())


async def test_a_pause_outlives_the_worker_that_began_it(pair: tuple[Engine, Engine]) -> None:
    engine, second = pair
    said = vendor(engine, 429)
    runs = [await engine.start("reads", engine.event({"ids": [0]}))]
    await paused(engine)
    await engine.stop()
    runs += [await second.start("reads", second.event({"ids": [n]})) for n in range(1, 4)]
    assert [(await second.finish(run))["outcome"] for run in runs] == ["completed"] * 4
    assert PAUSED <= said.gap() < PAUSED + 6, "it ended in time without its worker"


async def test_later_ends_win_and_earlier_ones_change_nothing(engine: Engine) -> None:
    await engine.serve()
    kept, asked, account = TemporalPauses(engine.client), TemporalPauses(engine.client), f"Orgs/{engine.task_queue}"
    assert await asked.left(account) == 0
    await kept.begin(account, 2)
    await asked.begin(account, 30)
    await kept.begin(account, 1)
    handle = engine.client.get_workflow_handle(f"{PAUSE}/{account}")
    first = await until(lambda: asked.left(account), lambda left: left > 25)
    assert first <= 32
    await asyncio.sleep(2.5)
    assert await asked.left(account) > 20, "the first end has passed"
    await handle.terminate()
    assert await asked.left(account) == 0, "people may end a pause"


async def until(ask: Callable[[], Awaitable[float]], enough: Callable[[float], bool]) -> float:
    for _ in range(100):
        found = await ask()
        assert found > 0, "it is never over in between"
        if enough(found):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it was not extended")


async def test_a_pause_that_no_worker_ends_is_ended_by_temporal(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.process.pauses.PAUSE_GRACE", 1.0)
    async with await start_server() as server:
        alone = TemporalPauses(server.client)
        await alone.begin("Orgs/acme", 1)
        began = time.monotonic()
        while await alone.left("Orgs/acme"):
            assert time.monotonic() < began + 20
            await asyncio.sleep(0.05)
        assert time.monotonic() >= began + 1.9, "the pause, and a grace for a worker to end it"


async def test_where_temporal_cannot_be_asked_nothing_is_sent(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("workers.process.pauses.PATIENCE", 0.3)
    async with await start_server() as server:
        lost = TemporalPauses(server.client)
        assert await lost.left("Orgs/acme") == 0
    with pytest.raises(Unavailable, match="could not be asked whether Orgs/acme is paused, so nothing was sent"):
        await lost.left("Orgs/acme")
    await lost.begin("Orgs/acme", 30)
    assert "could not be written" in caplog.text
    with pytest.raises(Unavailable):
        await lost.left("Orgs/acme")
