"""Kustomer's API as a service (https://developer.kustomer.com/kustomer-api-docs)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any, TypeVar, cast

from activities.action import CONNECTION
from activities.context import LARGEST_PICKED, Context
from activities.errors import Refused
from activities.rest.answers import RateHeaders
from activities.rest.paging import Paging, listed
from activities.rest.service import Method, Service
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, found

KUSTOMER = Service(
    name="Kustomer",
    connection=Kustomer,
    address=lambda kustomer: kustomer.root,
    sign_in=lambda kustomer: {"Authorization": f"Bearer {kustomer.api_key}"},
    rates=RateHeaders(reset="x-ratelimit-reset", remaining="x-ratelimit-remaining", longest=60),
    unwrap=lambda body: found(body["data"]),
    headers={"User-Agent": "trunkline"},
    pauses=lambda kustomer: kustomer.org or "",
)
"""Both shapes of errors are read by `reason_of`; a row's answer is unwrapped to `{found, id, object}`."""


def _records(body: Any) -> list[Data]:
    """Return the records of a page, each of which has an id.

    Raises:
        TypeError: it is no page.
    """
    if not isinstance(body["data"], list):
        raise TypeError("a page has a list")
    return [record for record in body["data"] if record["id"]]


PAGES = Paging(
    items=_records,
    link=lambda body: (body.get("links") or {}).get("next"),
    size=("pageSize", 100),
    most=100,
)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Account:
    """An organization as one attempt uses it, for actions of more than one request."""

    context: Context
    connection: Kustomer

    @classmethod
    def of(cls, context: Context, name: str | None, field: str = CONNECTION) -> Account:
        """Return the account that a step uses, which a field of its config names (see `Connections.pick`)."""
        return cls(context, context.connection(name, Kustomer, field=field))

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Data:
        """Return the record at a path, which is percent-encoded already.

        Raises:
            ActionError: see `Service.call`; a record that is missing is `Refused` with the status 404.
        """
        return await self.send("GET", path, query=query)

    async def find(self, path: str, query: Mapping[str, Any] | None = None) -> Data | None:
        """Return the record at a path, or None where there is none."""
        try:
            return await self.get(path, query)
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def read(self, path: str, unwrap: Callable[[Any], T]) -> T | None:
        """Return what `unwrap` makes of the whole JSON body at a path, or None where there is nothing.

        Raises:
            ActionError: see `Service.call`; OutcomeUnknown also where the body is of another shape.
        """
        try:
            answer = await KUSTOMER.call(self.context, self.connection, "GET", path)
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        return cast("T | None", KUSTOMER.object_of(answer, unwrap))

    async def every(self, path: str) -> list[Data] | None:
        """Return what `all` does, or None where there is no such list."""
        try:
            return await self.all(path)
        except Refused as refused:
            if refused.status != HTTPStatus.NOT_FOUND:
                raise
            return None

    async def send(
        self,
        method: Method,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, Any] | None = None,
        effect: bool | None = None,
    ) -> Data:
        """Send one request and return the record of its answer.

        Raises:
            ActionError: see `Service.call`; OutcomeUnknown also where a success has another shape.
        """
        answer = await KUSTOMER.call(self.context, self.connection, method, path, json=json, query=query, effect=effect)
        data = KUSTOMER.object_of(answer, lambda body: body["data"])
        if not isinstance(data, dict) or not isinstance(data.get("id"), str):
            raise KUSTOMER.unreadable(answer)
        return data

    async def search(self, criteria: Mapping[str, Any]) -> Data | None:
        """Return the first record that a search finds, or None; what was just written it may not know yet."""
        answer = await KUSTOMER.call(
            self.context,
            self.connection,
            "POST",
            "/v1/customers/search",
            query={"page": 1, "pageSize": 1},
            json=criteria,
            effect=False,
        )
        hits = KUSTOMER.object_of(answer, lambda body: body["data"])
        if not isinstance(hits, list) or not all(isinstance(hit, dict) and "id" in hit for hit in hits):
            raise KUSTOMER.unreadable(answer)
        return hits[0] if hits else None

    def patient(self) -> Account:
        """Return the account with room for long answers, for who keeps only parts of them."""
        return replace(self, context=replace(self.context, largest_answer=LARGEST_PICKED))

    async def all(self, path: str, query: Mapping[str, Any] | None = None) -> list[Data]:
        """Return the records of all pages of a list.

        Raises:
            Refused: the list goes on at another host, or has more pages than are read; never a shorter list.
        """
        items, complete = await listed(KUSTOMER, self.context, self.connection, path, PAGES, query=query)
        if not complete:
            raise Refused(f"Kustomer's list has more than {len(items):,} entries, more than are read.")
        return items


@contextmanager
def partly(done: str) -> Iterator[None]:
    """Have a refusal that follows an effect say what was done.

    Raises:
        Refused: with what was done before, in a sentence.
    """
    try:
        yield
    except Refused as refused:
        raise Refused(f"{done}, but then: {refused}", status=refused.status) from None
