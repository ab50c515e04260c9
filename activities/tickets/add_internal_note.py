"""The action that adds an internal note to a ticket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from activities.action import Syntax, action
from activities.context import Context
from activities.tickets.changing import added, found
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.ticket import MOST_CONTENT, WRITES, TicketConfig, TicketMessage

if TYPE_CHECKING:
    from activities.tickets.helpdesk import HelpdeskMessage


class InternalNote(TicketConfig):
    """A note for agents."""

    content: Annotated[str, Syntax("markdown")] = Field(
        min_length=1, max_length=MOST_CONTENT, description="The note as Markdown; values of the event are plain text."
    )

    def message(self) -> HelpdeskMessage:
        """Return the note as the helpdesk takes it."""
        from activities.markup import html_of
        from activities.tickets.helpdesk import HelpdeskMessage

        return HelpdeskMessage(html=html_of(self.content), public=False)


async def noted(config: InternalNote, context: Context, since: datetime) -> Sequence[TicketMessage]:
    """Return the notes of the ticket that are the step's."""
    return await found(config, context, since, config.message())


@action(
    "add_internal_note",
    repeat="never",
    look=noted,
    connections=HELPDESKS,
    writes=WRITES,
    example={"content": "Escalated: **{{customer.name}}** waits since this morning."},
)
async def add_internal_note(config: InternalNote, context: Context) -> TicketMessage:
    """Add a note to a ticket that only agents see.

    It is added at most once: where the helpdesk's answer got lost, the ticket's notes are read instead.
    """
    return await added(config, context, config.message())
