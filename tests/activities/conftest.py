"""What the tests of actions share: a server, a client that may reach it, and attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio

from activities.connections import Connections
from activities.context import Context
from activities.http_client.client import Client
from tests.activities.attempts import DayBudgets, KnownRuns, OwnValues, ProcessPauses
from tests.activities.http_client.wire import Wire, listen

KEY = "0c9a4f5e-6a0e-5d8a-9d43-1d2f6f1f7c11"

MakeContext = Callable[..., Context]


async def _unmarked() -> None:
    """Write nothing down."""


@pytest_asyncio.fixture
async def wire() -> AsyncIterator[Wire]:
    """A server on this machine that answers `{"ok": true}` unless told otherwise."""
    async with listen() as server:
        yield server


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    """A guarded client that may reach this machine."""
    made = Client(allow=["127.0.0.1"])
    yield made
    await made.close()


@pytest.fixture
def make_context(client: Client) -> MakeContext:
    """Make one attempt's surroundings; every one of them can be given another value."""

    def make(**overrides: Any) -> Context:
        surroundings: dict[str, Any] = {
            "action": "http_request",
            "key": KEY,
            "run": "unhappy-caller/evt_1",
            "automation": "unhappy-caller",
            "attempt": 1,
            "timeout": 5.0,
            "http": client,
            "connections": Connections({}, ()),
            "files": None,
            "progress": None,
            "heartbeat": lambda _progress: None,
            "sending": _unmarked,
            "conceal": lambda _owner, _values: None,
            "budgets": DayBudgets(),
            "pauses": ProcessPauses(),
            "runs": KnownRuns(),
            "kept_values": OwnValues(),
        }
        return Context(**{**surroundings, **overrides})

    return make
