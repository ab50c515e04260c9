"""A tool of a server as an operation: its params judged, its call shown, and the tool called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from activities.bounds import cut
from activities.connections import Connection
from activities.context import Context
from activities.descriptions.flaws import Flaw, Open
from activities.errors import OperationChanged, OutcomeUnknown, Refused
from activities.http_client.statuses import one_line
from activities.mcp.messages import RpcReply, header_text
from activities.mcp.schemas import CALL, digest_of, mirrored, operation_of
from activities.mcp.server import McpServer
from activities.mcp.session import REQUESTS, conversation
from activities.openapi.listing import params_schema
from activities.openapi.params import NOTHING, Params
from activities.openapi.request import checked
from activities.operations.answers import LONGEST_HEADER, NOT_KEPT
from activities.operations.contract import Look, Pin, Preview, Repeat, ServiceAnswer

LONGEST_REASON = 300
LEFT_OUT = NOT_KEPT | {"mcp-session-id"}
"""Headers that a result does not have; whoever knows a session's id can use it."""


class McpTool:
    """One tool; see `DescribedOperation`.

    Args:
        server: what is known of the server.
        tool: the tool as the server describes it.

    Raises:
        Refused: the schema of its input cannot be used.
    """

    look: Look | None = None

    def __init__(self, server: McpServer, tool: Mapping[str, Any]) -> None:
        self.server = server
        self.tool = tool
        self.operation = operation_of(tool)
        self.params = Params(self.operation)
        try:
            _ = self.params.judge
        except ValueError:
            raise Refused(f"The tool {self.id!r:.100} cannot be used: the schema of its input is none.") from None

    @property
    def id(self) -> str:
        """Its name."""
        return self.operation.id

    @property
    def summary(self) -> str:
        """One line."""
        return self.operation.summary

    def pin(self) -> Pin:
        """Return what is decided about it when a run is planned."""
        return Pin(digest=self.operation.digest, method="POST", repeat=self._repeat(), fixed=True, requests=REQUESTS)

    def _repeat(self) -> Repeat:
        """Return what an unknown outcome allows: annotations are hints, and anybody can write them."""
        hints = self.tool.get("annotations")
        if not self.server.trusted or not isinstance(hints, Mapping):
            return "never"
        return "safe" if True in (hints.get("readOnlyHint"), hints.get("idempotentHint")) else "never"

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its params."""
        return params_schema(operation_of(self.tool, described=True))

    def flaws(self, params: Mapping[str, Any], is_open: Open) -> list[Flaw]:
        """Return what is wrong with params."""
        return self.params.flaws(params, is_open)

    def preview(self, connection: Connection, params: Mapping[str, Any]) -> Preview:
        """Return the call that params make."""
        body = {"method": CALL, "params": {"name": self.id, "arguments": self._arguments(params)}}
        return Preview(method="POST", address=self.server.address(connection), body=body)

    async def call(self, context: Context, connection: Connection, params: Mapping[str, Any]) -> ServiceAnswer:
        """Call it, if the server still has it as it was; see `DescribedOperation`.

        Raises:
            OperationChanged: the server has another tool of that name by now; nothing was called.
        """
        arguments = self._arguments(params)
        async with self.server.wire(connection, context) as wire, conversation(wire) as session:
            self._same(await session.tools())
            values = mirrored(self.tool["inputSchema"], arguments)
            headers = {f"Mcp-Param-{name}": header_text(value) for name, value in values.items()}
            reply = await session.call(self.id, arguments, key=context.key, headers=headers)
        return self._answered(reply)

    def _arguments(self, params: Mapping[str, Any]) -> dict[str, Any]:
        body = checked(self.params, params).body
        if body is NOTHING:
            return {}
        if not isinstance(body, dict):
            raise Refused(f"The params of the tool {self.id!r:.100} must be an object.")
        return body

    def _same(self, tools: Iterable[Mapping[str, Any]]) -> None:
        """Hold the server to the tool as it is known here."""
        now = next((tool for tool in tools if tool.get("name") == self.id), None)
        if now is None:
            raise Refused(f"The server has no tool {self.id!r:.100} any more; nothing was called.")
        if digest_of(now) != self.operation.digest:
            raise OperationChanged(f"The server has changed its tool {self.id!r:.100}; nothing was called.")

    def _answered(self, reply: RpcReply) -> ServiceAnswer:
        result, status = reply.result, reply.status
        if reply.fault is not None:
            sentence = f"The server answered the call of {self.id!r:.100} with an error: {reply.fault.message}"
            sentence = f"{sentence.rstrip('.')} ({reply.fault.code})."
            raise Refused(sentence, status=status) if reply.fault.refused else OutcomeUnknown(sentence, status=status)
        if result is None or result.get("resultType", "complete") != "complete":
            raise Refused(f"The tool {self.id!r:.100} asks for more than a step can give.", status=status)
        content = result.get("content")
        if result.get("isError") is True:
            raise Refused(f"The tool {self.id!r:.100} failed: {_text(content)}.", status=status)
        structured = result.get("structuredContent")
        headers = {name: cut(value, LONGEST_HEADER) for name, value in reply.headers.items() if name not in LEFT_OUT}
        return ServiceAnswer(status=status, headers=headers, body=content if structured is None else structured)


def _text(content: Any) -> str:
    """Return what a failed tool says, on one line."""
    parts = [part.get("text") for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
    text = " ".join(part for part in parts if isinstance(part, str))
    return one_line(text, LONGEST_REASON).rstrip(". ") or "no reason given"
