"""What the ticket actions share: the step's helpdesk, and the ticket that a change leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from activities.context import Context
from activities.tickets.connection import HelpdeskConnection
from activities.tickets.helpdesks import HELPDESKS, Freshdesk, Zammad, Zendesk
from activities.tickets.ticket import TicketConfig, TicketMessage, TicketState

if TYPE_CHECKING:
    from activities.tickets.helpdesk import Helpdesk, HelpdeskMessage


def connection_of(config: TicketConfig, context: Context) -> HelpdeskConnection:
    """Return the step's connection."""
    return context.connection(config.connection, *HELPDESKS)


async def changed(
    config: TicketConfig, context: Context, change: Callable[[Helpdesk[Any]], Awaitable[TicketState]]
) -> TicketState:
    """Change the step's ticket and return it as it is afterwards."""
    helpdesk = _helpdesk(config, context)
    return await helpdesk.presented(await change(helpdesk))


async def added(config: TicketConfig, context: Context, message: HelpdeskMessage) -> TicketMessage:
    """Add a message to the step's ticket."""
    helpdesk = _helpdesk(config, context)
    ticket, message_id = await helpdesk.post(config.ticket_id, message)
    return _receipt(await helpdesk.presented(ticket), message_id)


async def found(
    config: TicketConfig, context: Context, since: datetime, message: HelpdeskMessage
) -> Sequence[TicketMessage]:
    """Return the ticket with each message that is the step's."""
    from activities.tickets.messages import ours

    helpdesk = _helpdesk(config, context)
    mine = ours(await helpdesk.posted(config.ticket_id), message, context.key, since)
    if not mine:
        return []
    ticket = await helpdesk.presented(await helpdesk.ticket(config.ticket_id))
    return [_receipt(ticket, one.id) for one in mine]


def _helpdesk(config: TicketConfig, context: Context) -> Helpdesk[Any]:
    """Return the step's helpdesk, whose code is loaded now: validating a file needs none of it."""
    connection = connection_of(config, context)
    match connection:
        case Zendesk():
            from activities.tickets.zendesk import ZendeskHelpdesk

            return ZendeskHelpdesk(connection, context)
        case Zammad():
            from activities.tickets.zammad import ZammadHelpdesk

            return ZammadHelpdesk(connection, context)
        case Freshdesk():
            from activities.tickets.freshdesk import FreshdeskHelpdesk

            return FreshdeskHelpdesk(connection, context)
        case _:
            raise TypeError(f"{connection.kind} is no helpdesk.")


def _receipt(ticket: TicketState, message_id: str) -> TicketMessage:
    return TicketMessage(**ticket.model_dump(), message_id=message_id)
