"""Whether what was seen is what was expected: a part of an object, a whole list, a value, or a test."""

from __future__ import annotations

from typing import Any

from workflows.language.comparison import OPERATORS
from workflows.language.errors import TemplateError
from workflows.language.scope import Scope

TEST_KEYS = frozenset(("operator", "value"))

NOTHING: Any = object()
"""Nothing is there; told apart from null."""


def is_test(value: Any) -> bool:
    """Say whether an expected value is a test: `{operator: greater_than, value: 5}`."""
    return isinstance(value, dict) and "operator" in value and value.keys() <= TEST_KEYS


def matches(expected: Any, seen: Any, scope: Scope, *, whole: bool = False) -> bool:
    """Say whether a value is as expected; numbers and texts differ.

    Args:
        expected: a value, of whose objects parts suffice, or a test.
        seen: what was seen, or `NOTHING`.
        scope: the time and the bounds of what tests may do.
        whole: whether objects are compared whole.
    """
    if is_test(expected):
        return _holds(expected, None if seen is NOTHING else seen, scope)
    if isinstance(expected, dict):
        fits = isinstance(seen, dict) and not (whole and expected.keys() != seen.keys())
        return fits and all(matches(one, seen.get(key, NOTHING), scope, whole=whole) for key, one in expected.items())
    if isinstance(expected, list):
        fits = isinstance(seen, list) and len(expected) == len(seen)
        return fits and all(matches(one, other, scope, whole=True) for one, other in zip(expected, seen, strict=True))
    return seen is not NOTHING and isinstance(expected, bool) == isinstance(seen, bool) and bool(expected == seen)


def _holds(test: dict[str, Any], seen: Any, scope: Scope) -> bool:
    try:
        return OPERATORS[test["operator"]].holds(seen, test.get("value"), scope)
    except TemplateError:
        return False


def part_of(seen: Any, expected: Any) -> Any:
    """Return of what was seen the part that was expected, for people to look at both side by side."""
    if not isinstance(expected, dict) or is_test(expected) or not isinstance(seen, dict):
        return None if seen is NOTHING else seen
    return {key: part_of(seen[key], value) for key, value in expected.items() if key in seen}
