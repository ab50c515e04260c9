"""The way to a server: what takes a message there and brings the reply back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from activities.mcp.messages import Message, RpcReply


class McpWire(Protocol):
    """Takes messages to one server, one after the other, while it is open."""

    async def ask(self, message: Message, headers: Mapping[str, str], *, effect: bool) -> RpcReply:
        """Send a request and return the reply.

        Args:
            message: the request.
            headers: what goes beside it where there is HTTP.
            effect: whether the request may have an effect that somebody would notice.

        Raises:
            Refused: the server cannot be used so.
            Unavailable: it cannot be reached, or not now; the request had no effect.
            OutcomeUnknown: the request was sent and no reply came back.
        """

    async def tell(self, message: Message, headers: Mapping[str, str]) -> None:
        """Send a notification, which has no reply.

        Raises:
            ActionError: as `ask` does.
        """

    async def end(self, headers: Mapping[str, str]) -> None:
        """End a session that the server keeps; whether it does is its own business."""
