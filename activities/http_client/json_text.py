"""The JSON of an answer, as strictly as the standard has it, and what is odd about it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NoReturn

from activities.bounds import cut
from activities.errors import ResultTooLarge
from activities.http_client.charset import text_of
from trunkline.wire import DEEPEST, nests_deeper

JSON_TYPE = re.compile(r"\s*[\w.!#$&^-]+/([^;,\s]*\+|x-)?json\s*($|[;,])", re.IGNORECASE)
SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

MOST_VALUES = 500_000
"""Values that one answer may hold: more of them would hold up everything else in the process."""

MOST_DIGITS = 1_000

LARGE = 64 * 1024
"""Bytes from which on a body is read in a thread of its own."""

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{,]', re.DOTALL)
HALVES = dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)
LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class Json:
    """What an answer says in JSON.

    Attributes:
        value: the value.
        warnings: what is odd about it, in sentences.
    """

    value: Any
    warnings: tuple[str, ...] = ()


async def read_aside(headers: Mapping[str, str], body: bytes) -> Json | Exception | None:
    """Read a large body in a thread, where it calls itself JSON; return what that gives or raises, None for others."""
    if len(body) <= LARGE or not calls_itself_json(headers):
        return None
    return await asyncio.to_thread(_outcome, headers, body)


def _outcome(headers: Mapping[str, str], body: bytes) -> Json | Exception:
    try:
        return parsed(headers, body)
    except (ValueError, ResultTooLarge) as error:
        return error


def calls_itself_json(headers: Mapping[str, str]) -> bool:
    """Say whether an answer's header says that it is JSON."""
    return JSON_TYPE.match(headers.get("content-type", "")) is not None


def parsed(headers: Mapping[str, str], body: bytes) -> Json:
    """Return the value of a JSON text: no NaN, no infinity, no endless integers; the last of equal keys counts.

    Raises:
        ValueError: it is no such text; the message says why, without an end.
        ResultTooLarge: it nests too deeply or holds too many values to be kept.
    """
    text = text_of(headers, body, json=True)
    if not text.strip():
        raise ValueError("it is empty")
    if sum(map(text.count, "[{,")) > MOST_VALUES and _holds_more(text):
        raise ResultTooLarge(f"The request was carried out, but its answer holds more than {MOST_VALUES:,} values.")
    repeated: list[str] = []

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and not repeated:
            seen: set[str] = set()
            repeated.append(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value] # adds, and is None
        return made

    try:
        value = json.loads(
            text, parse_constant=_not_json, parse_float=_finite, parse_int=_whole, object_pairs_hook=members
        )
    except json.JSONDecodeError as error:
        raise ValueError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep() from None
    if text.count("[") + text.count("{") > DEEPEST and nests_deeper(value, DEEPEST):
        raise _too_deep()
    warnings = [
        f"The answer's JSON has the key {cut(key, LONGEST_KEY)!r} twice; the last value counts." for key in repeated
    ]
    return Json(_whole_characters(value) if SURROGATE.search(text) else value, tuple(warnings))


def _holds_more(text: str) -> bool:
    found = (match for match in TOKEN.finditer(text) if text[match.start()] != '"')
    return next(islice(found, MOST_VALUES, None), None) is not None


def _too_deep() -> ResultTooLarge:
    return ResultTooLarge(f"The request was carried out, but its answer nests deeper than {DEEPEST} levels.")


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"JSON has no {constant}")


def _whole(written: str) -> int:
    if len(written) > MOST_DIGITS:
        raise ValueError(f"{cut(written, 40)} has more than {MOST_DIGITS:,} digits")
    return int(written)


def _finite(written: str) -> float:
    value = float(written)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{cut(written, 40)} is too large a number")
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
