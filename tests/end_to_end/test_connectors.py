"""Operations of described services in runs: what planning pins, what people see and release, what parks."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from graphql import build_schema, graphql_sync

from tests.descriptions import AWKWARD_SCHEMA, VENDORS, indexed_here
from tests.engine import JSON, Engine, step

DEFINITION = """
name: refunds
trigger: {event: test.fired}
actions:
  - {label: Look, id: look, actionType: execute_connector_action, config: {connectorId: shop, actionId: readOrder, params: {orderId: "{{order.id}}"}}, saveAs: order}
  - label: Refund
    id: refund
    actionType: execute_connector_action
    config:
      connectorId: shop
      actionId: refund_order
      params: {orderId: "{{variables.order.body.id}}", amount: "{{order.amount}}", note: "{{secrets.note}}"}
    requireApproval: true
"""


def description(*, amount: str = "integer") -> JSON:
    order = {"name": "orderId", "in": "path", "required": True, "schema": {"type": "string"}}
    body = {"type": "object", "properties": {"amount": {"type": amount}, "note": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/orders/{orderId}": {"get": {"operationId": "readOrder", "parameters": [order]}},
            "/orders/{orderId}/refund": {
                "post": {
                    "operationId": "refundOrder",
                    "parameters": [order, {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string"}}],
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                }
            },
        },
    }


async def test_a_held_operation_that_changes_is_held_anew(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "shop.json"
    file.write_text(json.dumps(description()))
    engine.connections = {
        "shop": {
            "kind": "openapi",
            "description": str(file),
            "baseUrl": f"{engine.receiver.url}/api",
            "auth": {"bearer": "shop-token-1234567"},
            "aliases": {"refund_order": "refundOrder"},
        }
    }
    engine.environment["TRUNKLINE_SECRET_NOTE"] = "note-1234567"
    engine.define(DEFINITION)
    engine.receiver.answer("/api/orders/450", body={"id": "450", "says": "shop-token-1234567"})
    with indexed_here():
        handle = await engine.start("refunds", engine.event({"order": {"id": 450, "amount": "1000"}}))
        [hold] = await engine.held(handle)
        operation = hold["operation"]
        assert operation.pop("digest")
        assert operation == {
            "id": "refundOrder",
            "method": "POST",
            "address": f"{engine.receiver.url}/api/orders/450/refund",
            "body": {"amount": 1000, "note": "{{secrets.note}}"},
        }
        file.write_text(json.dumps(description(amount="number")))
        assert (await engine.decide(handle, hold=hold["hold"], by="ann", decision="approve"))["result"] == "accepted"
        for _ in range(200):
            [again] = await engine.held(handle)
            if again["hold"] != hold["hold"]:
                break
            await asyncio.sleep(0.05)
        assert again["hold"] != hold["hold"]
        assert again["request"] == hold["request"]
        assert engine.receiver.to("/api/orders/450/refund") == [], "nothing was sent"
        await engine.decide(handle, hold=again["hold"], by="ann", decision="approve")
        report = await engine.finish(handle)
    assert report["outcome"] == "completed", report
    refund = step(report, "refund")
    assert "has changed since people released the step" in refund["warnings"][0]
    [sent] = engine.receiver.to("/api/orders/450/refund")
    assert sent.body == {"amount": 1000.0, "note": "note-1234567"}
    assert sent.headers["authorization"] == "Bearer shop-token-1234567"
    assert sent.headers["idempotency-key"] == refund["key"]
    assert step(report, "look")["status"] == "succeeded"
    assert report["variables"]["order"]["body"] == {"id": "450", "says": "[secret]"}
    await engine.replay()


async def test_a_run_parks_until_its_description_is_at_hand(
    engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("activities.descriptions.fetching.AGAIN", 0.1)
    monkeypatch.setattr("activities.descriptions.fetching.EVERY", 0.05)
    monkeypatch.setattr("workflows.run.parked.PAUSES", (timedelta(milliseconds=200),) * 2)
    engine.receiver.answer("/shop.json", 503)
    seen: list[str | None] = []

    async def described(request: web.Request) -> web.StreamResponse:
        seen.append(request.headers.get("If-None-Match"))
        return web.json_response(description(), headers={"ETag": '"v1"'})

    engine.receiver.answers["/shop.json"].append(described)
    engine.connections = {
        "shop": {
            "kind": "openapi",
            "description": f"{engine.receiver.url}/shop.json",
            "baseUrl": f"{engine.receiver.url}/api",
            "aliases": {"refund_order": "refundOrder"},
        }
    }
    engine.define("""
        name: refunds
        trigger: {event: test.fired}
        actions:
          - {id: refund, actionType: execute_connector_action, config: {actionId: refund_order, params: {orderId: "1"}}}
          - {id: none, actionType: execute_connector_action, config: {actionId: refund_ordr, params: {orderId: "1"}}}
        """)
    with indexed_here():
        report = await engine.run("refunds")
    assert step(report, "refund")["status"] == "succeeded"
    assert "The description has no operation 'refund_ordr'" in step(report, "none")["error"]["message"]
    assert seen == [None], "the copy is kept"
    await engine.replay()


THROTTLED = {
    "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
    "extensions": {
        "cost": {
            "requestedQueryCost": 11,
            "throttleStatus": {"maximumAvailable": 1000, "currentlyAvailable": 10, "restoreRate": 50},
        }
    },
}


async def test_a_shop_that_describes_itself_refunds_once(
    engine: Engine, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GraphQL's own library is the shop: it judges every document and every variable."""
    monkeypatch.setattr("activities.descriptions.fetching.AGAIN", 0.1)
    monkeypatch.setattr("activities.descriptions.fetching.EVERY", 0.05)
    monkeypatch.setattr("workflows.run.parked.PAUSES", (timedelta(milliseconds=200),) * 2)
    schema, keys = build_schema(AWKWARD_SCHEMA.read_text()), list[str]()
    none = {"userErrors": [{"field": ["input", "orderId"], "message": "No such order."}]}
    done = {"order": {"id": "450", "tags": []}, "refund": {"id": "r1", "amount": "10.00"}, "userErrors": []}
    root = {"refundCreate": lambda _, input: done if input["orderId"] == "450" else none}  # noqa: A006 # its argument
    first: list[Callable[[], web.Response]] = [lambda: web.json_response(THROTTLED), lambda: web.Response(status=502)]

    async def shop(request: web.Request) -> web.StreamResponse:
        assert request.headers["X-Shopify-Access-Token"] == "shop-token-1234567"
        body = await request.json()
        if key := body.get("variables", {}).get("idempotencyKey"):
            keys.append(key)
            if first:
                return first.pop(0)()
        answer = graphql_sync(schema, body["query"], root, variable_values=body.get("variables"))
        return web.json_response(answer.formatted)

    engine.receiver.answers["/admin/api/2026-10/graphql.json"] = [shop]
    engine.connections = {
        "shopify": {
            "kind": "shopify",
            "shop": "acme",
            "accessToken": "shop-token-1234567",
            "baseUrl": engine.receiver.url,
            "aliases": {"refund_order": "refundCreate"},
        }
    }
    engine.define("""
        name: refunds
        trigger: {event: test.fired}
        actions:
          - {id: refund, actionType: execute_connector_action, config: {actionId: refund_order, params: {orderId: "{{order.id}}", lines: {id: 1, quantity: "2"}}}, retry: {initialInterval: 10ms}, saveAs: refund}
          - {id: none, actionType: execute_connector_action, config: {actionId: refund_order, params: {orderId: 451}}}
        """)
    with indexed_here():
        report = await engine.run("refunds", engine.event({"order": {"id": 450}}))
    refund = step(report, "refund")
    assert (refund["status"], refund["attempts"]) == ("succeeded", 3), report
    assert keys == [refund["key"]] * 3 + [step(report, "none")["key"]], "a throttled and a lost one are one refund"
    assert report["variables"]["refund"]["body"]["data"]["refundCreate"]["refund"] == {"id": "r1", "amount": "10.00"}
    refused = step(report, "none")["error"]
    assert (refused["type"], refused["message"]) == ("Refused", "Shopify refused: input.orderId: No such order.")
    await engine.replay()


