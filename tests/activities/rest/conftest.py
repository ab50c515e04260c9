"""Calling rows against a server on this machine."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from activities.action import Action
from activities.connections import Connections
from activities.context import Context
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Wire, ok
from tests.activities.rest.rows import Desk

Call = Callable[..., Awaitable[Any]]


def told(value: Any, *headers: str, status: str = "200 OK") -> bytes:
    return ok(json.dumps(value).encode(), *headers, status=status)


@pytest.fixture
def desk_context(wire: Wire, make_context: MakeContext) -> Callable[..., Context]:
    def make(base: str = "", **more: Any) -> Context:
        entry = {"kind": "helpdesk", "site": "acme", "apiKey": "key-1234567890", "baseUrl": f"{wire.url}{base}"}
        return make_context(**{"connections": Connections({"desk": entry}, [Desk]), **more})

    return make


@pytest.fixture
def call(desk_context: Callable[..., Context]) -> Call:
    """Carry a row out with a config as a definition writes it."""

    async def run(action: Action, config: dict[str, Any], base: str = "", **more: Any) -> Any:
        context = desk_context(base, action=action.name, **more)
        result = await action.function(action.config.model_validate(config), context)
        return result.model_dump(mode="json", by_alias=True)

    return run
