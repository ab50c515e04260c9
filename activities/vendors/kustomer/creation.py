"""What makes a record, as a row: it carries an `externalId`, by which an unknown outcome is settled."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from activities.action import Action, Config, Result
from activities.context import Context
from activities.errors import Refused
from activities.rest.endpoint import Route
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, attribute, found, same, since
from activities.vendors.kustomer.service import KUSTOMER, Account

Search = Callable[[Account, Any, str], Awaitable[Data | None]]
"""Finds by (account, config, externalId) the record that has it, or None."""

HELD = frozenset((HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY))
"""What Kustomer may answer where another record has one of the identifiers."""


def creation(  # noqa: PLR0913, PLR0917 # a row says all of this
    name: str,
    summary: str,
    request: str,
    config: type[Config],
    result: type[Result],
    search: Search,
    *,
    example: Mapping[str, Any],
    description: str | None = None,
    shape: Callable[[Data], Mapping[str, Any]] = found,
    timeout: timedelta = timedelta(seconds=30),
) -> Action:
    """Return the action that makes a record.

    Args:
        name: the action's name.
        summary: one sentence.
        request: method and path, as in a row of `endpoint`; the other fields are the JSON body.
        config: what it takes; its `external_id`, where the author gives none, becomes the step's idempotency key.
        result: what it gives, read from what `shape` makes of the record.
        search: finds a record by its external id.
        example: a whole config.
        description: more than the summary, where there is more to say.
        shape: makes the fields of the result.
        timeout: bound of one attempt where the step gives none.
    """
    route = Route.of(request, config)
    inside = {*route.fields.values(), "connection"}

    async def create(given: Any, context: Context) -> Result:
        account = Account.of(context, given.connection)
        body = given.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=inside)
        path = route.filled(given)
        try:
            data = await account.send(route.method, path, json={**body, "externalId": given.external_id or context.key})
        except Refused as refused:
            held = None
            if refused.status in HELD and given.external_id is None:  # an earlier attempt may have made it
                held = await search(account, given, context.key)
            if held is None or not same(attribute(held, "externalId"), context.key):
                raise
            data = held
        return result.model_validate(shape(data))

    async def look(given: Any, context: Context, begin: datetime) -> Sequence[Result]:
        data = await search(Account.of(context, given.connection), given, given.external_id or context.key)
        if data is None or (given.external_id is not None and not since(data, begin)):
            return []  # none, or another's, which had the external id before
        return [result.model_validate(shape(data))]

    return Action(
        name=name,
        function=create,
        config=config,
        result=result,
        repeat="never",
        summary=summary,
        description=description or summary,
        example=example,
        timeout=timeout,
        connections=(Kustomer,),
        look=look,
        addresses=KUSTOMER.addresses,
    )
