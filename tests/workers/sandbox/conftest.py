from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio

from workers.sandbox import Sandbox


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as sandbox:
        yield sandbox
