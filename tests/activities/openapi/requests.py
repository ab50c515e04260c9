"""Requests as the tests read them."""

from __future__ import annotations

from typing import Any

from activities.descriptions.flaws import Flaw
from activities.descriptions.index import Index
from activities.openapi.forms import FormFile
from activities.openapi.operation import Operation, operation
from activities.openapi.params import Params
from activities.openapi.request import DescribedRequest, checked, described_request


def read(index: Index, id_: str) -> Operation:
    row = index.operation(id_)
    assert row is not None, f"{id_} is none of {index.ids()}"
    return operation(index, row)


async def made(index: Index, id_: str, **given: Any) -> DescribedRequest:
    params = Params(read(index, id_))
    return await described_request(params.operation, checked(params, given), boundary="b", fetch=fetched)


def flaws(index: Index, id_: str, given: dict[str, Any], **more: Any) -> list[Flaw]:
    return Params(read(index, id_)).flaws(given, **more)


async def fetched(url: str, name: str | None) -> FormFile:
    return FormFile(b"bytes of " + url.encode(), name or "fetched.png", "image/png")
