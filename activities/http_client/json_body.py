"""JSON as it goes out: numbers as RFC 8785 writes them, so that configs of one digest are sent as the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import rfc8785

from activities.errors import Refused

EXACT = 2**53
"""Below it a whole number is the same number to every receiver; the seal of a request takes no larger integer."""

escaped = json.JSONEncoder(ensure_ascii=False).encode


def json_bytes(value: Any) -> bytes:
    """Return a value as compact JSON in UTF-8; see `json_text`."""
    return to_bytes(json_text(value))


def json_text(value: Any) -> str:
    """Return a value as compact JSON, keys in their order.

    A number is written as RFC 8785 says (1.0 as 1, 1e21 as 1e+21); only integers keep all their digits, also those of
    2^53 and more, which no request that people approve can have.

    Raises:
        Refused: it has no JSON form, such as an infinite number.
    """
    try:
        return "".join(_written(value))
    except rfc8785.FloatDomainError:
        raise Refused(
            "The body has no JSON form: it contains a number that JSON cannot hold (infinite, or not a number)."
        ) from None
    except (ValueError, TypeError, RecursionError) as error:
        raise Refused(f"The body has no JSON form: {error}.") from None


def to_bytes(value: str) -> bytes:
    """Return UTF-8; half a character (a lone surrogate, as cut-off emoji leave it) becomes U+FFFD, as in browsers."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def with_whole_numbers(value: Any) -> Any:
    """Return a config in which a number that is whole is an integer, as it reads in the form that is sealed.

    So a contract sees the same value, whichever way the number was written: 1.0 is 1.
    """
    if isinstance(value, dict):
        return {key: with_whole_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_whole_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _written(value: Any) -> Iterator[str]:
    if value is None or isinstance(value, bool | str):
        yield escaped(value)
    elif isinstance(value, int):
        yield int.__repr__(value)
    elif isinstance(value, float):
        yield rfc8785.dumps(float(value)).decode()
    elif isinstance(value, Mapping):
        separator = "{"
        for key, item in value.items():
            yield f"{separator}{escaped(_key(key))}:"
            yield from _written(item)
            separator = ","
        yield "{}" if separator == "{" else "}"
    elif isinstance(value, list | tuple):
        separator = "["
        for item in value:
            yield separator
            yield from _written(item)
            separator = ","
        yield "[]" if separator == "[" else "]"
    else:
        raise TypeError(f"JSON has no {type(value).__name__}")


def _key(key: Any) -> str:
    if isinstance(key, str):
        return key
    if key is None or isinstance(key, bool | int | float):
        return json_text(key)
    raise TypeError(f"no key of JSON is a {type(key).__name__}")
