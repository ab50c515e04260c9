"""The JSON of an answer, as strictly as the standard has it, and what is odd about it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from activities.bounds import cut
from activities.errors import ResultTooLarge
from activities.http_client.charset import text_of
from trunkline.strict_json import JsonTooDeepError, read_json
from trunkline.wire import DEEPEST

JSON_TYPE = re.compile(r"\s*[\w.!#$&^-]+/([^;,\s]*\+|x-)?json\s*($|[;,])", re.IGNORECASE)

MOST_VALUES = 500_000
"""Values that one answer may hold: more of them would hold up everything else in the process."""

LARGE = 64 * 1024
"""Bytes from which on a body is read in a thread of its own."""

TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{,]', re.DOTALL)
LONGEST_KEY = 60


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """What an answer says in JSON.

    Attributes:
        value: the value.
        warnings: what is odd about it, in sentences.
    """

    value: Any
    warnings: tuple[str, ...] = ()


async def read_aside(headers: Mapping[str, str], body: bytes) -> JsonAnswer | Exception | None:
    """Read a large body in a thread, where it calls itself JSON; return what that gives or raises, None for others."""
    if len(body) <= LARGE or not calls_itself_json(headers):
        return None
    return await asyncio.to_thread(_outcome, headers, body)


def _outcome(headers: Mapping[str, str], body: bytes) -> JsonAnswer | Exception:
    try:
        return parsed(headers, body)
    except (ValueError, ResultTooLarge) as error:
        return error


def calls_itself_json(headers: Mapping[str, str]) -> bool:
    """Say whether an answer's header says that it is JSON."""
    return JSON_TYPE.match(headers.get("content-type", "")) is not None


def parsed(headers: Mapping[str, str], body: bytes) -> JsonAnswer:
    """Return the value of a JSON text: no NaN, no infinity, no endless integers; the last of equal keys counts.

    Raises:
        ValueError: it is no such text; the message says why, without an end.
        ResultTooLarge: it nests too deeply or holds too many values to be kept.
    """
    text = text_of(headers, body, json=True)
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
        value = read_json(text, members)
    except JsonTooDeepError:
        raise ResultTooLarge(
            f"The request was carried out, but its answer nests deeper than {DEEPEST} levels."
        ) from None
    warnings = [
        f"The answer's JSON has the key {cut(key, LONGEST_KEY)!r} twice; the last value counts." for key in repeated
    ]
    return JsonAnswer(value, tuple(warnings))


def _holds_more(text: str) -> bool:
    found = (match for match in TOKEN.finditer(text) if text[match.start()] != '"')
    return next(islice(found, MOST_VALUES, None), None) is not None
