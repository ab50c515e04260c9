"""Filters that read something out of a text: what a pattern finds in it, and the value that it is as JSON."""

from __future__ import annotations

from typing import Any

from trunkline.regex.matching import CostlyError, PatternError, check_pattern, first_match, match_cost
from trunkline.strict_json import JsonError, read_json
from workflows.language.filters.contract import Filter, FilterValueError, a_text
from workflows.language.scope import ABSENT, Scope
from workflows.language.values import is_number, shown


def _pattern_fault(pattern: Any, flags: Any, fault: PatternError) -> FilterValueError:
    written = f"{shown(pattern)} with the flags {shown(flags)}" if flags else shown(pattern)
    return FilterValueError(
        f"{written} is no pattern: {fault}", "Patterns are JavaScript's, without look-around and back references."
    )


def _judge(pattern: Any, flags: Any = "") -> None:
    """Refuse a pattern and flags that are constant and can never work."""
    if not isinstance(pattern, str) or not isinstance(flags, str):
        wrong = flags if isinstance(pattern, str) else pattern
        raise FilterValueError(f"a pattern and its flags are texts, and {shown(wrong)} is none", "Put it in quotes.")
    try:
        check_pattern(pattern, flags)
    except PatternError as fault:
        raise _pattern_fault(pattern, flags, fault) from None


def _match(scope: Scope, value: Any, pattern: Any, flags: Any = "") -> Any:
    if not isinstance(value, str) and not is_number(value):
        return None
    text, pattern, flags = a_text(value, scope), a_text(pattern, scope), a_text(flags, scope)
    try:
        scope.spend(1000 + match_cost(pattern, flags, text) // 5)
        found = first_match(pattern, flags, text)
    except PatternError as fault:
        raise _pattern_fault(pattern, flags, fault) from None
    except CostlyError as error:
        raise FilterValueError(str(error).rstrip(".")) from None
    if found is None:
        return None
    return {"match": found.match, "captures": found.captures, "index": found.position, "original": text}


def _parse_json(scope: Scope, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = a_text(value, scope)
    scope.spend(len(text) + 4 * sum(map(text.count, "[{,")))
    try:
        return read_json(text)
    except JsonError:
        return ABSENT


READING = {
    "match": Filter(_match, 1, 2, judge=_judge),
    "parse_json": Filter(_parse_json),
}
