"""Which processes a command has started, and which of them are left."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path


def marked(mark: str) -> list[int]:
    """Return the processes whose environment contains a text: what a command started, however far down."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark.encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
    return found


async def gone(mark: str, seconds: float = 15) -> bool:
    """Wait until none of them is left."""
    for _ in range(int(seconds / 0.1)):
        if not marked(mark):
            return True
        await asyncio.sleep(0.1)
    return False


def end(mark: str) -> None:
    """End what a failed test left."""
    for pid in marked(mark):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
