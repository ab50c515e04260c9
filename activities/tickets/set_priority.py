"""The action that changes a ticket's priority."""

from __future__ import annotations

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.tickets.changing import changed
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.ticket import WRITES, TicketConfig, TicketState


class Priority(TicketConfig):
    """A ticket's new priority."""

    priority: str = Field(
        min_length=1,
        description="`low`, `medium`, `high`, `urgent` (not in Zammad), or the name of one of the helpdesk's own.",
    )


@action("set_priority", repeat="safe", connections=HELPDESKS, writes=WRITES, example={"priority": "high"})
async def set_priority(config: Priority, context: Context) -> TicketState:
    """Change a ticket's priority; `medium` is what Zendesk and Zammad call normal."""
    return await changed(config, context, lambda helpdesk: helpdesk.set_priority(config.ticket_id, config.priority))
