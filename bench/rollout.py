"""Processes of two versions that take each other's place one after the other, as in Kubernetes' rolling releases."""

from __future__ import annotations

import asyncio
import io
import itertools
import subprocess
import tarfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from bench.serving import ROOT, Build, Running, Serving
from bench.stage import port

PACKAGES = ("trunkline", "activities", "workflows", "workers")
GRACE = 5.0
ENDING = GRACE + 10
"""Seconds in which a process that was told to end has ended."""


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
class Rollout:
    """Workers and gateways, each replaced in its turn by one of the other version.

    Attributes:
        serving: starts them.
        builds: the two versions.
        workers: those that poll.
        gateways: those that events are sent to.
        counts: how many were replaced.
        broken: a sentence for each that did not end as it should.
    """

    serving: Serving
    builds: tuple[Build, Build]
    workers: list[Running] = field(default_factory=list)
    gateways: list[Running] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def replaced(self) -> bool:
        """Say whether a worker and a gateway were."""
        return all(self.counts[f"{what}s replaced"] for what in ("worker", "gateway"))

    async def begin(self, workers: int, gateways: int) -> None:
        """Start so many of each, of one version and the other by turns."""
        self.workers = list(await asyncio.gather(*(self.serving.worker(self.builds[n % 2]) for n in range(workers))))
        self.gateways = list(await asyncio.gather(*(self._gateway(self.builds[n % 2]) for n in range(gateways))))

    async def roll(self) -> None:
        """Replace one after the other until this is canceled; the old one is told to end once the new one is ready."""
        for turn in itertools.count():
            place = turn % len(self.workers)
            new = await self.serving.worker(self._other(self.workers[place]))
            old, self.workers[place] = self.workers[place], new
            await self._told_to_end("worker", old)
            place = turn % len(self.gateways)
            new = await self._gateway(self._other(self.gateways[place]))
            old, self.gateways[place] = self.gateways[place], new  # nothing is sent to the old one any more
            await self._told_to_end("gateway", old)

    def _other(self, running: Running) -> Build:
        return next(build for build in self.builds if build != running.build)

    async def _gateway(self, build: Build) -> Running:
        return await self.serving.gateway(build, port())

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
