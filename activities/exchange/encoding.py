"""How a request's body and query are written: as JSON, as a form, or as the raw text that an author gives."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from activities.action import SyntaxName
from activities.errors import Refused
from activities.exchange.body import nested, pairs, plain
from activities.http_client.json_body import json_bytes, to_bytes


def begins_like_json(text: str) -> bool:
    """Say whether a text begins like JSON and not like a variable."""
    text = text.lstrip()
    return text.startswith(("{", "[", '"')) and not text.startswith(("{{", "{%"))


def written_syntax(body: Any, *, form: bool) -> SyntaxName | None:
    """Return the syntax of a raw body as its author wrote it, or None for plain text and for what is no text."""
    if not isinstance(body, str):
        return None
    if form:
        return "url"
    return "json" if begins_like_json(body) else None


def encoded(body: Any, headers: Mapping[str, str], *, form: bool = False) -> tuple[bytes | None, str]:
    """Return the bytes of a body and their content type; no bytes where the body is null.

    Raises:
        Refused: a value is not of its format or has no place in the encoding; or a raw text should be JSON and is none.
    """
    if body is None:
        return None, ""
    if isinstance(body, str):
        return raw_text(body, headers, form=form)
    if form:
        return form_body(body), "application/x-www-form-urlencoded"
    return json_body(body), "application/json"


def raw_text(text: str, headers: Mapping[str, str], *, form: bool) -> tuple[bytes, str]:
    """Return a raw body as it is; one that begins like JSON must be JSON, unless a header says that it is not meant to.

    Raises:
        Refused: it is none.
    """
    if form:
        return to_bytes(text), "application/x-www-form-urlencoded"
    own = next((value.lower() for name, value in headers.items() if name.lower() == "content-type"), "json")
    if "json" not in own or not begins_like_json(text):
        return to_bytes(text), "text/plain; charset=utf-8"
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Refused(
            f"The body begins like JSON but is not: {error}. If it is meant to be other text, say so with a header "
            "Content-Type."
        ) from None
    return to_bytes(text), "application/json"


def json_body(body: Any) -> bytes:
    """Return a body as JSON, its own keys nested at their dots.

    Raises:
        Refused: a value is not of its format, or has no JSON form.
    """
    items = pairs(body)
    return json_bytes(body if items is None else nested(items))


def form_body(body: Any) -> bytes:
    """Return a body as an HTML form: keys as written, lists as repeated keys, null as an empty value.

    Raises:
        Refused: it has no keys, or a value is an object.
    """
    items = pairs(body)
    if items is None:
        raise Refused("A form is made of keys and values: write the body as an object or as a list of entries.")
    return query_text(items, keep_null=True).encode()


def query_text(items: Iterable[tuple[str, Any]], *, keep_null: bool = False) -> str:
    """Return keys and values in the encoding that query strings and forms share.

    Raises:
        Refused: a value is an object, or a list of more than plain values.
    """
    written: list[tuple[str, bytes]] = []
    for key, value in items:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, Mapping | list):
                raise Refused(f"{key!r} holds an object, which has no place here: write the keys one by one.")
            if isinstance(item, float) and not math.isfinite(item):
                raise Refused(f"{key!r} is no finite number.")
            if item is not None or keep_null:
                written.append((key, to_bytes(plain(item))))
    return urlencode([(to_bytes(key), value) for key, value in written])
