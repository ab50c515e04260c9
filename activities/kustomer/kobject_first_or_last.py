"""The action that finds the first or the last object of a class on a customer's timeline."""

from __future__ import annotations

from datetime import timedelta
from operator import itemgetter
from typing import Literal

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.errors import Refused
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import FoundRecord, found, instant
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
async def kobject_find_first_or_last(config: FirstOrLast, context: Context) -> FoundRecord:
    """Find the first or the last object of a klass on a customer's timeline, by when it was made.

    Kustomer sorts this list by nothing that it documents, so all of the customer's objects of the klass are read, 100
    with each request. The key needs the role `org.permission.customer.read`.
    """
    account = Account.of(context, config.connection).patient()
    customer, klass = segment("customer", config.customer), segment("klassName", config.klass_name)
    objects = await account.every(f"/v1/customers/{customer}/klasses/{klass}")
    if not objects:
        return FoundRecord(found=False)
    dated = [(at, each) for each in objects if (at := instant(each))]
    if not dated:
        raise Refused("None of the objects says when it was made: which is the first cannot be said.")
    end = min if config.sort in {"first", "asc", "createdAt"} else max
    return FoundRecord.model_validate(found(end(dated, key=itemgetter(0))[1]))
