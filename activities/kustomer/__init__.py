"""Kustomer's operations."""

from activities.kustomer.companies import COMPANIES
from activities.kustomer.customer_appending import customer_append_email, customer_append_phone
from activities.kustomer.customer_create import CUSTOMER_CREATE
from activities.kustomer.customer_last_message import customer_lookup_last_message
from activities.kustomer.customer_lookups import CUSTOMER_LOOKUPS
from activities.kustomer.customer_merge import merge_customers
from activities.kustomer.customer_searches import CUSTOMER_SEARCHES
from activities.kustomer.customer_update import customer_update
from activities.kustomer.hook_get_by_id import hook_get_by_id
from activities.kustomer.klasses import KLASS_CREATE, klass_lookup_by_name
from activities.kustomer.kobject_first_or_last import kobject_find_first_or_last
from activities.kustomer.kobjects import KOBJECTS
from activities.kustomer.organization import ORGANIZATION
from activities.kustomer.routing import ROUTING
from activities.kustomer.users import USERS
from activities.vendors.kustomer.connection import Kustomer

ACTIONS = (
    *COMPANIES,
    CUSTOMER_CREATE,
    *CUSTOMER_LOOKUPS,
    *CUSTOMER_SEARCHES,
    KLASS_CREATE,
    *KOBJECTS,
    *ORGANIZATION,
    *ROUTING,
    *USERS,
    customer_append_email,
    customer_append_phone,
    customer_lookup_last_message,
    customer_update,
    hook_get_by_id,
    klass_lookup_by_name,
    kobject_find_first_or_last,
    merge_customers,
)
CONNECTIONS = (Kustomer,)
