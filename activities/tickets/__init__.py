"""Tickets of a helpdesk: Zendesk, Zammad, Freshdesk."""

from activities.tickets.add_internal_note import add_internal_note
from activities.tickets.add_tags import add_tags
from activities.tickets.assign_to import assign_to
from activities.tickets.changing import HELPDESKS
from activities.tickets.remove_tags import remove_tags
from activities.tickets.send_reply import send_reply
from activities.tickets.set_priority import set_priority
from activities.tickets.set_status import set_status

ACTIONS = (set_status, set_priority, assign_to, add_tags, remove_tags, add_internal_note, send_reply)
CONNECTIONS = HELPDESKS
