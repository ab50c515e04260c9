"""What the ticket actions share: the step's helpdesk, and the ticket that a change leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from activities.context import Context
from activities.tickets.connection import HelpdeskConnection
from activities.tickets.desk import Desk, Message
from activities.tickets.freshdesk import Freshdesk, FreshdeskDesk
from activities.tickets.messages import ours
from activities.tickets.ticket import TicketConfig, TicketMessage, TicketState
from activities.tickets.zammad import Zammad, ZammadDesk
from activities.tickets.zendesk import Zendesk, ZendeskDesk

DESKS: dict[type[HelpdeskConnection], type[Desk[Any]]] = {
    Zendesk: ZendeskDesk,
    Zammad: ZammadDesk,
    Freshdesk: FreshdeskDesk,
}
HELPDESKS = tuple(DESKS)


def connection_of(config: TicketConfig, context: Context) -> HelpdeskConnection:
    """Return the step's connection."""
    return context.connection(config.connection, *HELPDESKS)


async def changed(
    config: TicketConfig, context: Context, change: Callable[[Desk[Any]], Awaitable[TicketState]]
) -> TicketState:
    """Change the step's ticket and return it as it is afterwards."""
    desk = _desk(config, context)
    return await desk.presented(await change(desk))


async def added(config: TicketConfig, context: Context, message: Message) -> TicketMessage:
    """Add a message to the step's ticket."""
    desk = _desk(config, context)
    ticket, message_id = await desk.post(config.ticket_id, message)
    return _receipt(await desk.presented(ticket), message_id)


async def found(config: TicketConfig, context: Context, since: datetime, message: Message) -> Sequence[TicketMessage]:
    """Return the ticket with each message that is the step's."""
    desk = _desk(config, context)
    mine = ours(await desk.posted(config.ticket_id), message, context.key, since)
    if not mine:
        return []
    ticket = await desk.presented(await desk.ticket(config.ticket_id))
    return [_receipt(ticket, one.id) for one in mine]


def _desk(config: TicketConfig, context: Context) -> Desk[Any]:
    connection = connection_of(config, context)
    return DESKS[type(connection)](connection, context)


def _receipt(ticket: TicketState, message_id: str) -> TicketMessage:
    return TicketMessage(**ticket.model_dump(), message_id=message_id)
