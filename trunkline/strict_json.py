"""JSON as its standard has it: no NaN, no infinity, no endless integers, no halves of characters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, NoReturn

from trunkline.wire import DEEPEST, nests_deeper

MOST_DIGITS = 1_000
SHOWN = 40
"""Characters of the longest number that a sentence shows whole; nothing is cut, as a part could be of a secret."""

SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
HALVES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)

Members = Callable[[list[tuple[str, Any]]], dict[str, Any]]


class JsonError(ValueError):
    """A text is no JSON; the message says why, as the rest of a sentence without its end."""


class JsonTooDeepError(JsonError):
    """A JSON value nests deeper than anything sensible does."""


def read_json(text: str, members: Members = dict) -> Any:
    """Return the value of a JSON text; whole numbers of any size are exact, the last of equal keys counts.

    Args:
        text: the text; half of a character in it becomes U+FFFD.
        members: makes an object of its keys and values.

    Raises:
        JsonError: it is no JSON.
        JsonTooDeepError: it nests deeper than 100 levels.
    """
    if not text.strip():
        raise JsonError("it is empty")
    try:
        value = json.loads(
            text, parse_constant=_not_json, parse_float=_finite, parse_int=_whole, object_pairs_hook=members
        )
    except json.JSONDecodeError as error:
        raise JsonError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and nests_deeper(value, DEEPEST):
        raise _too_deep()
    return _whole_characters(value) if SURROGATE.search(text) else value


def _too_deep() -> JsonTooDeepError:
    return JsonTooDeepError(f"it nests deeper than {DEEPEST} levels")


def _not_json(constant: str) -> NoReturn:
    raise JsonError(f"JSON has no {constant}")


def _whole(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise JsonError(f"a number has more than {MOST_DIGITS:,} digits")
    return int(written)


def _finite(written: str) -> float:
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise JsonError(f"{written if len(written) <= SHOWN else 'this'} is too large a number")
    return value


def _whole_characters(value: Any) -> Any:
    """Return a value whose texts have U+FFFD for every half of a character, which no JSON in UTF-8 can hold."""
    match value:
        case str():
            return value.translate(HALVES)
        case dict():
            return {_whole_characters(key): _whole_characters(item) for key, item in value.items()}
        case list():
            return [_whole_characters(item) for item in value]
    return value
