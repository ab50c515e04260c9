"""Everything on one machine: Temporal's development server, the sandbox, a worker and, if wished, a gateway."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from activities.action import Action
from activities.catalog import catalog
from workers.client.deploying import ScheduleChange
from workers.client.runs import has_workers
from workers.errors import TrunklineError
from workers.local.child_process import ChildProcess, child_process
from workers.local.connection_names import connection_names
from workers.local.gateway import LocalGateway, local_gateway
from workers.local.gateway_file import own_config
from workers.local.sandboxed_worker import (
    SandboxConnections,
    connections_given,
    made_up_secrets,
    sandboxed_environment,
    secrets_here,
)
from workers.local.schedules import keep_schedules
from workers.local.temporal_server import Server, local_environment, temporal_server
from workers.sandbox import Sandbox
from workers.settings import Settings

if TYPE_CHECKING:
    from temporalio.client import Client

WORKER_SECONDS = 60.0
GRACE = "2"
"""Seconds that actions in flight have when everything ends: somebody waits for their prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentWish:
    """What a development environment shall consist of.

    Attributes:
        folder: the automations.
        connections: a connections file whose vendors are live; the sandbox stands in for every other.
        bindings: a connections file of which only names and `secrets` count, where there is no other.
        live: hosts that are reached themselves; the sandbox answers in place of all others.
        actions: every action by name; by default those of the catalog.
        task_queue: the worker's task queue.
        port: where Temporal shall listen; a port that is taken is replaced by a free one, as the others are.
        ui_port: where its web UI shall listen, or None for none.
        sandbox_port: where the sandbox shall listen.
        gateway_port: where a gateway shall listen, or None for none.
        gateway_config: the gateway's own file; without it, it serves whatever an author may want to try.
        data: file of Temporal's database, or None for one that ends with it.
        files: the folder that `file:` recordings may come from.
        secrets: the folder of the secrets, if there is one.
        worker_log: file for the worker's output; by default it goes where ours goes.
        environment: variables for the worker, before this process's own.
        tell: called with what became of the schedules, where the folder has changed them.
    """

    folder: Path
    connections: Path | None = None
    bindings: Path | None = None
    live: tuple[str, ...] = ()
    actions: Mapping[str, Action] | None = None
    task_queue: str = "trunkline"
    port: int = 7233
    ui_port: int | None = 8233
    sandbox_port: int = 8600
    gateway_port: int | None = None
    gateway_config: Path | None = None
    data: Path | None = None
    files: Path | None = None
    secrets: Path | None = None
    worker_log: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    tell: Callable[[list[ScheduleChange]], None] = field(default=lambda _changes: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Development:
    """A development environment that runs.

    Attributes:
        address: of Temporal.
        web_ui: address of its web UI, if there is one.
        sandbox: the sandbox.
        gateway: address of the gateway, if there is one.
        live: hosts that are reached themselves; the sandbox answers in place of all others.
        client: connected to this Temporal.
        moved: a sentence for each port that was not free.
        ended: waits until a part ends by itself and returns a sentence about it.
    """

    address: str
    web_ui: str | None
    sandbox: Sandbox
    gateway: str | None
    live: tuple[str, ...]
    client: Client
    moved: tuple[str, ...]
    ended: Callable[[], Awaitable[str]]

    @property
    def ready(self) -> str:
        """The line that says that everything runs, and where."""
        gateway = f", gateway {self.gateway}" if self.gateway else ""
        return f"ready: temporal {self.address}, web UI {self.web_ui or 'none'}, sandbox {self.sandbox.url}{gateway}"

    @property
    def reach(self) -> str:
        """The sentence that says which hosts are reached, and which the sandbox answers for."""
        if not self.live:
            return "No host is reached: the sandbox answers in place of every one (--live HOST lets one through)."
        return f"Live: {', '.join(self.live)}. The sandbox answers in place of every other host."


@contextlib.asynccontextmanager
async def development(wish: EnvironmentWish) -> AsyncIterator[Development]:
    """Start everything, go on when a worker polls, and end everything whatever happens.

    Raises:
        TrunklineError: a part of it does not start; the sentence quotes what it said.
    """
    own = None if wish.gateway_config is None else own_config(wish.gateway_config)
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="trunkline-")))
        server = await stack.enter_async_context(temporal_server(wish.port, wish.ui_port, data=wish.data))
        sandbox = await stack.enter_async_context(Sandbox(wish.sandbox_port, recordings=wish.files))
        actions = catalog() if wish.actions is None else wish.actions
        values = Settings.from_environment({**os.environ, **wish.environment}).environment
        given = connections_given(
            sandbox.url,
            folder / "connections.yaml",
            own=wish.connections,
            bindings=wish.bindings,
            secrets=secrets_here(wish.folder, wish.secrets, wish.environment),
            actions=actions,
            live=wish.live,
            names=connection_names(wish.folder, actions, values),
        )
        command = [sys.executable, "-m", "workers.cli", "worker", str(wish.folder), "--connections", str(given.file)]
        environment = _worker_environment(wish, server, sandbox, given)
        gateway = None
        if wish.gateway_port is not None:
            settings = Settings.from_environment(environment, connections=given.file)
            beside = local_gateway(server.client, settings, port=wish.gateway_port, folder=wish.folder, own=own)
            gateway = await stack.enter_async_context(beside)
            sandbox.send_to(gateway.doors)
            environment |= gateway.environment
        worker = await stack.enter_async_context(
            child_process("The worker", command, environment, output=wish.worker_log)
        )
        await _until_polled(server.client, wish.task_queue, worker)
        await stack.enter_async_context(
            _beside(keep_schedules(server.client, wish.folder, actions, wish.task_queue, wish.tell, environment=values))
        )
        yield Development(
            address=server.address,
            web_ui=server.web_ui,
            sandbox=sandbox,
            gateway=None if gateway is None else gateway.url,
            live=given.live,
            client=server.client,
            moved=tuple(_moved(wish, server, sandbox, gateway)),
            ended=partial(_first_end, worker, server.process),
        )


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Do something while the context lasts."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


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
                f"The worker did not poll {task_queue!r} within {WORKER_SECONDS:.0f} s. {worker.last_words()}"
            )
        await asyncio.sleep(0.1)


