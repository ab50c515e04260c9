"""A server of the Model Context Protocol with two tools, of a shop: the modern generation, answers in JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor

VERSION = "2026-07-28"
ORDER = {"type": "string", "description": "Number of the order."}
TOOLS: tuple[dict[str, Any], ...] = (
    {
        "name": "look_up_order",
        "description": "Looks an order up.",
        "inputSchema": {"type": "object", "properties": {"order": ORDER}, "required": ["order"]},
        "annotations": {"readOnlyHint": True},
    },
    {
        "name": "refund_order",
        "description": "Refunds an order.",
        "inputSchema": {
            "type": "object",
            "properties": {"order": ORDER, "amount": {"type": "integer", "description": "Cents."}},
            "required": ["order", "amount"],
            "additionalProperties": False,
        },
    },
)
INFO = {"name": "sandbox", "version": "1"}
NO_METHOD, NO_PARAMS = -32601, -32602


class McpVendor(Vendor):
    """Calls of its tools give back what they were given. Any token is good."""

    title: ClassVar[str] = "Shop (MCP)"
    connection: ClassVar[Mapping[str, Any]] = {"auth": {"bearer": "sandbox-mcp-token"}}

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one message."""
        message = request.json
        if request.method != "POST" or not isinstance(message, dict) or "id" not in message:
            return VendorAnswer(405, {"error": "a message is a POST with an id"})
        given = message.get("params")
        params: Mapping[str, Any] = given if isinstance(given, dict) else {}
        result: Mapping[str, Any]
        match message.get("method"):
            case "server/discover":
                result = {"supportedVersions": [VERSION], "capabilities": {"tools": {}}, "serverInfo": INFO}
            case "tools/list":
                result = {"tools": list(TOOLS)}
            case "tools/call":
                return self._called(message["id"], params)
            case _:
                return _fault(message["id"], 404, NO_METHOD, "Method not found")
        return _answered(message["id"], result)

    def _called(self, number: Any, params: Mapping[str, Any]) -> VendorAnswer:
        if params.get("name") not in {tool["name"] for tool in TOOLS}:
            return _fault(number, 400, NO_PARAMS, f"Unknown tool: {params.get('name')}")
        given = {"tool": params["name"], "arguments": params.get("arguments") or {}}
        content = [{"type": "text", "text": json.dumps(given, ensure_ascii=False)}]
        return _answered(number, {"content": content, "structuredContent": given, "isError": False}, accepted=True)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in the call's `_meta`."""
        message = request.json
        params = message.get("params") if isinstance(message, dict) else None
        meta = params.get("_meta") if isinstance(params, dict) else None
        key = meta.get("trunkline/idempotencyKey") if isinstance(meta, dict) else None
        return key if isinstance(key, str) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as a proxy before the server would."""
        return VendorAnswer(
            status, {"error": "made to fail"}, {} if retry_after is None else {"Retry-After": str(retry_after)}
        )

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the tool and its arguments, or what else is asked for."""
        message = request.json if isinstance(request.json, dict) else {}
        params = message.get("params")
        if message.get("method") != "tools/call" or not isinstance(params, dict):
            return "", str(message.get("method", ""))
        return str(params.get("name", "")), json.dumps(params.get("arguments"), ensure_ascii=False)


def _answered(number: Any, result: Mapping[str, Any], *, accepted: bool = False) -> VendorAnswer:
    body = {"jsonrpc": "2.0", "id": number, "result": {"resultType": "complete", **result}}
    return VendorAnswer(200, body, accepted=accepted)


def _fault(number: Any, status: int, code: int, message: str) -> VendorAnswer:
    return VendorAnswer(status, {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})
