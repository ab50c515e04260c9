"""`trunkline` as users run it: a process with arguments, environment, output and exit code."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60


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


async def trunkline(
    *arguments: str | Path,
    cwd: Path | None = None,
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
    **variables: str,
) -> Ended:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "workers.cli",
        *map(str, arguments),
        cwd=cwd,
        env=surroundings(**{**(environment or {}), **variables}),
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
    return await trunkline(*arguments, stdin=stdin, environment=surrounding)
