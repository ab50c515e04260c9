"""Lists that come in pages: how the next page is found, and how far a list is followed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field

from activities.action import Result
from activities.connections import Connection
from activities.context import Context
from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.rest.service import UNREADABLE, Service

if TYPE_CHECKING:
    from activities.http_client.message import Response

LINK = re.compile(r"<([^<>]*)>([^<]*)")
NEXT = re.compile(r";\s*rel\s*=\s*(\"[^\"]*\bnext\b[^\"]*\"|next\b)", re.IGNORECASE)

Read = Callable[[Any], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """How a list is read; one of `cursor`, `link` and `page` says how the next page is found.

    Attributes:
        items: the list in a page's JSON body.
        cursor: query parameter, and what its next value is in a page's body; none at the end.
        link: the address of the next page in a page's body; none at the end. `"header"` means the header Link.
        page: query parameter of a page's number, and the number of the first page; ends with a page of no items.
        size: query parameter of how many items a page has, and the number; where pages are numbered, one that has
            fewer is the last.
        most: pages that are read at most.
    """

    items: Read
    cursor: tuple[str, Read] | None = None
    link: Read | str | None = None
    page: tuple[str, int] | None = None
    size: tuple[str, int] | None = None
    most: int = 10

    def __post_init__(self) -> None:
        """Refuse what could not be followed.

        Raises:
            ValueError: not exactly one way to the next page is given, or no page would be read.
        """
        if sum(way is not None for way in (self.cursor, self.link, self.page)) != 1 or self.most < 1:
            raise ValueError("A list has one way to its next page, cursor, link or page, and at least one page.")


class Listed(Result):
    """A list that came in pages."""

    items: list[Any] = Field(description="Its entries, in the vendor's order.")
    complete: bool = Field(description="Whether these are all; false where the list has more pages than are read.")


async def pages(  # noqa: PLR0913 # what a request has, by name
    service: Service[Any],
    context: Context,
    connection: Connection,
    path: str,
    paging: Paging,
    *,
    query: Mapping[str, Any] | None = None,
) -> AsyncIterator[tuple[list[Any], bool]]:
    """Yield the items of each page, and whether it is the last.

    Args:
        service: whose list it is.
        context: the attempt's surroundings.
        connection: whose credentials and address are used.
        path: of the list, percent-encoded.
        paging: how it is read.
        query: of every page whose address is not the vendor's own link.

    Raises:
        ActionError: see `Service.call`. Refused also where the next page is on another host, or was read before.
    """
    parameters = {**(query or {}), **({paging.size[0]: paging.size[1]} if paging.size else {})}
    number = paging.page[1] if paging.page else 0
    if paging.page:
        parameters[paging.page[0]] = number
    seen: set[str] = set()
    for _ in range(paging.most):
        answer = await service.call(context, connection, "GET", path, query=parameters)
        items, found = _read(service, paging, answer)
        if paging.page:
            number += 1
            parameters[paging.page[0]] = number
            yield items, not items or (paging.size is not None and len(items) < paging.size[1])
            continue
        last = found in (None, "", False)
        where = str(found)
        if not last and where in seen:
            if items:
                raise Refused(f"{service.name}'s list has no end: the next page was read before.")
            last = True
        seen.add(where)
        if not last:
            if paging.cursor:
                parameters[paging.cursor[0]] = where
            else:
                path, parameters = _below(service, connection, path, where), {}
        yield items, last


async def listed(  # noqa: PLR0913 # same
    service: Service[Any],
    context: Context,
    connection: Connection,
    path: str,
    paging: Paging,
    *,
    query: Mapping[str, Any] | None = None,
) -> tuple[list[Any], bool]:
    """Return the items of all pages that are read, and whether these are all; see `pages`."""
    found: list[Any] = []
    async for items, last in pages(service, context, connection, path, paging, query=query):
        found += items
        if last:
            return found, True
    return found, False


def _read(service: Service[Any], paging: Paging, answer: Response) -> tuple[list[Any], Any]:
    """Return a page's items, and what leads to the next one."""
    body = service.object_of(answer, lambda body: body)
    try:
        items = paging.items(body)
        if paging.cursor:
            found = paging.cursor[1](body)
        elif callable(paging.link):
            found = paging.link(body)
        else:
            found = next_link(answer.headers.get("link", ""))
    except UNREADABLE:
        raise service.unreadable(answer) from None
    if not isinstance(items, list) or not isinstance(found, str | int | None):
        raise service.unreadable(answer)
    return items, found


def next_link(header: str) -> str | None:
    """Return the address that a header Link (RFC 8288) names as the next."""
    return next((address for address, rest in LINK.findall(header) if NEXT.search(rest)), None)


def _below(service: Service[Any], connection: Connection, path: str, link: str) -> str:
    """Return a link as a path below the service's address.

    Raises:
        Refused: it leads elsewhere; credentials go to the service's own host only.
    """
    base = service.base(connection)
    prefix = urlsplit(base).path
    if link.startswith("/") and not link.startswith(("//", f"{prefix}/")):
        link = prefix + link  # a vendor behind a gateway does not know the gateway's path
    there, here = Target.linked(base + path, link), Target.parse(base)
    if there.origin != here.origin or not there.path.startswith(f"{prefix}/"):
        raise Refused(f"{service.name}'s list continues outside of {here.host}{prefix}, where nothing is sent to.")
    return there.path.removeprefix(prefix)
