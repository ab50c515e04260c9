"""Temporal, the vendors, workers and gateways of the storm, and what happens to each of them."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from temporalio.client import Client

from bench.faults.checks import JSON
from bench.faults.definitions import build, prepare
from bench.serving import Build, NotReleasedError, Running, Serving
from bench.stage import port, quiet_runtime
from workers.client.connecting import connect_to
from workers.local.temporal_server import temporal_server

WORKERS = GATEWAYS = 2

WAYS = (*("SIGKILL", "SIGTERM") * 4, "SIGKILL", "freeze")
"""What happens to workers, in turn."""

GATEWAY_WAYS = ("SIGKILL", "SIGTERM", "freeze")
"""What happens to gateways, in turn."""

FROZEN = 13.0
"""Seconds that a process stands still: longer than the ten after which Temporal gives attempts up, and senders wait."""

OUTAGES = (0.0, 12.0)
"""Seconds that Temporal is away, in turn: at once back, and longer than workers try to report a result."""

SOON = "limit.historyCount.suggestContinueAsNew"
EVENTS = "100"
"""Events of a history after which a run continues as new: loops do so several times, others now and then."""

WRITING, RESTING = (0.2, 1.0), (2.0, 6.0)
"""Seconds for which a definition lacks its last line while it is written, and between two of them."""


@dataclass(slots=True)
class Place:
    """Where a process serves: when one ends, the next takes its place.

    Attributes:
        start: starts a process, and returns once it is ready.
        running: the process, where one is ready.
        doomed: whether it was told to end.
        broken: a sentence for each that ended although nobody had told it to.
    """

    start: Callable[[], Awaitable[Running]]
    running: Running | None = None
    doomed: bool = False
    broken: list[str] = field(default_factory=list)

    async def keep(self) -> None:
        """Start one process after the other."""
        while True:
            running = self.running = await self.start()
            await running.process.process.wait()
            if not self.doomed:
                self.broken.append(f"{running.process.ended()} Nobody had told it to.")
            self.running, self.doomed = None, False
            await running.stack.aclose()

    @property
    def stands(self) -> bool:
        """Say whether a process is ready here, and was not told to end."""
        return self.running is not None and not self.doomed and self.running.process.process.returncode is None

    async def strike(self, how: str) -> None:
        """Send a process that stands a signal, or freeze it for a while."""
        assert self.running is not None  # noqa: S101 # it stands
        process = self.running.process.process
        if how == "freeze":
            process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(FROZEN)
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
        else:
            self.doomed = True
            process.send_signal(signal.Signals[how])


@dataclass(slots=True)
class Site:
    """Temporal, the vendors, workers and gateways, all of which fail.

    Attributes:
        folder: holds definitions, database, ledger and logs.
        chance: decides who is struck when.
        temporal_port: Temporal's.
        vendors_port: the vendors'.
        counts: what was done to whom.
        client: connected to Temporal, over all restarts.
        ports: where gateways listen.
        workers: where workers are.
        gateways: where gateways are.
    """

    folder: Path
    chance: random.Random
    temporal_port: int = field(default_factory=port)
    vendors_port: int = field(default_factory=port)
    counts: Counter[str] = field(default_factory=Counter)
    client: asyncio.Future[Client] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    ports: Sequence[int] = field(default_factory=lambda: [port() for _ in range(GATEWAYS)])
    workers: Sequence[Place] = ()
    gateways: Sequence[Place] = ()
    _builds: list[Build] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Address of the vendors."""
        return f"http://127.0.0.1:{self.vendors_port}"

    @property
    def delivery_log(self) -> list[JSON]:
        """What arrived at the vendors."""
        return [json.loads(line) for line in (self.folder / "ledger.jsonl").read_text().splitlines()]

    @property
    def broken(self) -> list[str]:
        """A sentence for each process that ended unasked."""
        return [said for place in (*self.workers, *self.gateways) for said in place.broken]

    def prepare(self, grace: float) -> Serving:
        """Write what processes read, make their places, and return what starts them."""
        connections = prepare(self.folder, self.url)
        serving = Serving(self.folder, f"127.0.0.1:{self.temporal_port}", grace, connections)
        self._builds.append(build(self.folder, 0, self.url))
        self.workers = [Place(lambda: serving.worker(self._builds[-1])) for _ in range(WORKERS)]
        self.gateways = [Place(self._gateway(serving, number)) for number in self.ports]
        return serving

    def _gateway(self, serving: Serving, number: int) -> Callable[[], Awaitable[Running]]:
        return lambda: serving.gateway(self._builds[-1], number)

    async def _until_ready(self) -> None:
        """Wait until a process is ready in every place."""
        while not all(place.stands for place in (*self.workers, *self.gateways)):  # noqa: ASYNC110 # other processes
            await asyncio.sleep(0.05)

    async def rewrite(self) -> None:
        """Write one definition after another again, in place and in two pieces: the first lacks the last line."""
        for turn in itertools.count():
            files = sorted(self._builds[-1].automations.iterdir())
            path = files[turn % len(files)]
            lines = path.read_text().splitlines(keepends=True)
            with path.open("w") as file:
                file.writelines(lines[:-1])
                file.flush()
                try:
                    await asyncio.sleep(self.chance.uniform(*WRITING))
                finally:
                    file.write(lines[-1])
            self.counts["rewritten"] += 1
            await asyncio.sleep(self.chance.uniform(*RESTING))

    async def begin(self, serving: Serving) -> None:
        """Wait until a process is ready in every place, and release their build."""
        await self._until_ready()
        await serving.release(self._builds[-1])

    async def release(self, serving: Serving, points: Iterator[int], started: Counter[str]) -> None:
        """Each time that many runs were started, put processes of a new build in the places of all others.

        Work goes to the build as soon as its first worker is there, which `trunkline release` sees to.
        """
        for point in points:
            while started["runs"] < point:  # noqa: ASYNC110 # counted by whoever starts runs
                await asyncio.sleep(0.05)
            new = build(self.folder, len(self._builds), self.url)
            self._builds.append(new)
            await self._until_of(self.workers[0], new)
            await self._until_released(serving, new)
            for place in (*self.workers, *self.gateways):
                await self._until_of(place, new)
            self.counts["releases"] += 1

    async def _until_released(self, serving: Serving, new: Build) -> None:
        """Release a build, again as long as Temporal is away."""
        while True:
            try:
                return await serving.release(new)
            except NotReleasedError:
                self.counts["releases that failed"] += 1
                await asyncio.sleep(1)

    async def _until_of(self, place: Place, new: Build) -> None:
        """Wait until a process of a build is ready in a place; one of an earlier build is told to end."""
        while place.running is None or place.running.build != new:
            if place.stands:
                await place.strike("SIGTERM")
            await asyncio.sleep(0.05)

    async def trouble(
        self, what: str, places: Sequence[Place], ways: Sequence[str], every: float, ended: Callable[[], int]
    ) -> None:
        """Kill, end or freeze one of the places now and then, but not before a run has ended since the last time.

        On a machine that is busy with other things processes take long to start, and would do nothing else.
        """
        before = -1
        turns = itertools.cycle(ways)
        while True:
            await asyncio.sleep(every * self.chance.uniform(0.5, 1.5))
            place = self.chance.choice(places)
            if ended() == before or not place.stands:
                continue
            before = ended()
            how = next(turns)
            self.counts[f"{what} {how}"] += 1
            await place.strike(how)

    async def temporal(self, points: Iterator[int], started: Counter[str]) -> None:
        """Run Temporal; each time that many runs were started, restart it on the same database."""
        database = self.folder / "temporal.db"
        point = next(points, None)
        while True:
            async with temporal_server(self.temporal_port, None, data=database, dynamic={SOON: EVENTS}) as server:
                if server.port != self.temporal_port:
                    raise SystemExit(f"Port {self.temporal_port} was taken while Temporal was restarted.")
                if not self.client.done():
                    self.client.set_result(await connect_to({"target_host": server.address}, runtime=quiet_runtime()))
                while point is None or started["runs"] < point:
                    await asyncio.sleep(0.05)
                    if said := server.process.ended():
                        raise SystemExit(said)
                point = next(points, None)
                turn = self.counts["restart"]
                self.counts["restart"] += 1
                if turn % 2 == 0:
                    server.process.process.kill()
            await asyncio.sleep(OUTAGES[turn % 2])
