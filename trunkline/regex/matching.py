"""What JavaScript's `RegExp.prototype.exec` finds in a text, by RE2 and within bounds."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, NamedTuple

from trunkline.regex.bounded import CostlyError, PatternError, check_length, compiled, cost
from trunkline.regex.javascript import translated

__all__ = ["CostlyError", "PatternError", "RegexMatch", "check_pattern", "first_match", "match_cost"]

CONTINUES = range(0x80, 0xC0)
"""Bytes of UTF-8 that begin no character."""

SHOWN = 80


class RegexMatch(NamedTuple):
    """What was found.

    Attributes:
        match: the text that the whole pattern matched.
        captures: what its groups captured, in the order of their brackets; None for one that took no part.
        position: where the match begins, in UTF-16 code units as JavaScript counts.
    """

    match: str
    captures: list[str | None]
    position: int


@functools.lru_cache(maxsize=256)
def _program(pattern: str, flags: str) -> Any:
    check_length(pattern)
    return compiled(translated(pattern, flags), captures=True)


def check_pattern(pattern: str, flags: str = "") -> None:
    """Refuse a pattern that cannot be searched for.

    Raises:
        PatternError: it is no pattern of JavaScript's, RE2 cannot express it, or it is too large.
    """
    _program(pattern, flags)


def match_cost(pattern: str, flags: str, text: str) -> int:
    """Return what a search costs at most, in instructions of RE2.

    Raises:
        PatternError: see `check_pattern`.
        CostlyError: it would take too long.
    """
    shown = pattern if len(pattern) <= SHOWN else f"{pattern[: SHOWN - 1]}…"
    return cost(_program(pattern, flags), text.encode("utf-8", "replace"), shown=f'"{shown}"', characters=len(text))


def first_match(pattern: str, flags: str, text: str) -> RegexMatch | None:
    """Return the first match in a text, None where there is none.

    Raises:
        PatternError: see `check_pattern`.
        CostlyError: it would take too long.
    """
    match_cost(pattern, flags, text)
    searched = text.replace("\r", "\n") if "m" in flags else text
    data = searched.encode("utf-8", "replace")
    program = _program(pattern, flags)
    found = program.search(data)
    while found is not None and found.start() < len(data) and data[found.start()] in CONTINUES:
        found = program.search(data, found.start() + 1)  # `\B` holds within a character too, as RE2 sees bytes
    if found is None:
        return None
    spans = [found.span(number) for number in range(found.re.groups + 1)]
    places = _places(data, spans)
    texts = [None if start < 0 else text[places[start] : places[end]] for start, end in spans]
    before = text[: places[spans[0][0]]]
    return RegexMatch(texts[0] or "", texts[1:], len(before.encode("utf-16-le", "surrogatepass")) // 2)


def _places(data: bytes, spans: list[tuple[int, int]]) -> Mapping[int, int]:
    """Return the character at which each byte stands that a span begins or ends with."""
    found = {}
    last = characters = 0
    for place in sorted({place for span in spans for place in span if place >= 0}):
        characters += len(data[last:place].decode("utf-8", "replace"))
        found[place] = characters
        last = place
    return found
