"""The action that assigns a ticket."""

from __future__ import annotations

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.tickets.changing import changed, connection_of
from activities.tickets.connection import AI
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.ticket import WRITES, TicketConfig, TicketState


class Assignment(TicketConfig):
    """Who a ticket goes to."""

    assignee: str = Field(
        min_length=1,
        description="A user's id or email address, `group:NAME`, `ai` (the connection's `aiAgent`), or `unassigned`.",
    )


@action("assign_to", repeat="safe", connections=HELPDESKS, writes=WRITES, example={"assignee": "group:billing"})
async def assign_to(config: Assignment, context: Context) -> TicketState:
    """Assign a ticket to a person, a group, the AI agent, or nobody.

    A group gets it without a person, whoever had it before.
    """
    to = connection_of(config, context).assignee(config.assignee)
    ticket = await changed(config, context, lambda helpdesk: helpdesk.assign(config.ticket_id, to))
    return ticket.model_copy(update={"assignee": AI}) if config.assignee.strip().lower() == AI else ticket
