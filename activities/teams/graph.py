"""Posting through Microsoft Graph, and looking into a channel for a message that may have been posted."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from activities.context import Context
from activities.errors import Refused
from activities.http_client.json_body import json_text
from activities.rest.paging import Paging, pages
from activities.rest.query import segment
from activities.rest.service import Service
from activities.rest.sign_in import refresh_token
from activities.teams.card import Element
from activities.teams.provider import CARD, TeamsChannel, TeamsProvider, fitting

GRAPH = "https://graph.microsoft.com"
SIGN_IN = "https://login.microsoftonline.com"

CLOCKS = timedelta(minutes=5)
"""How far Microsoft's clock may be behind ours; the key tells this step's message from all others."""

MESSAGES = Paging(
    items=lambda body: body["value"],
    link=lambda body: body.get("@odata.nextLink"),
    size=("$top", 50),
    most=5,
)


class TeamsGraph(TeamsProvider):
    """Microsoft Graph, for a person who agreed once: apps by themselves may not post to channels."""

    kind: ClassVar[str] = "teams_graph"
    hosts: ClassVar[tuple[str, ...]] = ("graph.microsoft.com",)

    tenant_id: str = Field(min_length=1, description="Id of the tenant (directory).")
    client_id: str = Field(min_length=1, description="Id of the app registration.")
    client_secret: str = Field(min_length=1, description="Secret of the app registration.")
    refresh_token: str = Field(
        min_length=1,
        description="Refresh token of the person who posts, with the delegated permissions ChannelMessage.Send and, so "
        "that a message whose answer got lost is found, ChannelMessage.Read.All.",
    )
    token_url: str | None = Field(
        default=None, description="Where tokens are asked for, where that is not Microsoft's own address."
    )

    async def post(self, place: TeamsChannel, card: Element, context: Context) -> str | None:
        """Post a message and return its id; the step's key is the id of its attachment."""
        message = {
            "body": {"contentType": "html", "content": f'<attachment id="{context.key}"></attachment>'},
            "attachments": [{"id": context.key, "contentType": CARD, "content": json_text(card)}],
        }
        answer = await SERVICE.call(context, self, "POST", path_of(place), json=fitting(message))
        found = SERVICE.object_of(answer, lambda body: body["id"])
        if not isinstance(found, str) or not found:
            raise SERVICE.unreadable(answer)
        return found

    async def posted(self, place: TeamsChannel, since: datetime, context: Context) -> list[str]:
        """Return the ids of the channel's messages that carry the step's key."""
        found: list[str] = []
        async for messages, last in pages(SERVICE, context, self, path_of(place), MESSAGES):
            found += [message["id"] for message in messages if _carries(message, context.key)]
            if last or found or any(_at(message) < since - CLOCKS for message in messages[-1:]):
                break
        return found

    @property
    def token_address(self) -> str:
        """Where tokens are asked for: at the server that stands in for Microsoft, where one does."""
        stand_in = self.base_url if self.stands_for else None
        return self.token_url or f"{(stand_in or SIGN_IN).rstrip('/')}/{self.tenant_id}/oauth2/v2.0/token"

    def addresses(self) -> Iterable[str]:
        """Return where it posts and where it asks for tokens."""
        return dict.fromkeys([*super().addresses(), self.token_address])

    def credentials(self) -> Iterable[str]:
        """Return the secrets; ids are none."""
        return [self.client_secret, self.refresh_token]


SERVICE: Service[TeamsGraph] = Service(
    name="Microsoft Graph",
    connection=TeamsGraph,
    address=GRAPH,
    sign_in=refresh_token(
        lambda connection: connection.token_address,
        lambda connection: (connection.client_id, connection.client_secret),
        lambda connection: connection.refresh_token,
        in_body=True,
        more={"scope": f"{GRAPH}/.default offline_access"},
    ),
)


def path_of(place: TeamsChannel) -> str:
    """Return the path of a channel's messages.

    Raises:
        Refused: the channel is given by a name, which only webhooks have.
    """
    if place.team_id is None or place.channel_id is None:
        raise Refused("Over Microsoft Graph a channel has no name of one's own: give `teamId` and `channelId`.")
    team, channel = segment("teamId", place.team_id), segment("channelId", place.channel_id)
    return f"/v1.0/teams/{team}/channels/{channel}/messages"


def _carries(message: Any, key: str) -> bool:
    if not isinstance(message, dict) or not isinstance(message.get("id"), str):
        return False
    found = message.get("attachments")
    return isinstance(found, list) and any(isinstance(one, dict) and one.get("id") == key for one in found)


def _at(message: Any) -> datetime:
    """Return when a message was posted; one that does not say so ends no search."""
    try:
        return datetime.fromisoformat(message["createdDateTime"]).astimezone(UTC)
    except (KeyError, TypeError, ValueError):
        return datetime.max.replace(tzinfo=UTC)
