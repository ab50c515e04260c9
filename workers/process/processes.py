"""The parent of a worker's processes: it starts them, replaces what crashes, and speaks for all on one address."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import replace

from workers.errors import UsageError
from workers.process.health import Processes, serving
from workers.process.lifetime import OVERTIME, on_signals, say_stopping
from workers.settings import Settings

log = logging.getLogger("trunkline.worker")

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STEADY = 60.0
"""Seconds after which a process that ends is no longer taken for one that cannot start."""


class Parent:
    """Keeps a worker's processes running until it is told to stop.

    Args:
        settings: settings of the worker; every process gets them, with a page of its own instead of the address.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.running: dict[int, Process] = {}
        self.pages: dict[int, int] = dict.fromkeys(range(1, settings.processes + 1), 0)
        self.stopping = asyncio.Event()
        self.code = 0

    async def run(self) -> int:
        """Run the processes and return the exit code of the worker."""
        with on_signals(self._on_signal):
            async with contextlib.AsyncExitStack() as stack:
                if self.settings.metrics_address is not None:
                    page = serving(Processes(self.pages), self.settings.metrics_address)
                    address = await stack.enter_async_context(page)
                    log.info("Health and metrics: http://%s/healthz and /metrics", address)
                await asyncio.gather(*(self._keep(number) for number in self.pages))
        log.info("Stopped.")
        return self.code

    async def _keep(self, number: int) -> None:
        """Run one process, and another in its place whenever it ends."""
        loop = asyncio.get_running_loop()
        pause = FIRST_PAUSE
        while not self.stopping.is_set():
            began = loop.time()
            code = await self._run(number)
            if self.stopping.is_set():
                return
            if code == UsageError.exit_code:  # it has said what is wrong with the settings: it would be wrong again
                self._stop(code)
                return
            if loop.time() - began > STEADY:
                pause = FIRST_PAUSE
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
            log.error("Process %d %s; another takes its place in %g s.", number, how, pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _run(self, number: int) -> int:
        with socket.create_server(("127.0.0.1", 0)) as page:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                "workers.process.child",
                str(number),
                str(page.fileno()),
                stdin=PIPE,  # nothing is written: it ends with this process, however that ends
                env={**os.environ, **replace(self.settings, processes=1, metrics_address=None).to_environment()},
                pass_fds=(page.fileno(),),
            )
            self.pages[number] = page.getsockname()[1]
        self.running[number] = process
        if self.stopping.is_set():  # while it was being started
            process.terminate()
        try:
            return await process.wait()
        finally:
            del self.running[number]
            self.pages[number] = 0

    def _on_signal(self, number: signal.Signals) -> None:
        if self.stopping.is_set():
            log.warning("Ended at once by a second signal.")
            self._kill()
            os._exit(128 + number)
        say_stopping(self.settings.grace)
        self._stop(0)

    def _stop(self, code: int) -> None:
        self.code = code
        self.stopping.set()
        for process in self.running.values():
            process.terminate()
        asyncio.get_running_loop().call_later(self.settings.grace + 2 * OVERTIME, self._kill)

    def _kill(self) -> None:
        for process in self.running.values():
            process.kill()
