"""What is known of a server beyond its tools."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from activities.context import Context
from activities.mcp.wire import McpWire


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class McpServer:
    """A server, and whether what it says of its tools is believed.

    Attributes:
        wire: opens the way to it for one attempt.
        address: where it is, as people see it.
        trusted: whether the annotations of its tools are believed.
    """

    wire: Callable[[Any, Context], AbstractAsyncContextManager[McpWire]]
    address: Callable[[Any], str]
    trusted: bool = False
