"""How customers are found by what stands in the address."""

from __future__ import annotations

from pydantic import Field

from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import FoundRecord
from activities.vendors.kustomer.service import KUSTOMER

NOBODY = FoundRecord(found=False)
ROLE = "The key needs the role `org.permission.customer.read`."


class CustomerByEmail(KustomerConfig):
    """Whose customer is looked for."""

    email: str = Field(min_length=1, description="Email address.")


class CustomerByExternalId(KustomerConfig):
    """Whose customer is looked for."""

    external_id: str = Field(min_length=1, description="Id that another system gave the customer.")


class CustomerByIdentifier(KustomerConfig):
    """Whose customer is looked for."""

    identifier: str = Field(min_length=1, description="Id of the customer.")


class ByPhone(KustomerConfig):
    """Whose customer is looked for."""

    phone: str = Field(min_length=1, description="Phone number.")


CUSTOMER_LOOKUPS = (
    endpoint(
        KUSTOMER,
        "kustomer.customer_lookup_by_email",
        "Find a customer by email address.",
        "GET /v1/customers/email={email}",
        CustomerByEmail,
        FoundRecord,
        missing=NOBODY,
        description=f"Find a customer by email address.\n\n{ROLE}",
        example={"email": "{{customer.email}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.customer_lookup_by_external_id",
        "Find a customer by the id of another system.",
        "GET /v1/customers/externalId={externalId}",
        CustomerByExternalId,
        FoundRecord,
        missing=NOBODY,
        description=f"Find a customer by the id of another system.\n\n{ROLE}",
        example={"externalId": "{{customer.externalId}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.customer_lookup_by_id",
        "Find a customer by id.",
        "GET /v1/customers/{identifier}",
        CustomerByIdentifier,
        FoundRecord,
        missing=NOBODY,
        description=f"Find a customer by id.\n\n{ROLE}",
        example={"identifier": "{{customer.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.customer_lookup_by_phone",
        "Find a customer by phone number.",
        "GET /v1/customers/phone={phone}",
        ByPhone,
        FoundRecord,
        missing=NOBODY,
        description=f"Find a customer by phone number.\n\n{ROLE}",
        example={"phone": "{{customer.phone}}"},
    ),
)
