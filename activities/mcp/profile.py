"""A server of the Model Context Protocol: the way to it, and to its tools."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

from activities.connections import Connection
from activities.context import Context
from activities.descriptions.index import Index
from activities.descriptions.source import Format
from activities.mcp.server import McpServer
from activities.mcp.session import conversation
from activities.operations.contract import DescribedOperation, no_such_operation

KEPT = 64

MCP = Format("MCP", 1, "activities.mcp.indexing")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class McpProfile(McpServer):
    """A server of the Model Context Protocol; see `Profile`."""

    @property
    def format(self) -> Format:
        """The list of tools."""
        return MCP

    @property
    def usual(self) -> str | None:
        """None: a server lists its tools itself."""
        return None

    def operation(self, index: Index, id_: str, signed: frozenset[str] = frozenset()) -> DescribedOperation:
        """Return a tool; see `Profile`. Those that a process used last it keeps."""
        del signed
        return _operation(self, index, id_)

    async def listing(self, connection: Connection, context: Context) -> bytes:
        """Ask a server for its tools, and return them as the description that is kept.

        Raises:
            Refused: it cannot be used so, such as for its sign-in.
            Unavailable: it cannot be had for now.
        """
        async with self.wire(connection, context) as wire, conversation(wire) as session:
            tools = await session.tools()
        return json.dumps({"tools": tools}).encode(errors="replace")


@lru_cache(maxsize=KEPT)
def _operation(profile: McpProfile, index: Index, id_: str) -> DescribedOperation:
    from activities.mcp.tool import McpTool

    row = index.operation(id_)
    if row is None:
        raise no_such_operation(id_, index.ids())
    return McpTool(profile, row.body)
