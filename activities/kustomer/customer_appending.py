"""The actions that add to a customer's lists, which Kustomer replaces as a whole: read, then written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.kustomer.profiles import VERIFIED, EmailType, PhoneType
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, KustomerRecord, attribute, found
from activities.vendors.kustomer.revisions import company_of, revised
from activities.vendors.kustomer.service import Account


class Appending(KustomerConfig):
    """Whose list gets an entry."""

    id: str = Field(min_length=1, description="Id of the customer.")
    verified: bool | None = Field(default=None, description=VERIFIED)


class NewEmail(Appending):
    """The email address that a customer gets."""

    email: str = Field(min_length=1, description="Email address; one that another customer has is refused.")
    type: EmailType = Field(default="other", description="What it is for.")


class NewPhone(Appending):
    """The phone number that a customer gets."""

    phone: str = Field(min_length=1, description="Phone number; one that another customer has is refused.")
    type: PhoneType = Field(default="other", description="What it is for.")


@action(
    "kustomer.customer_append_email",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    writes=("customer:id",),
    example={"id": "{{customer.id}}", "email": "{{message.from}}"},
)
async def customer_append_email(config: NewEmail, context: Context) -> KustomerRecord:
    """Add an email address to a customer's; one that is there already changes nothing.

    The customer is read, and its list sent back with the new entry and the revision that was read; where somebody
    else's change precedes, this is repeated. The company stays. The key needs the roles
    `org.permission.customer.read` and `org.permission.customer.update`.
    """
    return await _appended(config, context, "emails", "email", str.casefold)


@action(
    "kustomer.customer_append_phone",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    writes=("customer:id",),
    example={"id": "{{customer.id}}", "phone": "{{call.external_number}}"},
)
async def customer_append_phone(config: NewPhone, context: Context) -> KustomerRecord:
    """Add a phone number to a customer's; one that is there already changes nothing.

    Numbers are compared by their digits. The customer is read, and its list sent back with the new entry and the
    revision that was read; where somebody else's change precedes, this is repeated. The company stays. The key needs
    the roles `org.permission.customer.read` and `org.permission.customer.update`.
    """
    return await _appended(config, context, "phones", "phone", digits)


def digits(phone: str) -> str:
    """Return a phone number without what people write between its digits; one without any stays as it is."""
    return re.sub(r"[^0-9+]", "", phone) or phone


async def _appended(
    config: NewEmail | NewPhone, context: Context, held: str, key: str, plain: Callable[[str], str]
) -> KustomerRecord:
    entry = {"type": config.type, key: getattr(config, key).strip(), "verified": config.verified}
    value = plain(entry[key])

    def change(customer: Data) -> Mapping[str, Any] | None:
        entries = [each for each in attribute(customer, held) or [] if isinstance(each, dict)]
        if any(plain(str(each.get(key, "")).strip()) == value for each in entries):
            return None
        # what is read has more keys than may be written, such as `id`
        written = [{name: each.get(name) for name in entry} for each in [*entries, entry]]
        return {held: [_filled(each) for each in written], **company_of(customer)}

    account = Account.of(context, config.connection)
    data = await revised(account, f"/v1/customers/{segment('id', config.id)}", change)
    return KustomerRecord.model_validate(found(data))


def _filled(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if value is not None}
