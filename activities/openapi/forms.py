"""Bodies as forms: `application/x-www-form-urlencoded`, and `multipart/form-data` with files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

from activities.descriptions.schemas import Schemas
from activities.errors import Refused
from activities.http_client.json_body import json_bytes, json_text, to_bytes
from activities.openapi.files import UNNAMED, is_binary, is_file
from activities.openapi.operation import RequestBody
from activities.openapi.styles import RESERVED, bracketed, encoded_key, scalar
from activities.openapi.translation import BINARY

UNSAFE = str.maketrans({'"': "%22", "\r": "%0D", "\n": "%0A"})
"""What a name in a part's header is written as, as browsers do."""


class FormFile(NamedTuple):
    """A file of a form."""

    content: bytes
    name: str | None
    media: str | None


Fetch = Callable[[str, str | None], Awaitable[FormFile]]
"""Fetches a file from (address, name)."""


def form_bytes(body: RequestBody, value: Any) -> bytes:
    """Return a form's body.

    Raises:
        Refused: it is no object.
    """
    if not isinstance(value, Mapping):
        raise Refused("The body is a form: it must be an object of its fields.")
    pairs = [pair for name, item in value.items() for pair in _pairs(name, item, body.encoding.get(name, {}))]
    return "&".join(f"{key}={text}" for key, text in pairs).encode()


def _pairs(name: str, value: Any, encoding: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    style, reserved = encoding.get("style"), encoding.get("allowReserved") is True
    media = str(encoding.get("contentType", "")).partition(";")[0]
    explode = encoding.get("explode", style in (None, "form", "deepObject")) is True
    key = quote(name, safe="[]", errors="replace")
    if value is not None and isinstance(value, list | Mapping) and "style" not in encoding and media.endswith("json"):
        yield key, _encoded(json_text(value))
    elif isinstance(value, Mapping) and (style in (None, "deepObject") or not explode):
        yield from ((encoded_key(inner), _encoded(text, reserved)) for inner, text in bracketed(name, value))
    elif isinstance(value, Mapping):
        yield from ((encoded_key(inner), _encoded(scalar(item), reserved)) for inner, item in value.items())
    elif isinstance(value, list) and (style == "deepObject" or any(isinstance(item, list | dict) for item in value)):
        yield from ((encoded_key(inner), _encoded(text, reserved)) for inner, text in bracketed(name, value))
    elif isinstance(value, list):
        items = [_encoded(scalar(item), reserved) for item in value]
        between = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}.get(str(style), ",")
        yield from ((key, item) for item in items) if explode else iter([(key, between.join(items))])
    else:
        yield key, _encoded(scalar(value), reserved)


def _encoded(text: str, reserved: bool = False) -> str:
    return quote(text, safe=RESERVED if reserved else "", errors="replace")


async def multipart_bytes(
    body: RequestBody, value: Any, definitions: Mapping[str, Any], boundary: str, fetch: Fetch
) -> bytes:
    """Return a body of parts.

    Args:
        body: what the description says of it.
        value: its fields.
        definitions: what the schemas refer to.
        boundary: stands between the parts; the same for all attempts of a step.
        fetch: fetches the files that are given by their address.

    Raises:
        Refused: a file is not what it must be.
    """
    schemas = Schemas(definitions)
    members = schemas.members(body.schema)
    if not isinstance(value, Mapping) or is_file(value, body.schema, schemas):
        value, members = {UNNAMED: value}, {UNNAMED: body.schema}
    parts: list[bytes] = []
    for name, given in value.items():
        schema, media = members.get(name, True), str(body.encoding.get(name, {}).get("contentType", ""))
        if isinstance(given, list):
            schema = schemas.items(schema)
        for item in given if isinstance(given, list) else [given]:
            if item is not None:
                kind = media.partition(",")[0].strip()
                if is_file(item, schema, schemas):
                    parts.append(await _file_part(name, item, kind, fetch))
                else:
                    parts.append(_part(name, item, kind, binary=is_binary(schema, schemas)))
    mark = boundary.encode()
    return b"".join(b"--" + mark + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + mark + b"--\r\n"


async def _file_part(name: str, value: Mapping[str, Any], media: str, fetch: Fetch) -> bytes:
    file = await file_of(name, value, fetch)
    kind = value.get("contentType") or ("" if "*" in media else media) or file.media or BINARY
    return _headed(name, file.content, kind, file.name or name)


def _part(name: str, value: Any, media: str, *, binary: bool) -> bytes:
    if isinstance(value, dict | list):
        return _headed(name, json_bytes(value), media or "application/json", None)
    if binary:
        return _headed(name, to_bytes(scalar(value)), media if media and "*" not in media else BINARY, name)
    return _headed(name, to_bytes(scalar(value)), media, None)


async def file_of(name: str, value: Mapping[str, Any], fetch: Fetch) -> FormFile:
    """Return the file that an object stands for.

    Raises:
        Refused: it cannot be read.
    """
    if "url" in value:
        return await fetch(str(value["url"]), value.get("filename"))
    try:
        content = base64.b64decode(str(value["base64"]), validate=True)
    except (binascii.Error, ValueError):
        raise Refused(f"`{name}.base64` is no base64.") from None
    return FormFile(content, value.get("filename"), None)


def _headed(name: str, content: bytes, media: str, filename: str | None) -> bytes:
    shown = f'; filename="{filename.translate(UNSAFE)}"' if filename is not None else ""
    head = f'Content-Disposition: form-data; name="{name.translate(UNSAFE)}"{shown}\r\n'
    kind = f"Content-Type: {checked_media(name, media)}\r\n" if media else ""
    return to_bytes(f"{head}{kind}\r\n") + content


def checked_media(name: str, media: str) -> str:
    """Return a type that goes into a header.

    Raises:
        Refused: it has a line end in it.
    """
    if "\r" in media or "\n" in media:
        raise Refused(f"`{name}.contentType` cannot have line ends in it.")
    return media
