"""Tools of a real server: listed, judged, called and told about, in every way that the protocol has."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.connectors.execute_connector_action import ConnectorAction
from activities.connectors.mcp import Mcp
from activities.context import Context
from activities.descriptions.fetching import fetch
from activities.descriptions.source import NotAtHandError
from activities.descriptions.store import Store
from activities.errors import OperationChanged, Refused, Unavailable
from activities.mcp.session import REQUESTS
from activities.operations.connection import Directory
from activities.operations.contract import DescribedOperation
from tests.activities.conftest import KEY, MakeContext
from tests.descriptions import indexed_here
from tests.mcp_server import PROGRAM, McpServer
from tests.starts import Processes

TOOLS = ["refund", "look", "take", "fail", "report", "whoami"]
ACTION = catalog()["execute_connector_action"]


class Caller:
    """Calls tools of one connection, as the action does."""

    def __init__(self, make_context: MakeContext, folder: Path, entry: dict[str, Any]) -> None:
        connections = Connections({"shop": entry}, connection_kinds(catalog()), {})
        self.store = Store(folder)
        self.directory = Directory("shop", Mcp, connections, self.store)
        self.context: Context = make_context(connections=connections, descriptions=self.store)

    async def fetch(self) -> None:
        with indexed_here():
            await fetch(self.directory.source, self.store, self.context.http)

    def find(self, tool: str) -> DescribedOperation:
        with indexed_here():
            return self.directory.find(tool)

    async def call(self, tool: str, **params: Any) -> Any:
        context = replace(self.context, operation=self.find(tool).pin().digest)
        with indexed_here():
            return await ACTION.function(ConnectorAction.model_validate({"actionId": tool, "params": params}), context)


@pytest.mark.parametrize("way", ["events", "json", "older"])
async def test_each_way_of_the_protocol(
    way: str, mcp_server: McpServer, make_context: MakeContext, tmp_path: Path
) -> None:
    caller = Caller(make_context, tmp_path, mcp_server.entry(way))
    with pytest.raises(NotAtHandError, match="not at hand yet"):
        caller.find("refund")
    await caller.fetch()
    assert caller.directory.index().ids() == TOOLS
    mcp_server.seen()
    refund = await caller.call("refund", order="450", amount="1000")
    assert refund.status == 200
    assert (refund.body["order"], refund.body["amount"]) == ("450", 1000)
    assert refund.body["meta"]["trunkline/idempotencyKey"] == KEY
    assert "mcp-session-id" not in refund.headers
    assert (await caller.call("look", region="Süd")).body == [{"type": "text", "text": "sunny in Süd"}]
    assert (await caller.call("take", lines=[{"sku": "a", "quantity": "2"}], note=None)).body["count"] == 2
    report = await caller.call("report")
    assert report.body[0]["text"] == "done"
    assert report.headers["content-type"] == ("text/event-stream" if way == "older" else "application/json")
    with pytest.raises(Refused, match=r"The tool 'fail' failed: .*out of stock") as failed:
        await caller.call("fail", why="out of stock")
    assert failed.value.status == 200
    seen = mcp_server.seen()
    assert len(seen) == 5 * (REQUESTS if way == "older" else 3)
    ended = [one for one in seen if one["method"] == "DELETE"]
    assert len(ended) == (5 if way == "older" else 0), "sessions are ended"
    called = [one["headers"] for one in seen if '"tools/call"' in one["body"]]
    assert [headers.get("mcp-name") for headers in called] == (
        [None] * 5 if way == "older" else ["refund", "look", "take", "report", "fail"]
    )
    with pytest.raises(Refused, match=r"there is no `amont` here \(Did you mean amount\?\)"):
        await caller.call("refund", order="450", amount=1, amont=2)
    with pytest.raises(Refused, match="`amount`: this must be a whole number"):
        await caller.call("refund", order="450", amount="much")
    assert mcp_server.seen() == [], "what the schema does not allow is never sent"


async def test_a_tool_that_has_changed_is_not_called(
    mcp_server: McpServer, make_context: MakeContext, tmp_path: Path
) -> None:
    caller = Caller(make_context, tmp_path, mcp_server.entry())
    await caller.fetch()
    before = caller.find("refund").pin().digest
    mcp_server.seen()
    with mcp_server.swapped():
        with pytest.raises(OperationChanged, match="The server has changed its tool 'refund'; nothing was called"):
            await caller.call("refund", order="450", amount=1)
        assert caller.find("refund").pin().digest != before, "people are asked about the tool as it is now"
        assert (await caller.call("refund", order="450", amount=1)).body["everything"] is True
        config = ConnectorAction.model_validate({"actionId": "refund", "params": {"order": "450", "amount": 1}})
        with indexed_here(), pytest.raises(OperationChanged, match="has changed since people released the step"):
            await ACTION.function(config, replace(caller.context, operation=before))
        with indexed_here(), pytest.raises(OperationChanged, match="did not know refund when it was planned"):
            await ACTION.function(config, replace(caller.context, operation=None))
    assert len(mcp_server.calls()) == 1
    with indexed_here():  # back again: the copy here is the older one now, and is looked up anew
        await ACTION.function(config, replace(caller.context, operation=before))
    assert len(mcp_server.calls()) == 1


async def test_who_is_not_signed_in_is_refused(
    mcp_server: McpServer, make_context: MakeContext, tmp_path: Path
) -> None:
    caller = Caller(make_context, tmp_path, mcp_server.entry(auth={"bearer": "another-token-12345"}))
    with pytest.raises(Refused, match="answered 401: invalid_token"):
        await caller.fetch()
    assert len(mcp_server.seen()) == 1
    unset = Caller(make_context, tmp_path, mcp_server.entry(auth={"bearer": "${UNSET}"}))
    with pytest.raises(Refused, match="needs the environment variable UNSET"):
        await unset.fetch()


async def test_a_program(make_context: MakeContext, processes: Processes, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("WORKER_SECRET", "worker-secret-1234567")
    command = [sys.executable, str(PROGRAM), "stdio"]
    entry = {"kind": "mcp", "command": command, "environment": {"SHOP_TOKEN": "shop-token-1234567"}}
    caller = Caller(make_context, tmp_path, entry)
    await caller.fetch()
    assert caller.directory.index().ids() == TOOLS
    said = (await caller.call("whoami")).body[0]["text"]
    assert json.loads(said) == {"SHOP_TOKEN": "shop-token-1234567", "WORKER_SECRET": None}
    shown = caller.find("refund").preview(caller.context.connection(None, Mcp), {"order": "1", "amount": 2})
    assert (shown.address, shown.body["params"]["arguments"]) == (sys.executable, {"order": "1", "amount": 2})
    ended = Caller(make_context, tmp_path / "other", {"kind": "mcp", "command": f"{sys.executable} -c 'print(1)'"})
    with pytest.raises(Unavailable, match="ended, or said what is no message, before it answered server/discover"):
        await ended.fetch()
    missing = Caller(make_context, tmp_path / "none", {"kind": "mcp", "command": "/no/such/program"})
    with pytest.raises(Refused, match="cannot be started: No such file"):
        await missing.fetch()
