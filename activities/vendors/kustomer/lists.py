"""Whole lists, as Kustomer's own GET answers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from activities.action import Action, Config, Result
from activities.context import Context
from activities.errors import Refused
from activities.rest.endpoint import Route
from activities.rest.paging import listed
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.service import KUSTOMER, PAGES


def _page(body: dict[str, Any]) -> list[dict[str, Any]]:
    if not isinstance(body["data"], list):
        raise TypeError("a page has a list")
    return [body]


BODIES = replace(PAGES, items=_page, size=None)
"""Reads pages as a whole each."""

MOST = 100
"""Entries of a page, at most."""


class GetResponse(Result):
    """What a GET of Kustomer's API answers, its pages joined."""

    data: list[Any] = Field(description="The entries of all pages, in Kustomer's order.")
    meta: dict[str, Any] = Field(description="What Kustomer says of the list, on its first page.")
    links: dict[str, Any] = Field(description="The list's own links; `next` is null, since nothing is left.")


def listing(  # noqa: PLR0913 # a row says all of this
    name: str,
    summary: str,
    request: str,
    config: type[Config],
    *,
    example: Mapping[str, Any],
    description: str | None = None,
) -> Action:
    """Return the action that reads a whole list.

    Args:
        name: the action's name.
        summary: one sentence.
        request: GET and its path, as in a row of `endpoint`; fields that are not in it are its query.
        config: what it takes.
        example: a whole config.
        description: more than the summary, where there is more to say.
    """
    route = Route.of(request, config)
    inside = {*route.fields.values(), "connection"}

    async def read(given: Any, context: Context) -> GetResponse:
        connection = context.connection(given.connection, Kustomer)
        sent = given.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=inside)
        path, query = route.filled(given), {"pageSize": MOST, **sent}
        bodies, complete = await listed(KUSTOMER, context, connection, path, BODIES, query=query)
        entries = [entry for body in bodies for entry in body["data"]]
        if not complete:
            raise Refused(f"Kustomer's list has more than {len(entries):,} entries, more than are read.")
        first = bodies[0]
        return GetResponse(
            data=entries, meta=first.get("meta") or {}, links={**(first.get("links") or {}), "next": None}
        )

    return Action(
        name=name,
        function=read,
        config=config,
        result=GetResponse,
        repeat="safe",
        summary=summary,
        description=description or summary,
        example=example,
        connections=(Kustomer,),
        addresses=KUSTOMER.addresses,
    )
