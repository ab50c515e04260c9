"""A Temporal server on which every run has a clock of its own, to be moved at will."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from tests.starts import StartServer
from workers.payloads.converter import DATA_CONVERTER
from workflows.view.attributes import ALL


@pytest_asyncio.fixture(scope="session")
async def clocks(start_server: StartServer) -> AsyncIterator[WorkflowEnvironment]:
    """A real development server whose runs stand still in time until a test moves one (`fast_forward`)."""
    async with await start_server(
        "frontend.WorkflowTimeSkippingEnabled=true",
        ts_config=TimeSkippingConfig(enabled=False),
        search_attributes=list(ALL),
        data_converter=DATA_CONVERTER,
    ) as environment:
        yield environment
