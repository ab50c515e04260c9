"""How values are written into an address: in its path, and in its query (and so in forms)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote

from activities.errors import Refused

Arrays = Literal["repeat", "brackets", "comma"]
"""How a list is written: `tag=a&tag=b`, `tag[]=a&tag[]=b`, or `tag=a,b`."""


def segment(name: str, value: Any) -> str:
    """Return a value as it stands in a path, every character that means something there percent-encoded.

    Raises:
        Refused: it is empty, `.` or `..`, each of which would lead to another address than the one that is meant.
    """
    text = "" if value is None else _text(name, value)
    if text in {"", ".", ".."}:
        raise Refused(f"`{name}` is part of the address and cannot be {text!r}: give it a value that names something.")
    return _quoted(name, text)


def query_text(values: Mapping[str, Any], arrays: Arrays) -> str:
    """Return names and values as a query; null leaves a name out.

    Raises:
        Refused: a value is an object, or a list of more than plain values.
    """
    return "&".join(f"{_quoted(name, name)}={text}" for name, text in _pairs(values, arrays))


def _pairs(values: Mapping[str, Any], arrays: Arrays) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if not isinstance(value, list | tuple):
            if value is not None:
                yield name, _quoted(name, _text(name, value))
            continue
        items = [_quoted(name, _text(name, item)) for item in value if item is not None]
        if arrays != "comma":
            yield from ((f"{name}[]" if arrays == "brackets" else name, item) for item in items)
        elif items:
            yield name, ",".join(items)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Refused(f"`{name}` is part of the address: it must be a text, a number or a truth value.")


def _quoted(name: str, text: str) -> str:
    try:
        return quote(text, safe="")
    except UnicodeEncodeError:
        raise Refused(f"`{name}` contains half of a character (a lone surrogate).") from None
