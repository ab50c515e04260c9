"""Processes of two versions that take each other's place, as in releases on Kubernetes.

Each release is a build of its own: `trunkline release` lets work go there once a worker of it polls, and those of the
build before are ended as soon as it says that they may be. Gateways are replaced one after the other.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import subprocess
import tarfile
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from bench.serving import ROOT, Build, Running, Serving
from bench.stage import port

PACKAGES = ("trunkline", "activities", "workflows", "workers")
GRACE = 5.0
ENDING = GRACE + 10
"""Seconds in which a process that was told to end has ended."""

LOOKS_EACH = 2.0
"""Seconds between two looks at whether workers may be ended."""


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
    """Workers and gateways, replaced again and again by ones of the other version.

    Attributes:
        serving: starts them.
        versions: the two versions.
        workers: those that poll.
        gateways: those that events are sent to.
        counts: how many were replaced.
        broken: a sentence for each that did not end as it should.
    """

    serving: Serving
    versions: tuple[Build, Build]
    workers: list[Running] = field(default_factory=list)
    gateways: list[Running] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    @property
    def replaced(self) -> bool:
        """Say whether a worker and a gateway were."""
        return all(self.counts[f"{what}s replaced"] for what in ("worker", "gateway"))

    async def begin(self, workers: int, gateways: int) -> None:
        """Start so many of each: all workers but one of the first build, which is released, and one of the next."""
        starting = [self._worker(n // (workers - 1)) for n in range(workers)]
        starting += [self._gateway(self.versions[n % 2]) for n in range(gateways)]
        started = await asyncio.gather(*starting)
        self.workers, self.gateways = started[:workers], started[workers:]
        await self._release(0)

    async def roll(self) -> None:
        """Release build after build until this is canceled; of each there is a worker before."""
        for turn in itertools.count():
            await self._release(turn + 1)
            await self._until_not_needed(turn)
            old = [place for place, one in enumerate(self.workers) if one.build.version == str(turn)]
            for place in old:
                ended = self.workers[place]
                self.workers[place] = await self._worker(turn + 1 + (place == old[-1]))
                await self._told_to_end("worker", ended)
            place = turn % len(self.gateways)
            new = await self._gateway(self._other(self.gateways[place]))
            old, self.gateways[place] = self.gateways[place], new  # nothing is sent to the old one any more
            await self._told_to_end("gateway", old)

    def _other(self, running: Running) -> Build:
        return next(version for version in self.versions if version != running.build)

    def _build(self, number: int) -> Build:
        """Return a build of workers, of one version and the other by turns."""
        return replace(self.versions[number % 2], version=str(number))

    async def _worker(self, number: int) -> Running:
        return await self.serving.worker(self._build(number))

    async def _gateway(self, build: Build) -> Running:
        return await self.serving.gateway(build, port())

    async def _release(self, number: int) -> None:
        await self.serving.release(self._build(number))
        self.counts["builds released"] += 1

    async def _until_not_needed(self, number: int) -> None:
        build = self._build(number)
        while True:
            if all(one["mayStop"] for one in await self.serving.releases(build) if one["build"] == build.version):
                return
            await asyncio.sleep(LOOKS_EACH)

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
