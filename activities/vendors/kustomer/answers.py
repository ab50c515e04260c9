"""Whole answers: `{data, meta, links}`, as the vendor gives them, the pages of a list joined."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import Field

from activities.action import Result
from activities.errors import Refused
from activities.rest.paging import listed
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.service import KUSTOMER, PAGES, Account

LARGEST = 100
"""Most records of a page."""


class Paged(KustomerConfig):
    """Which part of a list is read."""

    page: int | None = Field(default=None, ge=1, description="The one page that is read; by default all are, joined.")
    page_size: int = Field(default=LARGEST, ge=1, le=LARGEST, description="Records of a page.")


class ListAnswer(Result):
    """A list as Kustomer answers it."""

    data: list[dict[str, Any]] = Field(description="The records, each with type, id, attributes and relationships.")
    meta: dict[str, Any] = Field(description="What Kustomer says about the list, with its first page.")
    links: dict[str, Any] = Field(description="Links of the first page; `next` is null where all pages were joined.")


async def list_answer(account: Account, path: str, config: Paged, query: Mapping[str, Any] | None = None) -> ListAnswer:
    """Return a list, or the one page of it that the config names.

    Raises:
        Refused: there is no such list; or it goes on at another host, or has more pages than are read.
        ActionError: see `Service.call`.
    """
    paging = replace(PAGES, items=lambda body: [_checked(body)], size=("pageSize", config.page_size))
    if config.page is not None:
        paging, query = replace(paging, most=1), {**(query or {}), "page": config.page}
    bodies, complete = await listed(KUSTOMER, account.context, account.connection, path, paging, query=query)
    if config.page is None and not complete:
        raise Refused(f"Kustomer's list has more than {len(bodies)} pages, more than are read: name a `page`.")
    links = bodies[0].get("links") or {}
    return ListAnswer(
        data=[record for body in bodies for record in body["data"]],
        meta=bodies[0].get("meta") or {},
        links=links if config.page is not None else {**links, "next": None},
    )


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    """Return the body of a page.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(body["data"], list):
        raise TypeError("data is no list")
    return body
