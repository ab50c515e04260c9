"""The protocol's own SDK as a server, started once for all tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.starts import Processes

PROGRAM = Path(__file__).parent / "activities/mcp/sdk_server.py"
TOKEN = "mcp-token-1234567"


@dataclass(frozen=True, slots=True)
class McpServer:
    """A running server.

    Attributes:
        url: its address, below which `events/mcp`, `json/mcp` and `older/mcp` are.
    """

    url: str

    def entry(self, way: str = "json", **more: Any) -> dict[str, Any]:
        """Return a connection to it."""
        return {"kind": "mcp", "baseUrl": f"{self.url}/{way}/mcp", "auth": {"bearer": TOKEN}, **more}

    def seen(self) -> list[dict[str, Any]]:
        """Return what arrived since this was asked last."""
        with self._get("seen") as answer:
            return list(json.load(answer))

    def calls(self) -> list[dict[str, Any]]:
        """Return the calls of tools that arrived since it was asked last."""
        bodies = [json.loads(one["body"]) for one in self.seen() if one["body"]]
        return [body["params"] for body in bodies if body["method"] == "tools/call"]

    def _get(self, path: str) -> Any:
        return urlopen(f"{self.url}/{path}", timeout=10)  # noqa: S310 # an address of this machine

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """Have the server change its tool `refund` while the context lasts."""
        self._get("swap").close()
        try:
            yield
        finally:
            self._get("swap").close()


@contextmanager
def running(processes: Processes) -> Iterator[McpServer]:
    """Run the server."""
    with processes.popen(
        [sys.executable, PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as one:
        assert one.stdout is not None
        port = int(one.stdout.readline())
        try:
            yield McpServer(f"http://127.0.0.1:{port}")
        finally:
            one.kill()
