"""What tests start beside themselves, and the marks that follow from asking for it: `process` and `server`.

A test starts a process with `Processes`, which the fixture `processes` hands out, and a Temporal server with what the
fixture `start_server` hands out. Who requests neither is what `make quick` runs, and is refused both.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import shutil
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from temporalio.bridge.testing import EphemeralServer
from temporalio.testing import WorkflowEnvironment

MARKS = {"processes": "process", "start_server": "server"}
"""The mark of a test, by a fixture that it requests, however far down."""

TEMPORAL = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"

BEGINNINGS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"}
"""The audit events of a process that begins."""

T = TypeVar("T")
StartServer = Callable[..., Awaitable[WorkflowEnvironment]]


def examples(hundreds: float) -> int:
    """Return how many examples a property deserves: hundreds, or a tenth of that under `make quick`."""
    return round(hundreds * settings().max_examples)


def some(values: Sequence[T], number: int = 0, *, least: int = 1) -> Sequence[T]:
    """Return what a sweep over all values tries: all of them, or a tenth under `make quick`.

    Args:
        values: the values.
        number: the number of this sweep among its like, of which each then tries other values.
        least: every how many the whole sweep tries.
    """
    step = least * 100 // settings().max_examples
    return values[number % step :: step]


class Processes:
    """Starts processes, which `make quick` has no time for."""

    def run(self, command: Sequence[str | Path], *, check: bool, **options: Any) -> subprocess.CompletedProcess[Any]:
        """Run a command to its end."""
        return subprocess.run(command, check=check, **options)

    def popen(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """Start a command, for tests that wait in threads."""
        return subprocess.Popen(command, **options)

    async def start(self, *command: str | Path, **options: Any) -> asyncio.subprocess.Process:
        """Start a command."""
        return await asyncio.create_subprocess_exec(*command, **options)

    async def shell(self, line: str, **options: Any) -> asyncio.subprocess.Process:
        """Start a line of shell."""
        return await asyncio.create_subprocess_shell(line, **options)


async def server(*settings: str, **options: Any) -> WorkflowEnvironment:
    """Start a Temporal development server whose timers and retries are not rounded up to a second."""
    quick = ('history.timerProcessorMaxTimeShift="50ms"', "history.transferProcessorMaxPollRPS=200")
    values = [part for one in (*settings, *quick) for part in ("--dynamic-config-value", one)]
    start = WorkflowEnvironment.start_local
    if "ts_config" in options:
        start = WorkflowEnvironment.start_time_skipping_v2
    return await start(
        dev_server_existing_path=TEMPORAL, dev_server_log_level="never", dev_server_extra_args=values, **options
    )


class Guard:
    """Refuses to start what the test that runs now has not asked for."""

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        sys.addaudithook(self._audited)
        EphemeralServer.start_dev_server = staticmethod(self._checked(EphemeralServer.start_dev_server))  # type: ignore[method-assign] # a server starts in the SDK's native part, which Python does not hear of

    def _audited(self, event: str, _: tuple[Any, ...]) -> None:
        if event in BEGINNINGS:
            self.check("processes", "a process")

    def _checked(self, start: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(start)
        async def checked(*arguments: Any) -> Any:
            self.check("start_server", "a Temporal server")
            return await start(*arguments)

        return checked

    def check(self, fixture: str, what: str) -> None:
        """Say that the test must request the fixture.

        Raises:
            RuntimeError: it does not.
        """
        if self.item is not None and not self.item.get_closest_marker(MARKS[fixture]):
            raise RuntimeError(f"{self.item.nodeid} starts {what}, so it must request the fixture `{fixture}`.")


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark each test by what it requests."""
    for item in items:
        for fixture, name in MARKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(name)


def bound(items: Iterable[pytest.Item], seconds: float) -> None:
    """Let each test that awaits something for so long fail where it waits, with its stack."""
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            item.obj = _bounded(item.obj, seconds)


def _bounded(test: Callable[..., Awaitable[None]], seconds: float) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def bounded(*arguments: Any, **named: Any) -> None:
        async with asyncio.timeout(seconds):
            await test(*arguments, **named)

    return bounded
