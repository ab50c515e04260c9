"""A Temporal server on which every run has a clock of its own, to be moved at will."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from tests.conftest import server


@pytest_asyncio.fixture(scope="session")
async def clocks() -> AsyncIterator[WorkflowEnvironment]:
    """A real development server whose runs stand still in time until a test moves one (`fast_forward`)."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        **server("frontend.WorkflowTimeSkippingEnabled=true"),
    ) as environment:
        yield environment
