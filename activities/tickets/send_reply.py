"""The action that replies to a ticket's customer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from activities.action import Raw, Syntax, SyntaxName, action
from activities.attachments import LARGEST_FILE, LARGEST_TOGETHER, Attachment, attachment_syntaxes, fetched
from activities.context import Context
from activities.tickets.changing import added, connection_of, found
from activities.tickets.connection import EMAIL
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.ticket import MOST_CONTENT, WRITES, TicketConfig, TicketMessage

if TYPE_CHECKING:
    from activities.tickets.helpdesk import HelpdeskMessage


Address = Annotated[str, Field(max_length=254, pattern=f"^{EMAIL.pattern}$")]
Addresses = Annotated[str, Field(max_length=2_000, pattern=rf"^\s*{EMAIL.pattern}(\s*,\s*{EMAIL.pattern})*\s*$")]


class TicketReply(TicketConfig):
    """A reply to the customer."""

    content: Annotated[str, Syntax("markdown")] = Field(
        min_length=1, max_length=MOST_CONTENT, description="The reply as Markdown; values of the event are plain text."
    )
    include_signature: bool = Field(default=False, description="Whether the connection's `signature` stands below it.")
    cc: Annotated[list[Address], Field(max_length=20)] | Addresses = Field(
        default_factory=list,
        description="Email addresses of who gets it besides: a list, or a text with commas between them.",
    )
    attachments: list[Attachment] = Field(
        default_factory=list,
        max_length=10,
        description="Files to attach, at most 10 MB each and 15 MB together; nothing is sent where one fails.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say how values are escaped: in the text, and in the addresses of attachments."""
        return {**super().syntaxes(raw), **attachment_syntaxes(raw.get("attachments"), "/attachments")}


async def replied(config: TicketReply, context: Context, since: datetime) -> Sequence[TicketMessage]:
    """Return the replies of the ticket that are the step's."""
    return await found(config, context, since, _message(config, context))


@action(
    "send_reply",
    repeat="never",
    look=replied,
    connections=HELPDESKS,
    writes=WRITES,
    example={"content": "Hi {{customer.name}}, your request has been received.", "includeSignature": True},
)
async def send_reply(config: TicketReply, context: Context) -> TicketMessage:
    """Reply to the customer of a ticket, as its helpdesk does: by email.

    It goes out at most once: where the helpdesk's answer got lost, the ticket's replies are read instead.
    """
    files = await fetched(config.attachments, context, LARGEST_FILE, LARGEST_TOGETHER)
    receipt = await added(config, context, replace(_message(config, context), files=files))
    if config.include_signature and not connection_of(config, context).signature:
        receipt.warn("The connection has no `signature`, so the reply has none.")
    return receipt


def _message(config: TicketReply, context: Context) -> HelpdeskMessage:
    from activities.markup import html_of
    from activities.tickets.helpdesk import HelpdeskMessage

    signature = connection_of(config, context).signature if config.include_signature else None
    content = f"{config.content}\n\n{signature}" if signature else config.content
    copies = [one.strip() for one in config.cc.split(",")] if isinstance(config.cc, str) else config.cc
    return HelpdeskMessage(html=html_of(content), public=True, cc=copies)
