"""Fixtures that the tests of text messages and Slack share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from workers.sandbox import Sandbox


@pytest_asyncio.fixture(scope="session")
async def running() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, which has received nothing yet and behaves."""
    running.clear()
    yield running
    running.clear()
