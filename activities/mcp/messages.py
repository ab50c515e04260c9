"""What is said in the Model Context Protocol: JSON-RPC messages, their headers, and the answers to them.

There are two generations. Until 2025-11-25 a client shakes hands first (`initialize`) and may get a session; from
2026-07-28 on every request stands alone and says in `_meta` what the handshake said.
https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activities.http_client.statuses import one_line

MODERN = "2026-07-28"
HANDSHAKE = "2025-11-25"
"""The newest version that begins with a handshake."""

HANDSHAKES = frozenset(("2024-11-05", "2025-03-26", "2025-06-18", HANDSHAKE))
CLIENT = {"name": "trunkline", "version": "1"}
ENVELOPE = "io.modelcontextprotocol/"
KEY = "trunkline/idempotencyKey"
"""Member of a call's `_meta` that carries the step's idempotency key: harmless, and no server has to know it."""

ACCEPT = "application/json, text/event-stream"
JSON = "application/json"
PRINTABLE = re.compile(r"[\x20-\x7e]*")
ENCODED = re.compile(r"=\?base64\?.*\?=")

NO_METHOD = -32601
REFUSALS = frozenset((-32700, -32600, NO_METHOD, -32602, -32020, -32021, -32022, -32042))
"""Codes by which a server says that it did not carry out a request: not understood, not allowed, not complete."""

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcFault:
    """An error of JSON-RPC.

    Attributes:
        code: its number.
        message: what the server says, on one line.
    """

    code: int
    message: str

    @property
    def refused(self) -> bool:
        """Say whether the request was certainly not carried out."""
        return self.code in REFUSALS


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcReply:
    """The answer to a request: a result or a fault.

    Attributes:
        result: the result; None beside a fault.
        fault: the error; None beside a result.
        status: HTTP status, or 200 where there is none.
        headers: HTTP headers by lower-case name.
    """

    result: Mapping[str, Any] | None = field(default=None, repr=False)
    fault: RpcFault | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


def request(number: int, method: str, params: Mapping[str, Any], version: str) -> Message:
    """Return a request; one of the modern generation says in `_meta` who asks."""
    params = dict(params)
    if version == MODERN:
        envelope = {"protocolVersion": version, "clientInfo": CLIENT, "clientCapabilities": {}}
        own = {f"{ENVELOPE}{name}": value for name, value in envelope.items()}
        params["_meta"] = {**own, **params.get("_meta", {})}
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def initialize(number: int) -> Message:
    """Return the request that begins a handshake."""
    params = {"protocolVersion": HANDSHAKE, "capabilities": {}, "clientInfo": CLIENT}
    return {"jsonrpc": "2.0", "id": number, "method": "initialize", "params": params}


def headers_of(message: Message, version: str | None, session: str | None) -> dict[str, str]:
    """Return the headers of a message besides those of its sign-in.

    Args:
        message: the message.
        version: the version that is spoken; None while it is being agreed on.
        session: the session's id, where the server has given one.
    """
    headers = {"Accept": ACCEPT, "Content-Type": JSON}
    if version is not None:
        headers["MCP-Protocol-Version"] = version
    if version == MODERN:
        headers["Mcp-Method"] = message["method"]
        if message["method"] == "tools/call":
            headers["Mcp-Name"] = header_text(message["params"]["name"])
    if session is not None:
        headers["Mcp-Session-Id"] = session
    return headers


def header_text(value: str) -> str:
    """Return a text as a header of the protocol carries it: in base64 where a header could not."""
    if PRINTABLE.fullmatch(value) and value == value.strip() and not ENCODED.fullmatch(value):
        return value
    return f"=?base64?{b64encode(value.encode(errors='replace')).decode()}?="


def reply_to(
    number: int, message: Any, *, status: int = 200, headers: Mapping[str, str] | None = None
) -> RpcReply | None:
    """Return what a message says in reply to a request, or None where it is no reply to it.

    A fault counts under any id: a server may refuse a request before it has read which it is.
    """
    if not isinstance(message, Mapping) or "method" in message:
        return None
    error, result = message.get("error"), message.get("result")
    if isinstance(error, Mapping):
        code = error.get("code")
        reason = one_line(str(error.get("message") or "no reason given"))
        known = code if isinstance(code, int) else 0
        return RpcReply(fault=RpcFault(code=known, message=reason), status=status, headers=headers or {})
    if isinstance(result, Mapping) and message.get("id") == number:
        return RpcReply(result=result, status=status, headers=headers or {})
    return None