def _moved(wish: EnvironmentWish, server: Server, sandbox: Sandbox, gateway: LocalGateway | None) -> Iterator[str]:
    ports = [
        ("Temporal", wish.port, server.port),
        ("its web UI", wish.ui_port, server.ui_port),
        ("the sandbox", wish.sandbox_port, sandbox.port),
        ("the gateway", wish.gateway_port, None if gateway is None else gateway.port),
    ]
    for name, wished, got in ports:
        if wished and wished != got:
            yield f"Port {wished} is taken: {name} listens on {got}."


def _worker_environment(
    wish: EnvironmentWish, server: Server, sandbox: Sandbox, given: SandboxConnections
) -> dict[str, str]:
    environment = {
        "TRUNKLINE_GRACE": GRACE,
        "TRUNKLINE_INLINE": "on",
        **local_environment(server.address),
        **wish.environment,
    }
    environment["TRUNKLINE_TASK_QUEUE"] = wish.task_queue
    environment |= {"TRUNKLINE_DEPLOYMENT": "", "TRUNKLINE_BUILD": ""}  # nobody releases a version here
    if server.web_ui:
        environment["TRUNKLINE_WEB_UI"] = server.web_ui
    if wish.files:
        environment["TRUNKLINE_ALLOW_FILES"] = str(wish.files.resolve())
    environment |= sandboxed_environment(sandbox.url, given, environment.get("TRUNKLINE_ALLOW"))
    return {**made_up_secrets(wish.folder), **environment}
