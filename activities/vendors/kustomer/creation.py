"""Creates as rows: each carries an external id, by which an unknown outcome is settled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from pydantic import Field

from activities.action import Action, Result
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, Unavailable
from activities.rest.endpoint import Route
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, Record, attribute, found, instant
from activities.vendors.kustomer.service import KUSTOMER, Account

CLOCKS = timedelta(minutes=5)
"""How far the vendor's clock may be behind ours, where a record is known by its age and not by the step's key."""

CONFLICTS = frozenset((HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY))
"""How a value is refused that another record holds."""


class Creation(KustomerConfig):
    """A record that is made; without an external id it gets the step's idempotency key as one."""

    external_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=256,
        description="Id that another system gave it, unique in the organization; by default the step's own key, by "
        "which a create whose answer got lost is found again.",
    )


def creation(  # noqa: PLR0913 # a row says all of this
    name: str,
    summary: str,
    request: str,
    config: type[Creation],
    *,
    held: str,
    example: Mapping[str, Any],
    description: str | None = None,
) -> Action:
    """Return the action of one create.

    Args:
        name: the action's name.
        summary: one sentence.
        request: method and path; `{field}` is a field of the config, every other field goes into the JSON body.
        config: what it takes.
        held: request that finds the record of an external id (`GET /v1/customers/externalId={externalId}`).
        example: a whole config.
        description: more than the summary, where there is more to say.
    """
    route, holder = Route.of(request, config), Route.of(held, config)
    inside = {*route.fields.values(), "connection"}

    async def create(given: Creation, context: Context) -> Record:
        account = Account.of(context, given.connection)
        keyed = _keyed(given, context)
        body = keyed.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=inside)
        try:
            data = await account.send(route.method, route.filled(keyed), json=body)
        except Refused as refused:
            if given.external_id is not None or refused.status not in CONFLICTS:
                raise
            mine = await _before(account, holder.filled(keyed), context.key)
            if mine is None:
                raise
            data = mine
        return Record.model_validate(found(data))

    async def look(given: Creation, context: Context, since: datetime) -> Sequence[Result]:
        keyed = _keyed(given, context)
        data = await holding(Account.of(context, given.connection), holder.filled(keyed), str(keyed.external_id))
        if data is None or (given.external_id is not None and not made_since(data, since)):
            return []
        return [Record.model_validate(found(data))]

    return Action(
        name=name,
        function=create,
        config=config,
        result=Record,
        repeat="never",
        summary=summary,
        description=description or summary,
        example=example,
        connections=(Kustomer,),
        look=look,
        addresses=KUSTOMER.addresses,
    )


async def holding(account: Account, path: str, external_id: str) -> Data | None:
    """Return the record that holds an external id, from a path that answers with it or with a list of it."""

    def among(body: Any) -> Data | None:
        data = body["data"]
        candidates = data if isinstance(data, list) else [data] if data else []
        return next((each for each in candidates if _holds(each, external_id)), None)

    return await account.read(path, among)


def made_since(data: Data, since: datetime) -> bool:
    """Say whether a record was made at an instant or later, as far as clocks agree; one without a time was not."""
    at = instant(attribute(data, "createdAt"))
    return at is not None and at >= since - CLOCKS


def _keyed(given: Creation, context: Context) -> Creation:
    return given if given.external_id is not None else given.model_copy(update={"external_id": context.key})


async def _before(account: Account, path: str, key: str) -> Data | None:
    """Return the record that this step made earlier, as before its run was reset.

    Raises:
        Unavailable: that cannot be found out for now; the create itself was refused.
    """
    try:
        return await holding(account, path, key)
    except OutcomeUnknown as error:
        raise Unavailable(str(error), status=error.status) from None


def _holds(data: Data, external_id: str) -> bool:
    """Say whether a record has an external id; one that shows none has the one that it was found by."""
    others = attribute(data, "externalIds") or []
    shown = [attribute(data, "externalId"), *(each.get("externalId") for each in others if isinstance(each, dict))]
    return external_id in shown or not any(shown)
