"""Workers and gateways as processes: started until they are ready, and ended."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import local_environment

ROOT = Path(__file__).parents[1]

STARTING = 120.0
"""Seconds in which a process is ready: a machine that is busy with other things takes long."""

DEPLOYMENT = "bench"
"""What the workers of all builds belong to."""


class NotReleasedError(Exception):
    """A build was not released; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Build:
    """What processes run.

    Attributes:
        name: what to call it.
        packages: the folder that holds the code.
        automations: the folder that holds the definitions.
        version: what its workers tell Temporal that they are; with nothing, no more than any worker.
    """

    name: str
    packages: Path
    automations: Path
    version: str = ""

    def environment(self) -> Mapping[str, str]:
        """Return the variables by which a process of this build differs from those of others."""
        versioned = {"TRUNKLINE_DEPLOYMENT": DEPLOYMENT, "TRUNKLINE_BUILD": self.version} if self.version else {}
        return {"PYTHONPATH": str(self.packages), **versioned}


@dataclass(slots=True)
class Running:
    """One process that serves.

    Attributes:
        build: what it runs.
        process: the process.
        stack: ends it.
        port: where it listens, if it does.
    """

    build: Build
    process: ChildProcess
    stack: AsyncExitStack
    port: int = 0


@dataclass(slots=True)
class Serving:
    """Starts workers and gateways around one Temporal.

    Attributes:
        folder: holds their logs, and `gateway.yaml`.
        temporal: Temporal's address.
        grace: seconds in which they finish once they are told to end.
        connections: the workers' connections file, if there is one.
        counts: how many were started.
    """

    folder: Path
    temporal: str
    grace: float
    connections: Path | None = None
    counts: Counter[str] = field(default_factory=Counter)
    _started: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def worker(self, build: Build) -> Running:
        """Start a worker."""
        named = [] if self.connections is None else ["--connections", str(self.connections)]
        return await self._start("worker", build, ["worker", str(build.automations), *named], 0)

    async def gateway(self, build: Build, port: int) -> Running:
        """Start a gateway that listens on a port."""
        command = ["gateway", "--port", str(port), "--config", str(self.folder / "gateway.yaml")]
        return await self._start("gateway", build, command, port)

    async def release(self, build: Build) -> None:
        """Let work go to the workers of a build, one of which polls or soon does.

        Raises:
            NotReleasedError: the command failed.
        """
        await self._released(build, build.version)

    async def releases(self, build: Build) -> list[dict[str, Any]]:
        """Return what `trunkline release` says of every build.

        Args:
            build: has the code of the command.

        Raises:
            NotReleasedError: the command failed.
        """
        return await self._released(build)

    async def _released(self, build: Build, *words: str) -> list[dict[str, Any]]:
        command = (sys.executable, "-P", "-m", "workers.cli", "release", *words, "--json", "--within", f"{STARTING:g}s")
        environment = {**os.environ, **self.environment(), **build.environment()}
        process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()
        if process.returncode:
            raise NotReleasedError(f"`trunkline release {' '.join(words)}`: {err.decode().strip()}")
        found: list[dict[str, Any]] = json.loads(out)["builds"]
        return found

    async def end(self) -> None:
        """End all of them."""
        await self._started.aclose()

    def environment(self) -> dict[str, str]:
        """Return the variables of everything that works with this Temporal."""
        return {
            **local_environment(self.temporal),
            "TRUNKLINE_ALLOW": "127.0.0.1",
            "TRUNKLINE_GRACE": f"{self.grace:g}",
            "NO_COLOR": "1",
        }

    async def _start(self, what: str, build: Build, command: Sequence[str], port: int) -> Running:
        number = self.counts[f"{what}s started"]
        self.counts[f"{what}s started"] += 1
        stack = AsyncExitStack()
        self._started.push_async_callback(stack.aclose)
        process = await stack.enter_async_context(
            child_process(
                f"{what.capitalize()} {number} ({build.name}{build.version and f', build {build.version}'})",
                [sys.executable, "-P", "-m", "workers.cli", *command],
                {**self.environment(), **build.environment()},
                output=self.folder / f"{what}-{number}-{build.name}.log",
            )
        )
        until = time.monotonic() + STARTING
        while b"ready: " not in _written(process):
            if (said := process.ended()) or time.monotonic() > until:
                raise SystemExit(said or f"{process.name} was not ready within {STARTING:g} s.")
            await asyncio.sleep(0.05)
        return Running(build, process, stack, port)


def _written(process: ChildProcess) -> bytes:
    return b"" if process.output is None else Path(process.output.name).read_bytes()
