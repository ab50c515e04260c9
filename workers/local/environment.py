"""Everything on one machine: Temporal's development server, the sandbox and a worker, started and ended together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from activities.attempt.secrets import Secrets
from activities.http_client.bindings import SECTION
from workers.client.runs import has_workers
from workers.errors import TrunklineError
from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import Server, local_environment, temporal_server

if TYPE_CHECKING:
    from temporalio.client import Client

    from workers.sandbox import Sandbox

WORKER_SECONDS = 60.0
GRACE = "2"
"""Seconds that actions in flight have when everything ends: somebody waits for their prompt."""

SECRET = re.compile(r"\bsecrets\.([A-Za-z_][A-Za-z0-9_]*)")
DEFINITIONS = {".yaml", ".yml", ".json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a development environment shall consist of.

    Attributes:
        folder: the automations.
        connections: the connections file; without one the sandbox stands in for every vendor.
        bindings: a connections file of which only `secrets` counts, where the sandbox stands in.
        task_queue: the worker's task queue.
        port: where Temporal shall listen; a port that is taken is replaced by a free one, as the others are.
        ui_port: where its web UI shall listen, or None for none.
        sandbox_port: where the sandbox shall listen.
        data: file of Temporal's database, or None for one that ends with it.
        files: the folder that `file:` recordings may come from.
        secrets: the folder of the secrets, if there is one.
        worker_log: file for the worker's output; by default it goes where ours goes.
        environment: variables for the worker, before this process's own.
    """

    folder: Path
    connections: Path | None = None
    bindings: Path | None = None
    task_queue: str = "trunkline"
    port: int = 7233
    ui_port: int | None = 8233
    sandbox_port: int = 8600
    data: Path | None = None
    files: Path | None = None
    secrets: Path | None = None
    worker_log: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """A development environment that runs.

    Attributes:
        address: of Temporal.
        web_ui: address of its web UI, if there is one.
        sandbox: the sandbox, if there is one.
        client: connected to this Temporal.
        moved: a sentence for each port that was not free.
        ended: waits until a part ends by itself and returns a sentence about it.
    """

    address: str
    web_ui: str | None
    sandbox: Sandbox | None
    client: Client
    moved: tuple[str, ...]
    ended: Callable[[], Awaitable[str]]

    @property
    def ready(self) -> str:
        """The line that says that everything runs, and where."""
        sandbox = self.sandbox.url if self.sandbox else "none"
        return f"ready: temporal {self.address}, web UI {self.web_ui or 'none'}, sandbox {sandbox}"


@contextlib.asynccontextmanager
async def development(wish: Wish) -> AsyncIterator[Development]:
    """Start everything, go on when a worker polls, and end everything whatever happens.

    Raises:
        TrunklineError: a part of it does not start; the sentence quotes what it said.
    """
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trunkline-")))
        server = await stack.enter_async_context(temporal_server(wish.port, wish.ui_port, data=wish.data))
        sandbox, connections = None, wish.connections
        if connections is None:
            from workers.sandbox import Sandbox

            sandbox = await stack.enter_async_context(Sandbox(wish.sandbox_port))
            connections = _sandbox_connections(sandbox.url, folder, wish)
        command = [sys.executable, "-m", "workers.cli", "worker", str(wish.folder), "--connections", str(connections)]
        environment = _worker_environment(wish, server, sandbox)
        worker = await stack.enter_async_context(
            child_process("The worker", command, environment, output=wish.worker_log)
        )
        await _until_polled(server.client, wish.task_queue, worker)
        yield Development(
            address=server.address,
            web_ui=server.web_ui,
            sandbox=sandbox,
            client=server.client,
            moved=tuple(_moved(wish, server, sandbox)),
            ended=partial(_first_end, worker, server.process),
        )


async def _first_end(*children: ChildProcess) -> str:
    """Wait until one of them ends by itself."""
    waiting = [asyncio.ensure_future(one.process.wait()) for one in children]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return next(sentence for one in children if (sentence := one.ended()))


async def _until_polled(client: Client, task_queue: str, worker: ChildProcess) -> None:
    loop = asyncio.get_running_loop()
    latest = loop.time() + WORKER_SECONDS
    while not await has_workers(client, task_queue):
        ended = worker.ended()
        if ended:
            raise TrunklineError(ended)
        if loop.time() > latest:
            raise TrunklineError(
                f"The worker did not poll {task_queue!r} within {WORKER_SECONDS:.0f} s. {worker.said()}"
            )
        await asyncio.sleep(0.1)


def _moved(wish: Wish, server: Server, sandbox: Sandbox | None) -> Iterator[str]:
    ports = [("Temporal", wish.port, server.port), ("its web UI", wish.ui_port, server.ui_port)]
    if sandbox:
        ports.append(("the sandbox", wish.sandbox_port, sandbox.port))
    for name, wished, got in ports:
        if wished and wished != got:
            yield f"Port {wished} is taken: {name} listens on {got}."


def _sandbox_connections(url: str, folder: Path, wish: Wish) -> Path:
    """Write the connections that stand in for every vendor's.

    Secrets stay bound to their hosts, those of them that there are here.
    """
    import yaml

    from workers.process.connections_file import load_connections
    from workers.sandbox import connections

    bound = load_connections(wish.bindings, ()).bindings
    here = Secrets(wish.secrets, {**os.environ, **_sandbox_secrets(wish.folder), **wish.environment})
    spelled = {name.upper() for name in here.names()}
    hosts = {name: {"hosts": [*map(str, bound.hosts(name) or ())]} for name in bound.names if name.upper() in spelled}
    path = folder / "connections.yaml"
    path.write_text(yaml.safe_dump({**connections(url), SECTION: hosts}), encoding="utf-8")
    return path


def _worker_environment(wish: Wish, server: Server, sandbox: Sandbox | None) -> dict[str, str]:
    environment = {
        "TRUNKLINE_GRACE": GRACE,
        "TRUNKLINE_INLINE": "on",
        **local_environment(server.address),
        **wish.environment,
    }
    environment["TRUNKLINE_TASK_QUEUE"] = wish.task_queue
    if server.web_ui:
        environment["TRUNKLINE_WEB_UI"] = server.web_ui
    if wish.files:
        environment["TRUNKLINE_ALLOW_FILES"] = str(wish.files.resolve())
    if sandbox:
        allowed = (environment.get("TRUNKLINE_ALLOW"), f"{sandbox.host}:{sandbox.port}")
        environment["TRUNKLINE_ALLOW"] = ",".join(filter(None, allowed))
        environment = {**_sandbox_secrets(wish.folder), **environment}
    return environment


def _sandbox_secrets(folder: Path) -> dict[str, str]:
    """Return a made-up value for every secret that the folder's definitions name: the sandbox takes any."""
    names = {
        name
        for path in folder.glob("*")
        if path.suffix in DEFINITIONS and path.is_file()
        for name in SECRET.findall(path.read_text(encoding="utf-8", errors="replace"))
    }
    return {f"TRUNKLINE_SECRET_{name.upper()}": f"sandbox-{name}" for name in names}
