"""A ticket: what a step says of it, and what its actions return."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from activities.action import Config, Result, Static
from activities.bounds import integral

TICKET = "{{ticket.id}}"
TICKET_KINDS = "`zendesk`, `zammad` or `freshdesk`"
MOST_CONTENT = 60_000
"""Characters of a note or a reply that every helpdesk takes."""

WRITES = ("ticket:ticket_id",)
"""What every action of this family writes."""

ID = re.compile(r"[A-Za-z0-9_-]+")


def _one_segment(value: str) -> str:
    if not ID.fullmatch(value):
        raise ValueError("a ticket's id consists of letters, digits, `-` and `_`")
    return value


TicketId = Annotated[
    str,
    BeforeValidator(integral),
    AfterValidator(_one_segment),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": f"^{ID.pattern}$"}, {"type": "integer"}]}),
]


class TicketConfig(Config):
    """Which ticket of which helpdesk."""

    defaults: ClassVar[dict[str, Any]] = {"ticketId": TICKET}

    ticket_id: TicketId = Field(
        default=TICKET,
        description="Id of the ticket: letters, digits, `-` and `_`; by default that of the event's.",
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description=f"Connection of kind {TICKET_KINDS}, where several would fit."
    )


class TicketState(Result):
    """The ticket after the change, as the helpdesk says."""

    ticket_id: str = Field(description="Id of the ticket.")
    status: str = Field(description="`new`, `open`, `pending`, `hold`, `solved`, `closed`, or one of its own.")
    priority: str | None = Field(default=None, description="`low`, `medium`, `high`, `urgent`, or one of its own.")
    assignee: str = Field(description="The user's id or email address, `ai`, or `unassigned`.")
    tags: list[str] = Field(default_factory=list, description="Its tags.")
    updated_at: str | None = Field(default=None, description="When it changed last, by the helpdesk's clock.")
    url: str = Field(description="Where agents see it.")


class TicketMessage(TicketState):
    """The ticket after a message was added."""

    message_id: str = Field(description="Id of the comment, article or conversation.")

    def identity(self) -> str:
        """Return which message of the helpdesk's it is."""
        return f"{self.ticket_id}/{self.message_id}"
