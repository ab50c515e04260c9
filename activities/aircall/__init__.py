"""Aircall's contacts."""

from activities.aircall.connection import Aircall
from activities.aircall.contact_create import contact_create

ACTIONS = (contact_create,)
CONNECTIONS = (Aircall,)
