"""Processes of two versions that take each other's place one after the other, as in Kubernetes' rolling releases."""

from __future__ import annotations

import asyncio
import io
import itertools
import subprocess
import sys
import tarfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from bench.faults import free_port
from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import local_environment

ROOT = Path(__file__).parents[1]
PACKAGES = ("trunkline", "activities", "workflows", "workers")
GRACE = 5.0
ENDING = GRACE + 10
"""Seconds in which a process that was told to end has ended."""

STARTING = 120.0
"""Seconds in which a process is ready: a machine that is busy with other things takes long."""


def released(ref: str, folder: Path) -> Path:
    """Return a folder with the packages as they are at a commit of git's.

    Raises:
        SystemExit: git does not have it.
    """
    packed = subprocess.run(  # noqa: S603 # our own command
        ["git", "archive", ref, *PACKAGES],  # noqa: S607 # whichever git is meant
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if packed.returncode:
        raise SystemExit(f"git has no {ref!r} to take the other version from: {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


@dataclass(slots=True)
class Running:
    """One process that serves.

    Attributes:
        version: which one it is of.
        process: the process.
        stack: ends it.
        port: where it listens, if it does.
    """

    version: str
    process: ChildProcess
    stack: AsyncExitStack
    port: int = 0


@dataclass(slots=True)
class Rollout:
    """Workers and gateways, each replaced in its turn by one of the other version.

    Attributes:
        folder: holds logs, definitions and the files of gateways.
        temporal: Temporal's address.
        versions: where the packages of each version are.
        workers: those that poll.
        gateways: those that events are sent to.
        counts: how many were replaced.
        broken: a sentence for each that did not end as it should.
    """

    folder: Path
    temporal: str
    versions: dict[str, Path]
    workers: list[Running] = field(default_factory=list)
    gateways: list[Running] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    _started: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def replaced(self) -> bool:
        """Say whether a worker and a gateway were."""
        return all(self.counts[f"{what}s replaced"] for what in ("worker", "gateway"))

    async def begin(self, workers: int, gateways: int) -> None:
        """Start so many of each, of one version and the other by turns."""
        names = list(self.versions)
        ready = (
            [self._worker(names[n % 2]) for n in range(workers)],
            [self._gateway(names[n % 2]) for n in range(gateways)],
        )
        self.workers = list(await asyncio.gather(*ready[0]))
        self.gateways = list(await asyncio.gather(*ready[1]))

    async def roll(self) -> None:
        """Replace one after the other until this is canceled; the old one is told to end once the new one is ready."""
        for turn in itertools.count():
            place = turn % len(self.workers)
            new = await self._worker(self._other(self.workers[place]))
            old, self.workers[place] = self.workers[place], new
            await self._told_to_end("worker", old)
            place = turn % len(self.gateways)
            new = await self._gateway(self._other(self.gateways[place]))
            old, self.gateways[place] = self.gateways[place], new  # nothing is sent to the old one any more
            await self._told_to_end("gateway", old)

    async def end(self) -> None:
        """End all of them."""
        await self._started.aclose()

    def _other(self, running: Running) -> str:
        return next(name for name in self.versions if name != running.version)

    async def _worker(self, version: str) -> Running:
        command = ["worker", str(self.folder / "automations")]
        return await self._start("worker", version, command, 0)

    async def _gateway(self, version: str) -> Running:
        port = free_port()
        command = ["gateway", "--port", str(port), "--config", str(self.folder / "gateway.yaml")]
        return await self._start("gateway", version, command, port)

    async def _start(self, what: str, version: str, command: Sequence[str], port: int) -> Running:
        number = self.counts[f"{what}s started"]
        self.counts[f"{what}s started"] += 1
        environment = {
            **local_environment(self.temporal),
            "PYTHONPATH": str(self.versions[version]),
            "TRUNKLINE_ALLOW": "127.0.0.1",
            "TRUNKLINE_GRACE": f"{GRACE:g}",
            "NO_COLOR": "1",
        }
        log = self.folder / f"{what}-{number}-{version}.log"
        stack = AsyncExitStack()
        self._started.push_async_callback(stack.aclose)
        process = await stack.enter_async_context(
            child_process(
                f"{what.capitalize()} {number} ({version})",
                [sys.executable, "-P", "-m", "workers.cli", *command],
                environment,
                output=log,
            )
        )
        until = time.monotonic() + STARTING
        while b"ready: " not in log.read_bytes():
            if (said := process.ended()) or time.monotonic() > until:
                raise SystemExit(said or f"{process.name} was not ready within {STARTING:g} s.")
            await asyncio.sleep(0.05)
        return Running(version, process, stack, port)

    async def _told_to_end(self, what: str, running: Running) -> None:
        process = running.process.process
        if said := running.process.ended():
            self.broken.append(f"{said} Nobody had told it to.")
        else:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), ENDING)
            except TimeoutError:
                self.broken.append(f"{running.process.name} had not ended {ENDING:g} s after it was told to.")
            else:
                if process.returncode:
                    self.broken.append(str(running.process.ended()))
        await running.stack.aclose()
        self.counts[f"{what}s replaced"] += 1
