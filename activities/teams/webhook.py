"""Posting over the webhook of a channel: a workflow's, or one of the connectors that Microsoft retires."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused
from activities.http_client.addresses import Target
from activities.http_client.statuses import SUCCESS, excerpt, failure
from activities.rest.query import segment
from activities.rest.service import Service
from activities.teams.card import Element
from activities.teams.provider import CARD, TeamsChannel, TeamsProvider, fitting

if TYPE_CHECKING:
    from activities.http_client.message import Response

INSIDE = re.compile(r"HTTP error (\d{3})")
FAILED = "delivery failed"
RUN = "x-ms-workflow-run-id"


def address(url: str) -> str:
    """Return an address that is one.

    Raises:
        ValueError: it is none; the sentence repeats nothing that follows its host.
    """
    try:
        Target.parse(url)
    except Refused as refused:
        raise ValueError(str(refused)) from None
    return url


Webhook = Annotated[str, AfterValidator(address)]


class Teams(TeamsProvider):
    """The webhooks of channels: in Teams, the workflow "Post to a channel when a webhook request is received"."""

    kind: ClassVar[str] = "teams"

    base_url: str | None = Field(
        default=None,
        description="A test server that has every channel that `channels` and `teams` do not have: at `/channels/NAME` "
        "and `/teams/TEAM/CHANNEL`.",
    )
    channels: Mapping[str, Webhook] = Field(default={}, description="URL of each channel's webhook, by any name.")
    teams: Mapping[str, Mapping[str, Webhook]] = Field(
        default={}, description="The same by the id of the team, and then the id of the channel."
    )

    @model_validator(mode="after")
    def _reaches_something(self) -> Self:
        if self.base_url is None and not self.credentials():
            raise ValueError("it has no webhook: give `channels: {name: URL}` or `teams: {team: {channel: URL}}`")
        return self

    async def post(self, place: TeamsChannel, card: Element, context: Context) -> str | None:
        """Post to a channel and return the id of the workflow's run, where the answer has one."""
        attachment = {"contentType": CARD, "contentUrl": None, "content": card}
        payload = fitting({"type": "message", "attachments": [attachment]})
        answer = await context.request("POST", self.webhook(place), json=payload)
        if error := WEBHOOKS.error(answer):
            raise error
        return answer.headers.get(RUN)

    async def posted(self, place: TeamsChannel, since: datetime, context: Context) -> list[str]:
        """Return nothing: a webhook shows no messages."""
        del place, since, context
        return []

    def webhook(self, place: TeamsChannel) -> str:
        """Return the URL of a channel's webhook.

        Raises:
            Refused: the connection has no such channel.
        """
        if place.channel is not None:
            found, path = self.channels.get(place.channel), f"/channels/{segment('channel', place.channel)}"
            known = ", ".join(sorted(self.channels)) or "none"
            missing = f"The connection has no channel {place.channel!r} under `channels`; it has {known}."
        else:
            found = self.teams.get(place.team_id or "", {}).get(place.channel_id or "")
            path = f"/teams/{segment('teamId', place.team_id)}/{segment('channelId', place.channel_id)}"
            missing = (
                f"The connection has no channel {place.channel_id!r} of the team {place.team_id!r} under `teams`: a "
                "webhook posts to one channel only, so add the one of this channel."
            )
        if found is None and self.base_url is None:
            raise Refused(missing)
        return found or f"{(self.base_url or '').rstrip('/')}{path}"

    def addresses(self) -> Iterable[str]:
        """Return the address of every webhook."""
        return [*self.credentials(), *filter(None, [self.base_url])]

    def credentials(self) -> list[str]:
        """Return the URL of every webhook: whoever knows one can post."""
        return [*self.channels.values(), *(url for team in self.teams.values() for url in team.values())]


def error_inside(answer: Response) -> ActionError | None:
    """Return the error that a 2xx has inside: a connector's says in its text what Teams itself answered."""
    if answer.status not in SUCCESS:
        return None
    text = excerpt(answer.headers, answer.body)
    if inside := INSIDE.search(text):
        status = int(inside[1])
        return failure(f"Microsoft Teams answered {status} to the webhook.", status, answer.headers)
    body = answer.json() if text.startswith("{") else {}
    if body.get("error") or FAILED in text or text.startswith("<"):  # a page is no webhook's answer
        sentence = f"The webhook of Microsoft Teams answered {answer.status}: {text}."
        return OutcomeUnknown(sentence, status=answer.status)
    return None


WEBHOOKS: Service[Teams] = Service(
    name="The webhook of Microsoft Teams",
    connection=Teams,
    address="",
    sign_in=lambda _connection: {},
    judge=error_inside,
)
