"""Says in a sentence why a condition does not hold, or holds where it must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.language.comparison import OPERATORS, ORDERS, TEXT_ONLY, ordered, pattern_fault
from workflows.language.values import shown

LISTED = 5
"""Elements of a list that a sentence still names one by one."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Why a condition does not hold.

    Attributes:
        field: the path that was looked at; empty where it is not one test that fails.
        operator: how it was compared, or `all`, `any`, `not`.
        expected: the condition's value.
        actual: the field's value, null where it is missing.
        sentence: all of this for a person: "`call.waiting_time` is 5, not greater than 60."
    """

    field: str
    operator: str
    expected: Any
    actual: Any
    sentence: str


def why_not(field: str, name: str, actual: Any, expected: Any) -> str:
    """Say why a test does not hold."""
    if name == "exists":
        return f"`{field}` is missing."
    found = "missing" if actual is None and name != "not_equals" else listed(actual)
    if name in {"is_empty", "not_equals"}:
        return f"`{field}` is {found}, which {'is not empty' if name == 'is_empty' else 'it must not be'}."
    if obstacle := _obstacle(name, actual, expected):
        return f"`{field}` is {found}, {obstacle}."
    return f"`{field}` is {found}, {OPERATORS[name].fails} {listed(expected)}."


def _obstacle(name: str, actual: Any, expected: Any) -> str | None:
    """Say what makes two values impossible to compare, if anything does."""
    if name == "matches" and isinstance(expected, str) and (fault := pattern_fault(expected)):
        return f"and {shown(expected)} is no pattern: {fault}"
    if name in {"in", "not_in"} and not isinstance(expected, list):
        return f"and {listed(expected)} is no list"
    if actual is None:
        return None
    texts = isinstance(actual, str) and isinstance(expected, str)
    if name in ORDERS and ordered(actual, expected) is None:
        return f"which has no order with {listed(expected)}"
    if (name in TEXT_ONLY and not texts) or (name == "contains" and not texts and not isinstance(actual, list)):
        return f"and `{name}` cannot compare that with {listed(expected)}"
    return None


def unjudgeable(name: str, actual: Any, expected: Any) -> bool:
    """Say whether two values cannot be compared at all, or there is nothing to compare."""
    nothing = actual is None and (name in ORDERS or name in TEXT_ONLY)
    return nothing or _obstacle(name, actual, expected) is not None


def why(field: str, name: str, actual: Any, expected: Any) -> str:
    """Say that a test holds although it must not."""
    operator = OPERATORS[name]
    if not operator.takes_value:
        return f"`{field}` {operator.is_so}, and must not."
    found = "" if name in {"equals", "not_equals"} else f" is {listed(actual)}, which"
    return f"`{field}`{found} {operator.is_so} {listed(expected)}, and must not."


def listed(value: Any) -> str:
    """Return a value for a sentence; a short list with its elements."""
    if (
        isinstance(value, list)
        and 0 < len(value) <= LISTED
        and not any(isinstance(part, list | dict) for part in value)
    ):
        return f"[{', '.join(shown(part, 40) for part in value)}]"
    return shown(value)
