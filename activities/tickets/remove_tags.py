"""The action that removes tags."""

from __future__ import annotations

from activities.action import action
from activities.context import Context
from activities.tickets.changing import changed
from activities.tickets.helpdesks import HELPDESKS
from activities.tickets.tags import TicketTags
from activities.tickets.ticket import WRITES, TicketState


@action("remove_tags", repeat="safe", connections=HELPDESKS, writes=WRITES, example={"tags": ["vip", "escalated"]})
async def remove_tags(config: TicketTags, context: Context) -> TicketState:
    """Remove tags from a ticket; those that it does not have are none.

    Nothing races in Zendesk and Zammad. Freshdesk has no such operation: the tags are read, changed and read again, and
    a tag that somebody else sets between the first two is lost; steps of one run wait for each other.
    """
    return await changed(config, context, lambda helpdesk: helpdesk.remove_tags(config.ticket_id, config.each))
