"""Tools of an MCP server in runs: who is asked, what people see, and what a tool that changes comes to."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests.descriptions import indexed_here
from tests.engine import JSON, Engine, step
from tests.mcp_server import McpServer

DEFINITION = """
name: refunds
trigger: {event: test.fired}
actions:
  - {id: trusted, actionType: execute_connector_action, config: {connectorId: trusted, actionId: look, params: {region: south}}, saveAs: weather}
  - {id: unasked, actionType: execute_connector_action, config: {connectorId: shop, actionId: take, params: {lines: [{sku: a}]}}, requireApproval: false, saveAs: order}
  - {id: asked, actionType: execute_connector_action, config: {connectorId: shop, actionId: refund, params: {order: "450", amount: "{{order.amount}}"}}, saveAs: refund}
  - {id: later, actionType: execute_connector_action, config: {connectorId: shop, actionId: refund, params: {order: "451", amount: 5}}, requireApproval: false}
"""


async def next_hold(engine: Engine, handle: Any, before: JSON) -> JSON:
    """Wait until another hold than one before is open, and return it."""
    for _ in range(200):
        for one in await handle.query("holds"):
            if one["hold"] != before["hold"]:
                return dict(one)
        await asyncio.sleep(0.05)
    raise AssertionError(f"no other hold: {await handle.query('report')}"[:2_000])


async def test_tools_are_called_as_people_and_the_operator_say(
    engine: Engine, mcp_server: McpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.descriptions.fetching.EVERY", 0.05)
    monkeypatch.setattr("workflows.run.parked.PAUSES", (timedelta(milliseconds=200),) * 2)
    engine.connections = {"shop": mcp_server.entry(), "trusted": mcp_server.entry(trustAnnotations=True)}
    engine.define(DEFINITION)
    mcp_server.seen()
    with indexed_here():
        handle = await engine.start("refunds", engine.event({"order": {"amount": "1000"}}))
        [first] = await engine.held(handle)
        assert [call["name"] for call in mcp_server.calls()] == ["look", "take"], "these need nobody"
        assert first["step"] == "asked"
        digest = first["operation"].pop("digest")
        assert first["operation"] == {
            "id": "refund",
            "method": "POST",
            "address": f"{mcp_server.url}/json/mcp",
            "body": {
                "method": "tools/call",
                "params": {"name": "refund", "arguments": {"order": "450", "amount": 1000}},
            },
        }
        with mcp_server.swapped():
            await engine.decide(handle, hold=first["hold"], by="ann", decision="approve")
            second = await next_hold(engine, handle, first)
            assert (second["step"], second["request"]) == ("asked", first["request"])
            assert second["operation"]["digest"] != digest
            assert mcp_server.calls() == [], "the tool that was released is no more"
            await engine.decide(handle, hold=second["hold"], by="ann", decision="approve")
            third = await next_hold(engine, handle, second)
            assert third["step"] == "later", "the tool that was planned is no more, so that people are asked"
            [call] = mcp_server.calls()
            assert call["arguments"] == {"order": "450", "amount": 1000}
            await engine.decide(handle, hold=third["hold"], by="ann", decision="approve")
            report = await engine.finish(handle)
    assert report["outcome"] == "completed", report
    assert call["_meta"]["trunkline/idempotencyKey"] == step(report, "asked")["key"]
    assert [report["variables"][name]["body"] for name in ("weather", "refund")] == [
        [{"type": "text", "text": "sunny in south"}],
        {"order": "450", "amount": 1000, "everything": True},
    ]
    assert "has changed its tool 'refund'" in step(report, "asked")["warnings"][0]
    assert "decision" not in step(report, "unasked")
    await engine.replay()
