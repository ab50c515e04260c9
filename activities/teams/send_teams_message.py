"""Post to a Microsoft Teams channel."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from activities.action import Config, Raw, Result, Static, SyntaxName, action, names
from activities.context import Context
from activities.teams.card import card_of
from activities.teams.graph import TeamsGraph
from activities.teams.provider import MOST_BYTES, TeamsChannel, TeamsProvider
from activities.teams.texts import answered_by_nobody, card_syntaxes
from activities.teams.webhook import Teams


def adaptive_card(value: dict[str, Any]) -> dict[str, Any]:
    """Return a card that can be one.

    Raises:
        ValueError: it is none, or has an action that a bot would have to answer.
    """
    if value.get("type") != "AdaptiveCard":
        raise ValueError("a card is an object whose `type` is `AdaptiveCard`")
    if action_type := answered_by_nobody(value):
        raise ValueError(f"nobody would answer {action_type}: use Action.OpenUrl")
    return value


Card = Annotated[
    dict[str, Any],
    AfterValidator(adaptive_card),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"type": {"anyOf": [{"const": "AdaptiveCard"}, {"type": "string", "pattern": r"\{[{%]"}]}},
            "required": ["type"],
        }
    ),
]

PROVIDERS: tuple[type[TeamsProvider], ...] = (Teams, TeamsGraph)


class TeamsMessage(Config):
    """A message to a channel, shown as an Adaptive Card."""

    channel: str | None = Field(
        default=None, description="Name of the channel in the connection's `channels`.", min_length=1
    )
    team_id: str | None = Field(default=None, description="Id of the team, with `channelId`.", min_length=1)
    channel_id: str | None = Field(
        default=None, description="Id of the channel (19:…@thread.tacv2), with `teamId`.", min_length=1
    )
    message: str | None = Field(
        default=None,
        description="Markdown: headings, links, bold, lists, tables and code. What a card has no look for is shown as "
        "text.",
        max_length=MOST_BYTES,
    )
    title: str | None = Field(
        default=None, description="Plain text, shown large above the message.", max_length=MOST_BYTES
    )
    card: Card | None = Field(
        default=None, description="An Adaptive Card of one's own; title and message stand above what it shows."
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Which Teams connection posts it; the only one, or the default, needs no naming."
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say how customers' words are escaped, so that they can neither fake a link nor look like the author's."""
        texts: dict[str, SyntaxName] = {
            f"/{key}": "markdown" for key in names(cls, "message") if isinstance(raw.get(key), str)
        }
        return {**texts, **dict(card_syntaxes(raw.get("card"), "/card"))}

    @model_validator(mode="after")
    def _says_something_somewhere(self) -> TeamsMessage:
        ids = (self.team_id, self.channel_id)
        if (self.channel is None) == (None in ids) or (self.channel is not None and any(ids)):
            raise ValueError("a message goes to one place: give `teamId` and `channelId`, or `channel` alone")
        if not self.message and not self.card:
            raise ValueError("a message needs `message` or `card`")
        return self


class TeamsReceipt(Result):
    """Who took the message."""

    provider: str = Field(description="Kind of connection that posted it: teams or teams_graph.")
    id: str | None = Field(
        default=None,
        description="Graph: id of the message. Webhook: id of the workflow's run, where its answer has one.",
    )


async def posted(config: TeamsMessage, context: Context, since: datetime) -> list[TeamsReceipt]:
    """Return the messages of the channel that carry this step's key; over a webhook nobody can look."""
    provider = context.connection(config.connection, *PROVIDERS)
    return [
        TeamsReceipt(provider=provider.kind, id=id_) for id_ in await provider.posted(_place(config), since, context)
    ]


@action(
    "send_teams_message",
    repeat="never",
    look=posted,
    connections=PROVIDERS,
    example={"channel": "alerts", "title": "Ticket escalated", "message": "**{{ticket.subject}}** needs a person."},
)
async def send_teams_message(config: TeamsMessage, context: Context) -> TeamsReceipt:
    """Post one message to a Microsoft Teams channel.

    A webhook says that it took the message over, not that it was posted. It is never posted a second time: where the
    answer got lost, Graph is asked for it, and over a webhook the step ends as unknown.
    """
    provider = context.connection(config.connection, *PROVIDERS)
    card = await asyncio.to_thread(card_of, config.message, config.title, config.card)
    return TeamsReceipt(provider=provider.kind, id=await provider.post(_place(config), card, context))


def _place(config: TeamsMessage) -> TeamsChannel:
    return TeamsChannel(config.channel, config.team_id, config.channel_id)
