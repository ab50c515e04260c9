"""What the benchmarks share: processes around one development server, tables, and how a benchmark ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NoReturn

from temporalio.client import Client
from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

MOST_SHOWN = 20
"""Broken promises that are printed."""


class Stage:
    """A folder and a development server of Temporal, gone when the context ends, with all that was started beside.

    Attributes:
        folder: for what processes read.
        address: Temporal's.
    """

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.address = f"127.0.0.1:{port()}"
        self._stack = stack

    def python(self, module: str, *arguments: object) -> int:
        """Start a module of ours as a process and return its number."""
        return self.spawn(sys.executable, "-m", module, *map(str, arguments))

    def spawn(self, *command: str) -> int:
        """Start a process that works with this server, and return its number."""
        process = subprocess.Popen(  # noqa: S603 # our own commands
            command, env=self.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.terminate)
        return process.pid

    def environment(self) -> dict[str, str]:
        """Return the environment of processes that work with this server."""
        return {**os.environ, "TEMPORAL_ADDRESS": self.address, "TRUNKLINE_ALLOW": "127.0.0.1", "NO_COLOR": "1"}

    async def client(self, **options: Any) -> Client:
        """Connect as soon as the server answers."""
        for _ in range(100):
            try:
                return await Client.connect(self.address, **options)
            except RuntimeError:
                await asyncio.sleep(0.1)
        raise SystemExit("Temporal's development server did not answer within 10 s.")


@contextmanager
def stage(settings: Mapping[str, str]) -> Iterator[Stage]:
    """Run Temporal's development server with dynamic settings while the context lasts."""
    temporal = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="trunkline-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = Stage(folder, stack)
        command = [temporal, "server", "start-dev", "--headless", "--log-level", "never"]
        command += ["--port", made.address.rpartition(":")[2]]
        command += [part for key, value in settings.items() for part in ("--dynamic-config-value", f"{key}={value}")]
        made.spawn(*command)
        yield made


def port() -> int:
    """Return a free port outside the range that clients' own ports come from: it must stay free during a restart."""
    for number in random.sample(range(15_000, 30_000), 100):
        with socket.socket() as taken, contextlib.suppress(OSError):
            taken.bind(("127.0.0.1", number))
            return number
    raise SystemExit("No free port was found.")


@contextlib.asynccontextmanager
async def running(task: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Run a coroutine beside the block, and end it with the block."""
    made = asyncio.ensure_future(task)
    try:
        yield made
    finally:
        made.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await made


def quiet_runtime() -> Runtime:
    """Return a Temporal runtime that says nothing while its server is away."""
    silent = LoggingConfig(TelemetryFilter(core_level="OFF", other_level="OFF"))
    return Runtime(telemetry=TelemetryConfig(logging=silent))


def row(cells: Iterable[str]) -> str:
    """Return a row of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def head(columns: Sequence[str]) -> list[str]:
    """Return the first two rows of a Markdown table."""
    return [row(columns), "| --- " * len(columns) + "|"]


def conclude(lines: Sequence[str], broken: Sequence[str], folder: Path) -> NoReturn:
    """Print what was seen and end: with exit code 1 where a promise broke, whose logs stay, else without the folder."""
    rows = [*lines]
    if broken:
        rows += ["", f"Broken promises: {len(broken)} (logs: {folder})"]
        rows += [f"- {sentence}" for sentence in broken[:MOST_SHOWN]]
    else:
        shutil.rmtree(folder, ignore_errors=True)
    tell(rows)
    sys.exit(1 if broken else 0)


def tell(lines: Iterable[str]) -> None:
    """Print what was found, as the last thing before the process ends."""
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
    time.sleep(0.1)  # the SDK's threads end badly where the process ends at once
