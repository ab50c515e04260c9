"""Indexes a list of tools: `python -m activities.mcp.indexing SOURCE TARGET`, in a process of its own.

The list is what `tools/list` gives: `{"tools": [{"name", "inputSchema", …}, …]}`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from activities.descriptions.command import UnreadableError, run
from activities.descriptions.index import OperationRow, write
from activities.mcp.schemas import CALL, summary_of
from activities.openapi.reading import read

LONGEST_SUMMARY = 200


def index(content: bytes, target: Path) -> None:
    """Write the index of a list of tools.

    Raises:
        UnreadableError: it is none.
    """
    tools = read(content).get("tools")
    if not isinstance(tools, list):
        raise UnreadableError('it is no list of tools: it must say `{"tools": […]}`, as `tools/list` answers.')
    write(target, {}, _rows(tools), ())


def _rows(tools: list[Any]) -> Iterator[OperationRow]:
    seen: set[str] = set()
    for tool in tools:
        name = tool.get("name") if isinstance(tool, Mapping) else None
        if not isinstance(name, str) or not name:
            raise UnreadableError("one of its tools has no name.")
        if name in seen:
            raise UnreadableError(f"it has two tools of the name {name!r:.100}.")
        seen.add(name)
        yield OperationRow(name, "POST", CALL, summary_of(tool)[:LONGEST_SUMMARY], deprecated=False, body=tool)


if __name__ == "__main__":
    run(index)
