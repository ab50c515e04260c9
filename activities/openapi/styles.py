"""How values of parameters are written: every style of OpenAPI, the characters between values literal, values encoded.

See the tables of OpenAPI 3.0.4 and 3.1.1 (section Parameter Object) and RFC 6570.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from activities.errors import Refused
from activities.http_client.json_body import json_text
from activities.openapi.operation import Parameter

RESERVED = ":/?[]@!$'()*,;"
"""What `allowReserved` leaves as it is: `#`, `&`, `=`, `+` and `%` would begin something else."""

UNSAFE_IN_HEADER = ("\r", "\n", "\0")

SEPARATORS = {"spaceDelimited": "%20", "pipeDelimited": "%7C"}

Pairs = Iterator[tuple[str, str]]


def path_text(one: Parameter, value: Any) -> str:
    """Return what stands in a path in the place of a parameter.

    Raises:
        Refused: it is empty, `.` or `..`, each of which would lead to another address than the one that is meant.
    """
    text = _in_path(one, value)
    bare = text.lstrip(";.").partition("=")[2] if one.style == "matrix" else text
    if bare in {"", ".", ".."} or (isinstance(value, str) and value in {"", ".", ".."}):
        raise Refused(
            f"`{one.name}` is part of the address and cannot be {value!r:.60}: give it a value that names something."
        )
    return text


def _in_path(one: Parameter, value: Any) -> str:
    name = encoded(one, one.name)
    if one.media is not None:
        return encoded(one, _content(one, value))
    first = {"label": ".", "matrix": ";"}.get(one.style, "")
    between = first or ","
    if isinstance(value, list):
        items = [encoded(one, plain(item)) for item in value]
        if one.style == "matrix":
            return "".join(f";{name}={item}" for item in items) if one.explode else f";{name}={','.join(items)}"
        return first + (between if one.explode else ",").join(items)
    if isinstance(value, dict):
        members = [(encoded(one, key), encoded(one, plain(item))) for key, item in value.items()]
        if one.explode:
            return first + between.join(f"{key}={item}" for key, item in members)
        text = ",".join(f"{key},{item}" for key, item in members)
        return f";{name}={text}" if one.style == "matrix" else first + text
    text = encoded(one, plain(value))
    return f";{name}={text}" if one.style == "matrix" else first + text


def query_pairs(one: Parameter, value: Any) -> Pairs:
    """Yield the names and values that a parameter has in a query, encoded."""
    name = encoded(one, one.name, reserved=False)
    if one.media is not None:
        yield name, encoded(one, _content(one, value))
    elif one.style == "deepObject" and isinstance(value, dict | list):
        yield from ((encoded_key(key), encoded(one, text)) for key, text in bracketed(one.name, value))
    elif isinstance(value, list):
        items = [encoded(one, plain(item)) for item in value if item is not None]
        if one.explode:
            yield from ((name, item) for item in items)
        elif items:
            yield name, SEPARATORS.get(one.style, ",").join(items)
    elif isinstance(value, dict):
        members = [(encoded(one, key), encoded(one, plain(item))) for key, item in value.items() if item is not None]
        if one.explode:
            yield from members
        elif members:
            between = SEPARATORS.get(one.style, ",")
            yield name, between.join(f"{key}{between}{item}" for key, item in members)
    else:
        yield name, encoded(one, plain(value))


def header_text(one: Parameter, value: Any) -> str:
    """Return what a parameter is in a header.

    Raises:
        Refused: it has a line end in it.
    """
    text = _content(one, value) if one.media is not None else _simple(one, value)
    if any(character in text for character in UNSAFE_IN_HEADER):
        raise Refused(f"`{one.name}` goes into a header and cannot have line ends in it.")
    return text


def _simple(one: Parameter, value: Any) -> str:
    if isinstance(value, list):
        return ",".join(plain(item) for item in value)
    if isinstance(value, dict):
        sign = "=" if one.explode else ","
        return ",".join(f"{key}{sign}{plain(item)}" for key, item in value.items())
    return plain(value)


def cookie_text(one: Parameter, value: Any) -> str:
    """Return what a parameter is in the header Cookie: `name=value`, encoded."""
    if one.media is not None or not isinstance(value, list | dict):
        text = _content(one, value) if one.media is not None else plain(value)
        return f"{encoded(one, one.name)}={encoded(one, text)}"
    items = value if isinstance(value, list) else [part for member in value.items() for part in member]
    return f"{encoded(one, one.name)}={','.join(encoded(one, plain(item)) for item in items)}"


def bracketed(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the names and values of `a[b][0][c]=x`, as form APIs read them; lists are indexed, null is empty."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from bracketed(f"{name}[{key}]", item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from bracketed(f"{name}[{index}]", item)
    else:
        yield name, scalar(value)


def plain(value: Any) -> str:
    """Return a value that is no list and no object as text; what is nested deeper than its style can say is JSON."""
    return json_text(value) if isinstance(value, list | dict) else scalar(value)


def scalar(value: Any) -> str:
    """Return a plain value as text: true, false, a number as JSON has it; null is empty."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return str(getattr(value, "text", None) or json.dumps(value))


def encoded(one: Parameter, text: str, *, reserved: bool | None = None) -> str:
    """Return a text percent-encoded: of unreserved characters only, unless the parameter allows reserved ones.

    Raises:
        Refused: it has half of a character in it.
    """
    allowed = one.reserved if reserved is None else reserved
    try:
        return quote(text, safe=RESERVED if allowed else "")
    except UnicodeEncodeError:
        raise Refused(f"`{one.name}` contains half of a character (a lone surrogate).") from None


def encoded_key(key: str) -> str:
    """Return a name with brackets, which stay readable."""
    return quote(key, safe="[]", errors="replace")


def _content(one: Parameter, value: Any) -> str:
    kind = (one.media or "").partition(";")[0].strip().lower()
    if kind in {"", "*/*", "application/json"} or kind.endswith("+json") or not isinstance(value, str):
        return json_text(value)
    return value
