"""The action that finds the first or the last object of a class on a customer's timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import UNDATED, Data, Found, attribute, found, instant
from activities.vendors.kustomer.service import Account


class FirstOrLast(KustomerConfig):
    """Which object is looked for."""

    customer: str = Field(min_length=1, description="Id of the customer.")
    klass_name: str = Field(min_length=1, description="Name of the klass.")
    sort: Literal["first", "last", "asc", "desc", "createdAt", "-createdAt"] = Field(
        description="`first` (also `asc`, `createdAt`) is the oldest, `last` (also `desc`, `-createdAt`) the newest."
    )


@action(
    "kustomer.kobject_find_first_or_last",
    repeat="safe",
    connections=(Kustomer,),
    timeout=timedelta(minutes=1),
    example={"customer": "{{customer.id}}", "klassName": "order", "sort": "last"},
)
async def kobject_find_first_or_last(config: FirstOrLast, context: Context) -> Found:
    """Find the first or the last object of a klass on a customer's timeline, by when it was made.

    Kustomer sorts this list by nothing that it documents, so all of the customer's objects of the klass are read, 100
    with each request. The key needs the role `org.permission.customer.read`.
    """
    account = Account.of(context, config.connection).patient()
    customer, klass = segment("customer", config.customer), segment("klassName", config.klass_name)
    objects = await account.every(f"/v1/customers/{customer}/klasses/{klass}")
    if not objects:
        return Found(found=False)
    first = config.sort in {"first", "asc", "createdAt"}
    return Found.model_validate(found(min(objects, key=_made) if first else max(objects, key=_made)))


def _made(data: Data) -> datetime:
    return instant(attribute(data, "createdAt")) or UNDATED
