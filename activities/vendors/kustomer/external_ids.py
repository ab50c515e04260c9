"""How the record with an external id is found again, for creates whose outcome has to be settled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from activities.errors import OutcomeUnknown, Unavailable
from activities.rest.query import segment
from activities.vendors.kustomer.creation import Search
from activities.vendors.kustomer.records import Data, attribute
from activities.vendors.kustomer.service import Account


def held_at(place: Callable[[Any], str]) -> Search:
    """Return what finds the record with an external id.

    Args:
        place: says of a config the path that the id is the end of, as in `/v1/customers/externalId=`; what is there is
            the record, or a list of it.
    """

    async def search(account: Account, config: Any, external_id: str) -> Data | None:
        def among(body: Any) -> Data | None:
            data = body["data"]
            candidates = data if isinstance(data, list) else [data] if data else []
            return next((each for each in candidates if each["id"] and _holds(each, external_id)), None)

        try:
            return await account.read(f"{place(config)}{segment('externalId', external_id)}", among)
        except OutcomeUnknown as error:  # of a reading: the create itself is another matter
            raise Unavailable(str(error), status=error.status) from None

    return search


def _holds(data: Data, external_id: str) -> bool:
    """Say whether a record has an external id; one that shows none has the one that it was found by."""
    others = attribute(data, "externalIds") or []
    shown = [attribute(data, "externalId"), *(each.get("externalId") for each in others if isinstance(each, dict))]
    return external_id in shown or not any(shown)
