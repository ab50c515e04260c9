"""A Temporal server on which every run has a clock of its own, to be moved at will."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment

from tests.conftest import TEMPORAL
from workers.payloads.converter import DATA_CONVERTER
from workflows.attributes import ALL


@pytest_asyncio.fixture(scope="session")
async def clocks() -> AsyncIterator[WorkflowEnvironment]:
    """A real development server whose runs stand still in time until a test moves one (`fast_forward`)."""
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=TEMPORAL,
        dev_server_log_level="never",
        search_attributes=list(ALL),
        data_converter=DATA_CONVERTER,
        dev_server_extra_args=[
            "--dynamic-config-value",
            "frontend.WorkflowTimeSkippingEnabled=true",
            "--dynamic-config-value",
            'history.timerProcessorMaxTimeShift="50ms"',
            "--dynamic-config-value",
            "history.transferProcessorMaxPollRPS=200",
        ],
    ) as environment:
        yield environment
