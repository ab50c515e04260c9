"""The action that changes a customer."""

from __future__ import annotations

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.kustomer.customer_profile import CustomerProfile
from activities.rest.query import segment
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import KustomerRecord, found
from activities.vendors.kustomer.revisions import company_of, revised
from activities.vendors.kustomer.service import Account


class CustomerChange(CustomerProfile):
    """What of a customer changes."""

    id: str = Field(min_length=1, description="Id of the customer.")
    external_id: str | None = Field(default=None, description="Id that another system gave, unique.")


@action(
    "kustomer.customer_update",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    writes=("customer:id",),
    example={"id": "{{customer.id}}", "name": "{{contact.name}}"},
)
async def customer_update(config: CustomerChange, context: Context) -> KustomerRecord:
    """Change a customer; what is left out stays as it is.

    Kustomer unlinks a customer's company where an update leaves it out. So the customer is read first, and the company
    sent back with the revision that was read; where somebody else's change precedes, this is repeated. Lists, such as
    `emails`, replace those that are there. The key needs the role `org.permission.customer.update`, and
    `org.permission.customer.read` where `company` is not given.
    """
    account = Account.of(context, config.connection)
    path = f"/v1/customers/{segment('id', config.id)}"
    body = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"id", "connection"})
    if config.company is not None:
        data = await account.send("PATCH", path, json=body)
    else:
        data = await revised(account, path, lambda customer: {**body, **company_of(customer)})
    return KustomerRecord.model_validate(found(data))
