"""What integration tests share: one real Temporal server a session, and engines that run definitions on it."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import settings
from temporalio.testing import WorkflowEnvironment
from temporalio.worker._workflow import _WorkflowWorker

from activities.descriptions.store import usual_store
from tests.descriptions import index_known
from tests.engine import Engine
from tests.mcp_server import McpServer
from tests.mcp_server import running as mcp_server_running
from tests.starts import Guard, Processes, StartServer, bound, mark, server
from workers.payloads.converter import DATA_CONVERTER
from workflows.view.attributes import ALL

LONGEST = 240
"""Seconds that a test may wait for something; pytest itself ends what blocks for longer (`faulthandler_timeout`)."""

PATIENCE = 5.0
"""Seconds by the clock on the wall after which a task counts as stuck: Temporal's own two are too few where several
processes of tests share two cores."""

GUARD = Guard()

settings.register_profile("default", deadline=None)  # how long an example takes depends on what else runs
settings.register_profile("quick", settings.get_profile("default"), max_examples=10)
settings.load_profile("default")


os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else each of the many processes compiles everything anew
_WorkflowWorker._deadlock_timeout_seconds = property(lambda _: PATIENCE, lambda *_: None)  # type: ignore[assignment] # so that none sets it
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as shells start what runs in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector leave alone what collecting tests makes: to look through it takes a twentieth of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark(items)
    bound(items, LONGEST)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    GUARD.item = item
    try:
        return (yield)
    finally:
        GUARD.item = None


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of caches of the user who runs the tests, with the descriptions that they use."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(folder))
        usual_store.cache_clear()
        index_known(usual_store())
        yield folder
    usual_store.cache_clear()


@pytest.fixture(scope="session")
def processes() -> Processes:
    """What starts processes."""
    return Processes()


@pytest.fixture(scope="session")
def mcp_server(processes: Processes) -> Iterator[McpServer]:
    """A server by the SDK of the Model Context Protocol."""
    with mcp_server_running(processes) as server:
        yield server


@pytest.fixture(scope="session")
def start_server() -> StartServer:
    """What starts a Temporal development server."""
    return server


@pytest_asyncio.fixture(scope="session")
async def temporal(start_server: StartServer) -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal development server."""
    async with await start_server(search_attributes=list(ALL), data_converter=DATA_CONVERTER) as environment:
        yield environment


@pytest_asyncio.fixture
async def engine(temporal: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Engine]:
    """A worker over a folder of definitions; every history it made is replayed when the test is over."""
    async with Engine(temporal, tmp_path) as running:
        yield running
        await running.replay()
