"""The action that finds a customer's latest message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, FoundRecord, attribute, found, instant
from activities.vendors.kustomer.service import Account

LONG_AGO = datetime.min.replace(tzinfo=UTC)


class OfCustomer(KustomerConfig):
    """Whose message is looked for."""

    customer: str = Field(min_length=1, description="Id of the customer.")


@action(
    "kustomer.customer_lookup_last_message",
    repeat="safe",
    connections=(Kustomer,),
    timeout=timedelta(minutes=1),
    example={"customer": "{{customer.id}}"},
)
async def customer_lookup_last_message(config: OfCustomer, context: Context) -> FoundRecord:
    """Find the most recent message that came from a customer, over all channels.

    Kustomer does not say in which order it lists messages, so all of the customer's are read, 100 with each request.
    The key needs the role `org.permission.message.read`.
    """
    account = Account.of(context, config.connection).patient()
    messages = await account.every(f"/v1/customers/{segment('customer', config.customer)}/messages")
    inbound = [each for each in messages or () if attribute(each, "direction") == "in"]
    return FoundRecord.model_validate(found(max(inbound, key=_sent))) if inbound else FoundRecord(found=False)


def _sent(message: Data) -> datetime:
    return instant(message, "sentAt") or instant(message) or LONG_AGO
