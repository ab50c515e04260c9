"""A server by the protocol's own SDK, in a process: `python sdk_server.py` at a port that it prints, or `… stdio`.

`/events/mcp` answers in events, `/json/mcp` in JSON, `/older/mcp` knows the older generation alone. `/seen` gives what
arrived since it was asked last, `/swap` changes the tool `refund`, or changes it back.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Annotated, Any

import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

TOKEN = "Bearer mcp-token-1234567"
MODERN = "2026-07-28"
SEEN: list[dict[str, Any]] = []


class Line(BaseModel):
    sku: str
    quantity: int = 1


def refund(order: str, amount: int, ctx: Context[Any, Any]) -> dict[str, Any]:
    """Refund an order."""
    return {"order": order, "amount": amount, "meta": dict(ctx.request_context.meta or {})}


def refund_everything(order: str, amount: int, everything: bool = True) -> dict[str, Any]:
    """Refund an order."""
    return {"order": order, "amount": amount, "everything": everything}


def look(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})]) -> str:
    """Look a region up."""
    return f"sunny in {region}"


def take(lines: list[Line], note: str | None = None) -> dict[str, Any]:
    """Take an order."""
    return {"count": sum(line.quantity for line in lines), "note": note}


def fail(why: str) -> str:
    """Fail."""
    raise ToolError(why)


def whoami(ctx: Context[Any, Any]) -> str:
    """Say which variables the program has."""
    return json.dumps({name: os.environ.get(name) for name in ("SHOP_TOKEN", "WORKER_SECRET")})


async def report(ctx: Context[Any, Any]) -> str:
    """Say something on the way."""
    await ctx.info("half of it")
    return "done"


def made() -> MCPServer:
    server = MCPServer("shop")
    server.add_tool(refund, structured_output=True)
    server.add_tool(look, annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
    server.add_tool(take, annotations=ToolAnnotations(idempotent_hint=True), structured_output=True)
    for tool in (fail, report, whoami):
        server.add_tool(tool, structured_output=False)
    return server


logging.disable(logging.CRITICAL)
SERVERS = {name: made() for name in ("events", "json", "older")}


async def seen(_: Request) -> Response:
    found, SEEN[:] = list(SEEN), []
    return JSONResponse(found)


async def swap(_: Request) -> Response:
    for server in SERVERS.values():
        was = server._tool_manager.get_tool("refund")
        changed = was is not None and was.fn is refund
        server.remove_tool("refund")
        server.add_tool(refund_everything if changed else refund, name="refund", structured_output=True)
    return JSONResponse({})


class Gate:
    """Notes what arrives, refuses who is not signed in, and, for `/older`, what the older generation does not know."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] in {"/seen", "/swap"}:
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        body = await request.body()
        headers = dict(request.headers)
        SEEN.append({"path": scope["path"], "method": scope["method"], "headers": headers, "body": body.decode()})
        refused = None
        if headers.get("authorization") != TOKEN:
            refused = JSONResponse({"error": "invalid_token", "said": headers.get("authorization")}, 401)
        elif scope["path"].startswith("/older") and headers.get("mcp-protocol-version") == MODERN:
            error = {"code": -32600, "message": "Bad Request: Unsupported protocol version"}
            refused = JSONResponse({"jsonrpc": "2.0", "id": "server-error", "error": error}, 400)
        if refused is not None:
            await refused(scope, receive, send)
            return

        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Any:
            return waiting.pop() if waiting else await receive()

        await self.app(scope, again, send)


def app() -> Any:
    apps = {name: server.streamable_http_app(json_response=name == "json") for name, server in SERVERS.items()}

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for server in SERVERS.values():
                await stack.enter_async_context(server.session_manager.run())
            yield

    routes: list[Any] = [Mount(f"/{name}", one) for name, one in apps.items()]
    return Gate(Starlette(routes=[Route("/seen", seen), Route("/swap", swap), *routes], lifespan=lifespan))


def main() -> None:
    if sys.argv[1:] == ["stdio"]:
        made().run("stdio")
        return
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()  # whoever comes before the server runs waits
    sys.stdout.write(f"{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app(), log_level="error", lifespan="on")).run([listening])


if __name__ == "__main__":
    main()
