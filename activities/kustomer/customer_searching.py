"""Looking for customers by Kustomer's search, whose hits are read: only those count that hold the value."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from activities.rest.query import segment
from activities.vendors.kustomer.records import Data, FoundRecord, attribute, found, instant
from activities.vendors.kustomer.service import KUSTOMER, Account

F = TypeVar("F", bound=FoundRecord)

UNDATED = datetime.max.replace(tzinfo=UTC)

MOST = 10
"""Hits that are read; a value that is unique has one."""

SEARCHED = {"page": 1, "pageSize": MOST}


async def holders(account: Account, network: str, value: str, fits: Callable[[Data], bool]) -> list[Data]:
    """Return the customers among the search's hits that hold the value."""
    criteria = [{"customer_social_type": {"equals": network}}, {"customer_social_userid": {"equals": value}}]
    answer = await KUSTOMER.call(
        account.context,
        account.connection,
        "POST",
        "/v1/customers/search",
        query=SEARCHED,
        json={"queryContext": "customer", "and": criteria},
        effect=False,
    )
    hits = KUSTOMER.object_of(answer, lambda body: [hit["id"] for hit in body["data"]])
    if hits is None:
        raise KUSTOMER.unreadable(answer)
    read = [await account.find(f"/v1/customers/{segment('id', hit)}") for hit in hits[:MOST]]
    return [each for each in read if each and fits(each)]


def oldest(kind: type[F], held: list[Data]) -> F:
    """Return the oldest of some customers, with a warning where there are several."""
    if not held:
        return kind(found=False)
    first = min(held, key=lambda each: instant(each) or UNDATED)
    result = kind.model_validate(found(first))
    return result if len(held) == 1 else result.warn(f"{len(held)} customers have it: this is the oldest.")


def among(held: str, wanted: dict[str, str]) -> Callable[[Data], bool]:
    """Return what says whether a customer's list holds an entry with these values."""

    def fits(customer: Data) -> bool:
        return any(
            all(str(each.get(key)) == value for key, value in wanted.items()) for each in entries(customer, held)
        )

    return fits


def entries(customer: Data, held: str) -> list[dict[str, Any]]:
    """Return a list that a customer holds, such as its `socials`."""
    return [each for each in attribute(customer, held) or [] if isinstance(each, dict)]
