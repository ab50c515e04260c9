"""`trunkline` as users call it: arguments, environment and standard input in, output and exit code out."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import pytest

from tests.engine import Engine
from tests.starts import Processes
from workers.cli import execute

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60
ALONE = threading.Lock()
"""Held by the one command whose streams, environment and folder this process has at the moment."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def surroundings(**variables: str) -> dict[str, str]:
    """The environment without this machine's own settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("TEMPORAL_", "TRUNKLINE_"))}
    return {**kept, "TEMPORAL_CONFIG_FILE": os.devnull, "PYTHONPATH": str(ROOT), **variables}


def call(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    **variables: str,
) -> Ended:
    """Run a command within this process."""
    out, err = _stream(), _stream()
    given = io.TextIOWrapper(io.BytesIO(stdin or b""), encoding="utf-8")
    with ALONE, pytest.MonkeyPatch.context() as patch:
        _lend(patch, surroundings(**{**(environment or {}), **variables}))
        patch.chdir(cwd or Path.cwd())
        for name, stream in (("stdin", given), ("stdout", out), ("stderr", err)):
            patch.setattr(sys, name, stream)
        patch.setattr(logging.root, "handlers", [*logging.root.handlers, _last_resort(err)])
        code = execute([str(argument) for argument in arguments])
    return Ended(code, _text(out), _text(err))


async def trunkline(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    processes: Processes | None = None,
    **variables: str,
) -> Ended:
    """Run a command: in a thread with an event loop of its own, or as a process where the test asked for processes."""
    merged = {**(environment or {}), **variables}
    if processes is None:
        return await asyncio.wait_for(
            asyncio.to_thread(call, *arguments, cwd=cwd, stdin=stdin, environment=merged), LIMIT
        )
    process = await processes.start(
        *(sys.executable, "-m", "workers.cli"),
        *map(str, arguments),
        cwd=cwd,
        env=surroundings(**merged),
        stdin=asyncio.subprocess.PIPE if stdin is not None else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(stdin), LIMIT)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(process.returncode, out.decode(), err.decode())


def address(engine: Engine) -> str:
    return engine.client.service_client.config.target_host


async def on(
    engine: Engine,
    *arguments: str | Path,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    processes: Processes | None = None,
    **variables: str,
) -> Ended:
    """A command that sees the engine's Temporal, task queue and folder."""
    surrounding = {
        "TEMPORAL_ADDRESS": address(engine),
        "TRUNKLINE_TASK_QUEUE": engine.task_queue,
        "TRUNKLINE_AUTOMATIONS": str(engine.folder),
        **(environment or {}),
        **variables,
    }
    return await trunkline(*arguments, stdin=stdin, environment=surrounding, processes=processes)


def _lend(patch: pytest.MonkeyPatch, environment: Mapping[str, str]) -> None:
    """Give this process another environment, variable by variable, as much of ours holds on to `os.environ`."""
    for name in os.environ.keys() - environment.keys():
        patch.delenv(name)
    for name, value in environment.items():
        if os.environ.get(name) != value:
            patch.setenv(name, value)


def _last_resort(err: TextIO) -> logging.Handler:
    """What a process logs to where it has set up nothing, for the lines of this thread: workers run in others."""
    handler = logging.StreamHandler(err)
    handler.setLevel(logging.WARNING)
    thread = threading.get_ident()
    handler.addFilter(lambda record: record.thread == thread)
    return handler


def _stream() -> io.TextIOWrapper:
    """What a process has for output that nobody watches."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    raw: Any = stream.buffer
    content: bytes = raw.getvalue()
    return content.decode()
