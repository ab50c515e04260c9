"""What integration tests share: one real Temporal server a session, and engines that run definitions on it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
from workers.payloads.converter import DATA_CONVERTER
from workflows.view.attributes import ALL

TEMPORAL = shutil.which("temporal", path=str(Path(sys.executable).parent)) or "temporal"


def server(*settings: str) -> dict[str, Any]:
    """Return how a development server is started: with timers and retries that are not rounded up to a second."""
    quick = ('history.timerProcessorMaxTimeShift="50ms"', "history.transferProcessorMaxPollRPS=200")
    return {
        "dev_server_existing_path": TEMPORAL,
        "dev_server_log_level": "never",
        "search_attributes": list(ALL),
        "data_converter": DATA_CONVERTER,
        "dev_server_extra_args": [part for one in (*settings, *quick) for part in ("--dynamic-config-value", one)],
    }


@pytest_asyncio.fixture(scope="session")
async def temporal() -> AsyncIterator[WorkflowEnvironment]:
    """A real Temporal development server."""
    async with await WorkflowEnvironment.start_local(**server()) as environment:
        yield environment


@pytest_asyncio.fixture
async def engine(temporal: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Engine]:
    """A worker over a folder of definitions; every history it made is replayed when the test is over."""
    async with Engine(temporal, tmp_path) as running:
        yield running
        await running.replay()
