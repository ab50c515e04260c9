"""Who posts to channels: what a connection for Teams can do, and what it is given."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime
from typing import Any, NamedTuple

from activities.connections import Connection
from activities.context import Context
from activities.errors import Refused
from activities.http_client.json_body import json_bytes
from activities.teams.card import Element

CARD = "application/vnd.microsoft.card.adaptive"
MOST_BYTES = 28 * 1024
"""Bytes of a message as it is sent; Teams refuses a larger one, at some webhooks only after a 200."""


class TeamsChannel(NamedTuple):
    """A channel: by its name in the connection, or by the ids of team and channel."""

    channel: str | None
    team_id: str | None
    channel_id: str | None


class TeamsProvider(Connection):
    """A connection that posts to channels."""

    @abstractmethod
    async def post(self, place: TeamsChannel, card: Element, context: Context) -> str | None:
        """Post a message that shows a card, and return the id that the answer has.

        Raises:
            Refused: it will never be posted: there is no such channel, or the message is too large.
            Unavailable: it is not posted and may be later.
            OutcomeUnknown: nobody knows whether it is posted.
        """

    @abstractmethod
    async def posted(self, place: TeamsChannel, since: datetime, context: Context) -> list[str]:
        """Return the ids of the step's messages in the channel since then; none where nobody can look.

        Raises:
            Refused: the channel cannot be read.
            Unavailable: it cannot be read now.
        """


def fitting(payload: dict[str, Any]) -> dict[str, Any]:
    """Return what is sent.

    Raises:
        Refused: Teams would not take so much.
    """
    size = len(json_bytes(payload))
    if size <= MOST_BYTES:
        return payload
    raise Refused(
        f"As a card the message has {size:,} bytes; Teams takes at most {MOST_BYTES:,}: shorten it, with `truncate`."
    )
