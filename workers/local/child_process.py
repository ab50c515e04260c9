"""Companions: processes that this one starts, of which none outlives it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process

END_SECONDS = 10.0
LAST_WORDS = 2000
PARENT_WATCHDOG = Path(__file__).with_name("parent_watchdog.py")


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A process that ends with ours and, where we keep it, what it wrote."""

    name: str
    process: Process
    output: IO[bytes] | None

    def ended(self) -> str | None:
        """Return a sentence if it has ended, with its last words where we keep them."""
        code = self.process.returncode
        if code is None:
            return None
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        last_words = self.last_words()
        return f"{self.name} {how}{f': {last_words}' if last_words else '.'}"

    def last_words(self) -> str:
        """Return the end of its output, where we keep it."""
        if self.output is None:
            return ""
        size = self.output.seek(0, os.SEEK_END)
        self.output.seek(max(0, size - LAST_WORDS))
        return self.output.read().decode(errors="replace").strip()

    async def end(self) -> None:
        """End it: politely, and at once where that takes too long."""
        try:
            if self.process.returncode is None:
                self.process.terminate()
                await asyncio.wait_for(self.process.wait(), END_SECONDS)
        except TimeoutError:
            pass
        finally:
            self._kill_group()
            await self.process.wait()

    def _kill_group(self) -> None:
        """End whatever it started and left behind: it leads a process group of its own."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.asynccontextmanager
async def child_process(
    name: str, command: Sequence[str], environment: Mapping[str, str], *, output: Path | None = None, keep: bool = False
) -> AsyncIterator[ChildProcess]:
    """Run a process that ends when this block does, and also when this process dies in whatever way.

    Args:
        name: what to call it in sentences.
        command: the program's path and its arguments.
        environment: all its variables.
        output: file for what it writes; by default it writes where we do.
        keep: keep what it writes without a file that anybody sees.
    """
    with contextlib.ExitStack() as stack:
        kept: IO[bytes] | None = None
        if output is not None:
            kept = stack.enter_context(output.open("w+b"))
        elif keep:
            kept = stack.enter_context(tempfile.TemporaryFile())
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-I", "-S", str(PARENT_WATCHDOG), str(os.getpid())),
            *command,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=kept,
            stderr=asyncio.subprocess.STDOUT if kept else None,
            start_new_session=True,  # Ctrl-C reaches us alone, so that we end the parts in order
        )
        made = ChildProcess(name, process, kept)
        try:
            yield made
        finally:
            await made.end()
