"""A system that is compared: its processes, which are started, killed and started again together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.hooks import FailedError

START_SECONDS = 120.0
END_SECONDS = 10.0
TICKS = os.sysconf("SC_CLK_TCK")
LAST_WORDS = 1500

Reported = Callable[[], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Program:
    """One process of a system.

    Attributes:
        command: the program's path and its arguments.
        environment: variables beside those that this process has.
        port: where it listens; what comes after it is started once it does.
        ready: an address that answers 200 once it takes events, where listening says too little.
        user: whose process it is, by default ours.
        kept: it is what the others keep their state in, and runs on while they are killed.
    """

    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int | None = None
    ready: str | None = None
    user: str | None = None
    kept: bool = False


@dataclass(frozen=True, slots=True)
class System:
    """What is started.

    Attributes:
        programs: its processes, in the order in which they are started.
        hook: the address that takes events.
        reported: counts the runs that the system itself says have failed, where it can say it.
    """

    programs: Sequence[Program]
    hook: str
    reported: Reported | None = None


@dataclass(frozen=True, slots=True)
class Peer:
    """One row of the table.

    Attributes:
        name: of the row.
        install: installs what it needs, or raises NotInstalledError.
        system: makes a system in an empty folder, whose requests go to an address, and whose commits are on the disk
            at once, or only survive the death of processes.
    """

    name: str
    install: Callable[[], object]
    system: Callable[[Path, str, bool], AbstractAsyncContextManager[System]]


class Running:
    """The processes of a system that runs.

    Args:
        system: what is started.
        folder: keeps what they write.
    """

    def __init__(self, system: System, folder: Path) -> None:
        self.system = system
        self.folder = folder
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Start what does not run."""
        for number, program in enumerate(self.system.programs):
            before = self.processes.get(number)
            if before is not None and before.poll() is None:
                continue
            with self._log(number).open("ab") as log:
                process = subprocess.Popen(  # noqa: S603, ASYNC220 # our own commands
                    program.command,
                    cwd=self.folder,
                    env={**os.environ, **program.environment, "NO_COLOR": "1"},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    user=program.user,
                    start_new_session=True,
                )
            self.processes[number] = process
            if program.port is not None:
                await self._until_it_is_ready(program, program.port, process, number)

    async def kill(self) -> None:
        """Kill all processes at once with SIGKILL, but those that keep state for the others, and start them again."""
        doomed = [process for number, process in self.processes.items() if not self.system.programs[number].kept]
        for process in doomed:
            _signal(process, signal.SIGKILL)
        for process in doomed:
            process.wait()
        await self.start()

    def memory(self) -> int:
        """Return the bytes that the processes and what they started take, what several share counted once."""
        return sum(_proportional(pid) for pid in self._family())

    def cpu(self) -> float:
        """Return the processor seconds that the processes and what they started have used."""
        stats = _stats()
        return sum(sum(map(int, stats[pid][11:15])) for pid in self._family() if pid in stats) / TICKS

    def _family(self) -> set[int]:
        parents = {pid: int(fields[1]) for pid, fields in _stats().items()}
        family = {process.pid for process in self.processes.values()}
        while more := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= more
        return family

    def ended(self) -> str | None:
        """Return a sentence if a process has ended that should run."""
        return next(
            (self._words(process, number) for number, process in self.processes.items() if process.poll() is not None),
            None,
        )

    async def end(self) -> None:
        """End all of them, the last one first: politely, and at once where that takes too long."""
        for number, process in reversed(self.processes.items()):
            if process.poll() is None:
                # PostgreSQL calls SIGINT the fast way to end; SIGTERM waits for its clients.
                process.send_signal(signal.SIGINT if self.system.programs[number].kept else signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    await asyncio.to_thread(process.wait, END_SECONDS)
            _signal(process, signal.SIGKILL)
            process.wait()

    async def _until_it_is_ready(
        self, program: Program, port: int, process: subprocess.Popen[bytes], number: int
    ) -> None:
        latest = time.monotonic() + START_SECONDS
        while time.monotonic() < latest:
            if process.poll() is not None:
                raise FailedError(self._words(process, number))
            with contextlib.suppress(OSError, aiohttp.ClientError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                if program.ready is None:
                    return
                async with aiohttp.ClientSession() as session, session.get(program.ready) as answer:
                    if answer.ok:
                        return
            await asyncio.sleep(0.05)
        raise FailedError(f"{process.args!r} was not ready within {START_SECONDS:.0f} s.")

    def _words(self, process: subprocess.Popen[bytes], number: int) -> str:
        log = self._log(number).read_text(errors="replace")
        return f"{process.args!r} ended with {process.returncode}: {log[-LAST_WORDS:]}"

    def _log(self, number: int) -> Path:
        return self.folder / f"program-{number}.log"


@asynccontextmanager
async def running(system: System, folder: Path) -> AsyncIterator[Running]:
    """Run a system while the context lasts."""
    made = Running(system, folder)
    try:
        await made.start()
        yield made
    finally:
        await made.end()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _stats() -> dict[int, list[str]]:
    """Return the fields of every process's stat after its name, by its number."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            found[int(path.name)] = (path / "stat").read_text().rpartition(")")[2].split()
    return found


def _proportional(pid: int) -> int:
    try:
        lines = Path("/proc", str(pid), "smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
