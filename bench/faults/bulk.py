"""Bulk decisions of the storm: `trunkline approve --all`, confirmed as people do, and killed now and then."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections import Counter
from dataclasses import dataclass, field

from bench.faults.definitions import BULK
from bench.faults.people import ANN, Decision
from bench.serving import Serving

RESTING = (5.0, 12.0)
"""Seconds between two commands."""

PATIENCE = 60.0
"""Seconds after which a command that has not ended is killed: it waits for each answer while no worker is there."""

KILLED_EVERY, KILLED_AFTER = 3, (0.05, 0.6)
"""Every so many commands are killed, so many seconds after they were confirmed."""

PROMPT = re.compile(rb"Type (\d+) to confirm: ")
SHOWN = re.compile(rf"({BULK}/\S+) (bulk\S*)  held for")
ANSWERED = re.compile(rf"({BULK}/\S+)  (bulk\S*)  (\w+)")


@dataclass(slots=True)
class Bulk:
    """Approves all that waits, again and again.

    Attributes:
        serving: has the variables of commands.
        chance: decides when.
        decisions: those that were sent; what a killed command has not told has no result.
        counts: how many commands ran, and were killed.
        broken: a sentence for each command that broke.
    """

    serving: Serving
    chance: random.Random
    decisions: list[Decision] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    async def decide(self) -> None:
        """Run one command after another, until this is canceled."""
        while True:
            await asyncio.sleep(self.chance.uniform(*RESTING))
            command = ["-P", "-m", "workers.cli", "approve", "--all", "--automation", BULK, "--by", ANN]
            environment = {**self.serving.environment(), "COLUMNS": "2000", "PYTHONUNBUFFERED": "1"}
            process = await asyncio.create_subprocess_exec(
                sys.executable, *command, env=environment, stdin=PIPE, stdout=PIPE, stderr=STDOUT
            )
            try:
                await asyncio.wait_for(self._attend(process), PATIENCE)
            except TimeoutError:
                self.counts["killed"] += 1
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()

    async def _attend(self, process: Process) -> None:
        assert process.stdout is not None  # noqa: S101 # it is a pipe
        self.counts["commands"] += 1
        shown = b""
        while not PROMPT.search(shown) and (more := await process.stdout.read(65536)):
            shown += more
        asked = PROMPT.search(shown)
        if asked is None:
            self._look(shown, await process.wait())
            return
        now = time.time()
        meant = {
            run: Decision(run, hold, "bulk", "approve", ANN, "bulk", now) for run, hold in SHOWN.findall(shown.decode())
        }
        self.decisions += meant.values()
        said = await self._confirm(process, asked[1])
        for run, _, result in ANSWERED.findall(said.decode(errors="replace")):
            meant[run].result = result
        if process.returncode != -signal.SIGKILL:
            self._look(shown + said, await process.wait())

    async def _confirm(self, process: Process, number: bytes) -> bytes:
        """Type the number, and return what is told after that, until the end or until it is killed."""
        assert process.stdin is not None  # noqa: S101 # it is a pipe
        assert process.stdout is not None  # noqa: S101 # same
        process.stdin.write(number + b"\n")
        process.stdin.close()
        telling = asyncio.ensure_future(process.stdout.read())
        if self.counts["commands"] % KILLED_EVERY == 0:
            await asyncio.wait([telling], timeout=self.chance.uniform(*KILLED_AFTER))
            if not telling.done():
                self.counts["killed"] += 1
                process.kill()
        said = await telling
        await process.wait()
        return said

    def _look(self, said: bytes, code: int) -> None:
        if b"Traceback" in said or code not in {0, 1, 3}:
            self.broken.append(f"`trunkline approve --all` ended with {code}: {said[-500:].decode(errors='replace')}")
