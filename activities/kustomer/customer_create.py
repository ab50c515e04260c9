"""The action that makes a customer."""

from __future__ import annotations

from activities.kustomer.customer_profile import CustomerProfile
from activities.kustomer.profiles import NewRecord
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.external_ids import held_at
from activities.vendors.kustomer.records import KustomerRecord


class NewCustomer(CustomerProfile, NewRecord):
    """The customer that is made."""


CUSTOMER_CREATE = creation(
    "kustomer.customer_create",
    "Make a customer.",
    "POST /v1/customers",
    NewCustomer,
    KustomerRecord,
    held_at(lambda _customer: "/v1/customers/externalId="),
    description="""Make a customer.

Email addresses, phone numbers and external ids are unique: one that another customer has is refused. The key needs
the role `org.permission.customer.create`.""",
    example={"name": "{{contact.name}}", "emails": [{"type": "home", "email": "{{customer.email}}"}]},
)
