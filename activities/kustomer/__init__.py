"""Kustomer's operations."""

from activities.kustomer.customer_lookups import CUSTOMER_LOOKUPS
from activities.vendors.kustomer.connection import Kustomer

ACTIONS = (*CUSTOMER_LOOKUPS,)
CONNECTIONS = (Kustomer,)