async def test_a_refund_whose_answer_is_lost_is_found_by_its_key(engine: Engine) -> None:
    """Stripe repeats a 500 to the key that has met it, so that only its events tell what became of the request."""
    keys: list[str] = []

    async def broken(request: web.Request) -> web.StreamResponse:
        keys.append(request.headers["Idempotency-Key"])
        return web.json_response({"error": {"message": "Oh no"}}, status=500)

    async def events(request: web.Request) -> web.StreamResponse:
        refund = {"id": "re_1", "object": "refund"}
        event = {"type": "refund.created", "request": {"idempotency_key": keys[0]}, "data": {"object": refund}}
        return web.json_response({"data": [event], "has_more": False})

    engine.receiver.answers["/v1/refunds"] = [broken]
    engine.receiver.answers["/v1/events"] = [events]
    engine.receiver.answer("/v1/refunds/re_1", body={"id": "re_1", "status": "succeeded"})
    engine.connections = {
        "pay": {
            "kind": "stripe",
            "apiKey": "sk_test_123456789",
            "description": str(VENDORS),
            "baseUrl": engine.receiver.url,
        }
    }
    engine.define("""
        name: refunds
        trigger: {event: test.fired}
        actions:
          - {id: refund, actionType: execute_connector_action, config: {actionId: PostRefunds, params: {charge: ch_1}}, saveAs: refund}
        """)
    with indexed_here():
        report = await engine.run("refunds")
    refund = step(report, "refund")
    assert (refund["status"], refund["found"], keys) == ("succeeded", True, [refund["key"]]), report
    assert report["variables"]["refund"] == {
        "status": 200,
        "headers": {},
        "body": {"id": "re_1", "status": "succeeded"},
    }
    await engine.replay()
