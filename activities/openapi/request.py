"""From an operation and the params of a step to the request that is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from activities.descriptions.flaws import summary
from activities.descriptions.schemas import Schemas
from activities.errors import Refused
from activities.http_client.json_body import json_bytes, to_bytes
from activities.openapi.files import FORM, JSON, MULTIPART, is_file
from activities.openapi.forms import Fetch, checked_media, file_of, form_bytes, multipart_bytes
from activities.openapi.operation import PLACE_IN_PATH, Operation, Parameter, RequestBody
from activities.openapi.params import BODY, NOTHING, Params, PlacedParams
from activities.openapi.styles import cookie_text, header_text, path_text, query_pairs, scalar
from activities.openapi.translation import BINARY


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedRequest:
    """A request as a description wants it, without what signs it in.

    Attributes:
        method: GET, POST, …
        path: path and query below the service's address, encoded.
        headers: headers.
        content: body.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    content: bytes | None = field(repr=False)


def checked(params: Params, given: Mapping[str, Any]) -> PlacedParams:
    """Return params at their places.

    Raises:
        Refused: the description does not allow them; the sentence says all that is wrong.
    """
    wrong = [flaw for flaw in params.flaws(given) if flaw.serious]
    if wrong:
        raise Refused(f"The params are not what {params.operation.id} takes: {summary(wrong)}")
    return params.place(given)


def address_of(operation: Operation, placed: PlacedParams) -> str:
    """Return path and query of a request: a path without a slash at its beginning would be part of the host's name.

    Raises:
        Refused: a value cannot stand in an address.
    """
    values = {one.name: (one, value) for one, value in placed.parameters if one.place == "path"}

    def filled(match: re.Match[str]) -> str:
        return path_text(*values[match[1]])

    path, _, written = PLACE_IN_PATH.sub(filled, operation.path).partition("?")
    path = quote(path if path.startswith("/") else f"/{path}", safe="/%:@!$&'()*+,;=~")
    query = [f"{name}={text}" for one, value in _at("query", placed) for name, text in query_pairs(one, value)]
    whole = "&".join([*([written] if written else []), *query])
    return f"{path}?{whole}" if whole else path


async def described_request(
    operation: Operation, placed: PlacedParams, *, boundary: str, fetch: Fetch, accept: str | None = None
) -> DescribedRequest:
    """Return the request that params make.

    Args:
        operation: the operation.
        placed: what `checked` returned.
        boundary: stands between the parts of a form; the same for all attempts of a step.
        fetch: fetches files that are given by their address.
        accept: the type of answer that the service wants to be asked for, in the place of what the description lists.

    Raises:
        Refused: a value cannot stand where it has to.
    """
    headers = {"Accept": accept or _accept(operation.accepts)}
    headers |= {one.name: header_text(one, value) for one, value in _at("header", placed)}
    cookies = [cookie_text(one, value) for one, value in _at("cookie", placed)]
    if cookies:
        headers["Cookie"] = "; ".join(cookies)
    content = None
    if placed.body is not NOTHING and operation.body is not None:
        content, media = await _content(operation, operation.body, placed.body, boundary, fetch)
        headers["Content-Type"] = media
    return DescribedRequest(
        method=operation.method, path=address_of(operation, placed), headers=headers, content=content
    )


def _at(place: str, placed: PlacedParams) -> list[tuple[Parameter, Any]]:
    return [(one, value) for one, value in placed.parameters if one.place == place]


async def _content(
    operation: Operation, body: RequestBody, value: Any, boundary: str, fetch: Fetch
) -> tuple[bytes, str]:
    kind = body.media.partition(";")[0].strip().lower()
    if kind == FORM:
        return form_bytes(body, value), FORM
    if kind == MULTIPART:
        content = await multipart_bytes(body, value, operation.definitions, boundary, fetch)
        return content, f"{MULTIPART}; boundary={boundary}"
    if kind in {JSON, "*/*"} or kind.endswith("+json"):
        return json_bytes(value), JSON if kind == "*/*" else body.media
    if is_file(value, body.schema, Schemas(operation.definitions)):
        file = await file_of(BODY, value, fetch)
        own = value.get("contentType") or ("" if "*" in body.media else body.media) or file.media or BINARY
        return file.content, checked_media(BODY, own)
    return to_bytes(scalar(value)), body.media


def _accept(accepts: Sequence[str]) -> str:
    """Return what is asked for: JSON first where the service has it."""
    found = sorted(dict.fromkeys(accepts), key=lambda media: "json" not in media)
    return ", ".join(found[:5]) or JSON
