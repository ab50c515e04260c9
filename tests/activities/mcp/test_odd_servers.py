"""Servers that answer otherwise than they should, or not at all: what a call of theirs comes to."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import pytest

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.connectors.mcp import UNTRUSTED, Mcp
from activities.errors import OutcomeUnknown, Paused, Refused, Unavailable
from activities.mcp.messages import header_text
from activities.mcp.tool import McpTool
from tests.activities.attempts import ProcessPauses
from tests.activities.conftest import MakeContext
from tests.activities.http_client.wire import Act, Seen, Wire, drop, ok

TOOL = {"name": "pay", "inputSchema": {"type": "object", "properties": {"amount": {"type": "integer"}}}}
DISCOVERED = {"supportedVersions": ["2026-07-28"], "resultType": "complete"}
LISTED = {"tools": [TOOL], "resultType": "complete"}

Answer = dict[str, Any] | bytes | Act


def answering(**answers: Answer | list[Answer]) -> Act:
    """Return what answers by method (`tools_call`): a result, an error (`{"code": …}`), or bytes as they are."""
    left = {name: list(given) if isinstance(given, list) else [given] for name, given in answers.items()}

    async def answer(seen: Seen, writer: Any) -> None:
        asked = json.loads(seen.body) if seen.body else {"method": "DELETE"}
        queue = left.get(asked["method"].replace("/", "_")) or [{"code": -32601, "message": "Method not found"}]
        said = queue.pop(0) if len(queue) > 1 else queue[0]
        if callable(said):
            await said(seen, writer)
            return
        if isinstance(said, dict):
            part = "error" if "code" in said else "result"
            said = ok(json.dumps({"jsonrpc": "2.0", "id": asked.get("id"), part: said}).encode())
        writer.write(said)
        await writer.drain()

    return answer


async def called(wire: Wire, make_context: MakeContext, **answers: Answer | list[Answer]) -> Any:
    wire.reply(answering(**{"server_discover": DISCOVERED, "tools_list": LISTED, **answers}))
    connections = Connections({"bank": {"kind": "mcp", "baseUrl": f"{wire.url}/mcp"}}, connection_kinds(catalog()), {})
    context = make_context(connections=connections)
    return await McpTool(UNTRUSTED, TOOL).call(context, context.connection("bank", Mcp), {"amount": 1})


@pytest.mark.parametrize("method", ["server_discover", "tools_list", "tools_call"])
async def test_a_limit_is_waited_for_by_all(wire: Wire, make_context: MakeContext, method: str) -> None:
    paused = partial(make_context, pauses=ProcessPauses())
    limited: dict[str, Any] = {method: ok(b"{}", "Retry-After: 7", status="429 Too many")}
    with pytest.raises(Unavailable, match="answered 429") as error:
        await called(wire, paused, **limited)
    assert error.value.retry_after == pytest.approx(7, abs=1)
    before = len(wire.requests)
    with pytest.raises(Paused, match=r"nothing is sent to this account for \d s"):
        await called(wire, paused)
    assert len(wire.requests) == before


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (drop, OutcomeUnknown, "broke before the whole answer came"),
        (ok(b"oh", status="500 Oh"), OutcomeUnknown, "answered 500"),
        (ok(b"", status="202 Accepted"), OutcomeUnknown, "without a reply to tools/call"),
        (ok(b": ping\n\n", kind="text/event-stream"), OutcomeUnknown, "without a reply to tools/call"),
        (ok(b"<html>"), OutcomeUnknown, "without a reply to tools/call"),
        ({"code": -32603, "message": "Internal error"}, OutcomeUnknown, r"Internal error \(-32603\)"),
        ({"code": -32000, "message": "Broken"}, OutcomeUnknown, r"Broken \(-32000\)"),
        ({"code": -32602, "message": "Bad arguments."}, Refused, r"Bad arguments \(-32602\)"),
        ({"resultType": "input_required", "inputRequests": {}}, Refused, "asks for more than a step can give"),
        ({"isError": True, "content": []}, Refused, "The tool 'pay' failed: no reason given"),
        (ok(b'{"message":"slow"}', "Retry-After: 7", status="429 Oh"), Unavailable, "answered 429: slow"),
    ],
)
async def test_calls_that_go_wrong(
    answer: Answer, error: type[Exception], says: str, wire: Wire, make_context: MakeContext
) -> None:
    with pytest.raises(error, match=says):
        await called(wire, make_context, tools_call=answer)


@pytest.mark.parametrize(
    ("answers", "error", "says"),
    [
        ({"tools_list": drop}, Unavailable, "asked for its tools alone; none was called"),
        ({"tools_list": ok(b"oh", status="500 Oh")}, Unavailable, "answered 500"),
        ({"tools_list": {**LISTED, "nextCursor": "again"}}, Refused, "list of tools has no end"),
        ({"tools_list": {"code": -32603, "message": "Oh"}}, Refused, r"refused tools/list: Oh \(-32603\)"),
        ({"tools_list": {"tools": []}}, Refused, "has no tool 'pay' any more"),
        ({"server_discover": ok(b"", status="404 No")}, Refused, "refused initialize: Method not found"),
        (
            {"server_discover": {"supportedVersions": ["2030-01-01"]}, "initialize": {"protocolVersion": "2030-01-01"}},
            Refused,
            "speaks version 2030-01-01",
        ),
    ],
)
async def test_nothing_is_called(
    answers: dict[str, Answer], error: type[Exception], says: str, wire: Wire, make_context: MakeContext
) -> None:
    with pytest.raises(error, match=says):
        await called(wire, make_context, **answers)
    assert not any(b"tools/call" in one.body for one in wire.requests)


async def test_a_modern_server_that_answers_in_events(wire: Wire, make_context: MakeContext) -> None:
    events = b'data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n'
    events += b'data: {"jsonrpc":"2.0","id":3,"result":{"resultType":"complete","structuredContent":[1]}}\n\n'
    answered = await called(wire, make_context, tools_call=ok(events, kind="text/event-stream; charset=utf-8"))
    assert answered.body == [1]


async def test_a_stream_that_stays_open_is_left_with_the_reply(wire: Wire, make_context: MakeContext) -> None:
    async def open_ended(_seen: Seen, writer: Any) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in (b": ping", b'data: {"jsonrpc":"2.0","id":3,"result":{"structuredContent":"paid"}}'):
            writer.write(b"%x\r\n%b\n\n\r\n" % (len(event) + 2, event))
            await writer.drain()
            await asyncio.sleep(0.05)
        await asyncio.sleep(30)

    async with asyncio.timeout(3):
        assert (await called(wire, make_context, tools_call=open_ended)).body == "paid"


async def test_an_older_server_that_keeps_no_session_and_lists_page_by_page(
    wire: Wire, make_context: MakeContext
) -> None:
    other = {"name": "other", "inputSchema": {"type": "object"}}
    events = b'event: message\r\ndata: {"jsonrpc":"2.0","method":"notifications/message","params":{}}\r\n\r\n'
    events += b'id: 1\r\ndata: {"jsonrpc":"2.0","id":5,\r\ndata: "result":{"content":[{"type":"text","text":"paid"}]}}\r\n\r\n'
    answered = await called(
        wire,
        make_context,
        server_discover=ok(
            b'{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"No"}}', status="400 No"
        ),
        initialize={"protocolVersion": "2025-03-26"},
        notifications_initialized=ok(b"", status="202 Accepted"),
        tools_list=[{"tools": [other], "nextCursor": "2"}, {"tools": [TOOL]}],
        tools_call=ok(events, kind="text/event-stream"),
    )
    assert answered.body == [{"type": "text", "text": "paid"}]
    sent = [json.loads(one.body) for one in wire.requests]
    assert [one["method"] for one in sent[1:]] == [
        *("initialize", "notifications/initialized", "tools/list", "tools/list", "tools/call"),
    ]
    assert sent[4]["params"] == {"cursor": "2"}
    assert {one.headers.get("mcp-protocol-version") for one in wire.requests[2:]} == {"2025-03-26"}


def test_what_no_header_can_carry_goes_in_base64() -> None:
    assert header_text("plain text") == "plain text"
    assert header_text("Süd") == "=?base64?U8O8ZA==?="
    assert header_text(" edge") == "=?base64?IGVkZ2U=?="
    assert header_text("=?base64?x?=").startswith("=?base64?PT9i")
