"""What the tests of text messages and Slack share: connections, and servers that answer as no vendor should."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from activities.connections import Connections
from activities.sms.cloudtalk import CloudTalk
from activities.sms.twilio import Twilio
from activities.vendors.accounts.slack import Slack
from tests.activities.http_client.wire import Act, Wire, listen, ok


def named(entries: dict[str, Any]) -> Connections:
    """Return connections by name, of the kinds that messages are sent through."""
    return Connections(entries, (Slack, Twilio, CloudTalk))


@asynccontextmanager
async def serving(reply: bytes | Act) -> AsyncIterator[Wire]:
    """Run a server that gives every request the same reply."""
    async with listen() as wire:
        wire.reply(reply)
        yield wire


def answer(status: int, body: str, *headers: str) -> bytes:
    """Return an answer; its content type, if any, is among its headers."""
    return ok(body.encode(), *headers, status=f"{status} Told", kind="")


class Marks:
    """Counts how often an attempt said that it is about to send."""

    count = 0

    async def __call__(self) -> None:
        self.count += 1
