"""Changes that follow from what a record holds: read, then written with the revision that was read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from activities.errors import Refused, Unavailable
from activities.vendors.kustomer.records import Data, attribute, related
from activities.vendors.kustomer.service import Account

MOST = 4
"""How often a change is written that somebody else's precede."""

CONFLICTS = frozenset((HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED, HTTPStatus.UNPROCESSABLE_ENTITY))
"""How a stale revision may be refused; the vendor does not say how, so that the record is read again to tell."""


async def revised(account: Account, path: str, change: Callable[[Data], Mapping[str, Any] | None]) -> Data:
    """Read a record, write what is to change, and return it as it is afterwards.

    Args:
        account: whose record it is.
        path: of the record, percent-encoded.
        change: says from the record what is written, or None where nothing has to be.

    Raises:
        Refused: there is no such record, or the change is refused although nobody else changed the record.
        Unavailable: others kept changing it.
        ActionError: see `Account.send`.
    """
    data = await account.get(path)
    for _ in range(MOST):
        written = change(data)
        if written is None:
            return data
        revision = attribute(data, "rev")
        body = {**({} if revision is None else {"rev": revision}), **written}
        try:
            return await account.send("PATCH", path, json=body)
        except Refused as refused:
            if refused.status not in CONFLICTS:
                raise
            data = await account.get(path)
            if attribute(data, "rev") == revision:
                raise
    raise Unavailable(f"The record changed {MOST} times while it was being written: others are changing it.")


def company_of(customer: Data) -> dict[str, str]:
    """Return what keeps a customer's company: any update that leaves `company` out unlinks it."""
    company = related(customer, "company")
    return {} if company is None else {"company": company}
