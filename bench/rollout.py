"""Processes of two versions that take each other's place, as in releases on Kubernetes.

Each release is a build of its own: `trunkline release` lets work go there once a worker of it polls, and those of the
build before are ended as soon as it says that they may be. Gateways are replaced one after the other.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import os
import subprocess
import sys
import tarfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.faults import free_port
from workers.local.child_process import ChildProcess, child_process
from workers.local.temporal_server import local_environment

ROOT = Path(__file__).parents[1]
PACKAGES = ("trunkline", "activities", "workflows", "workers")
GRACE = 5.0
ENDING = GRACE + 10
"""Seconds in which a process that was told to end has ended."""

DEPLOYMENT = "soak"

LOOKS_EACH = 2.0
"""Seconds between two looks at whether workers may be ended."""

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
        build: of a worker: the build that it announces.
        process: the process.
        stack: ends it.
        port: where it listens, if it does.
    """

    version: str
    process: ChildProcess
    stack: AsyncExitStack
    port: int = 0
    build: str = ""


@dataclass(slots=True)
class Rollout:
    """Workers and gateways, replaced again and again by ones of the other version.

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
        """Start so many of each: all workers but one of the first build, which is released, and one of the next."""
        names = list(self.versions)
        starting = [self._worker(n // (workers - 1)) for n in range(workers)]
        starting += [self._gateway(names[n % 2]) for n in range(gateways)]
        started = await asyncio.gather(*starting)
        self.workers, self.gateways = started[:workers], started[workers:]
        await self._release("0")

    async def roll(self) -> None:
        """Release build after build until this is canceled; of each there is a worker before."""
        for turn in itertools.count():
            new = str(turn + 1)
            await self._release(new)
            await self._until_not_needed(str(turn))
            old = [place for place, one in enumerate(self.workers) if one.build != new]
            for place in old:
                ended = self.workers[place]
                self.workers[place] = await self._worker(turn + 1 + (place == old[-1]))
                await self._told_to_end("worker", ended)
            place = turn % len(self.gateways)
            new = await self._gateway(self._other(self.gateways[place]))
            old, self.gateways[place] = self.gateways[place], new  # nothing is sent to the old one any more
            await self._told_to_end("gateway", old)

    async def end(self) -> None:
        """End all of them."""
        await self._started.aclose()

    def _other(self, running: Running) -> str:
        return next(name for name in self.versions if name != running.version)

    async def _worker(self, build: int) -> Running:
        command = ["worker", str(self.folder / "automations")]
        return await self._start("worker", list(self.versions)[build % 2], command, build=str(build))

    async def _gateway(self, version: str) -> Running:
        port = free_port()
        command = ["gateway", "--port", str(port), "--config", str(self.folder / "gateway.yaml")]
        return await self._start("gateway", version, command, port=port)

    async def _release(self, *build: str) -> Any:
        """Release a build, or none, and return what the command says of all."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "workers.cli", "release", *build, "--json", "--within", f"{STARTING:g}s"),
            env={**os.environ, **self._environment(next(reversed(self.versions)))}, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        if process.returncode:
            raise SystemExit(f"`trunkline release {' '.join(build)}`: {err.decode().strip()}")
        self.counts["builds released"] += len(build)
        return json.loads(out)["builds"]

    async def _until_not_needed(self, build: str) -> None:
        while True:
            builds = await self._release()
            if all(one["mayStop"] for one in builds if one["build"] == build):
                return
            await asyncio.sleep(LOOKS_EACH)

    def _environment(self, version: str, build: str = "") -> dict[str, str]:
        return {
            **local_environment(self.temporal),
            "PYTHONPATH": str(self.versions[version]),
            "TRUNKLINE_DEPLOYMENT": DEPLOYMENT,
            "TRUNKLINE_BUILD": build,
            "TRUNKLINE_ALLOW": "127.0.0.1",
            "TRUNKLINE_GRACE": f"{GRACE:g}",
            "NO_COLOR": "1",
        }

    async def _start(
        self, what: str, version: str, command: Sequence[str], *, port: int = 0, build: str = ""
    ) -> Running:
        number = self.counts[f"{what}s started"]
        self.counts[f"{what}s started"] += 1
        log = self.folder / f"{what}-{number}-{version}.log"
        stack = AsyncExitStack()
        self._started.push_async_callback(stack.aclose)
        process = await stack.enter_async_context(
            child_process(
                f"{what.capitalize()} {number} ({version})",
                [sys.executable, "-P", "-m", "workers.cli", *command],
                self._environment(version, build),
                output=log,
            )
        )
        until = time.monotonic() + STARTING
        while b"ready: " not in log.read_bytes():
            if (said := process.ended()) or time.monotonic() > until:
                raise SystemExit(said or f"{process.name} was not ready within {STARTING:g} s.")
            await asyncio.sleep(0.05)
        return Running(version, process, stack, port, build)

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
