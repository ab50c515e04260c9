"""Says in a sentence why a condition does not hold, or holds where it must not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workflows.language.comparison import (
    AGES,
    OPERATORS,
    ORDERS,
    TEXT_ONLY,
    TIMES,
    age_of,
    instant_of,
    ordered,
    pattern_fault,
)
from workflows.language.scope import Missing
from workflows.language.values import is_number, shown

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
    if name in TIMES:
        return _no_time(name, actual, expected)
    if actual is None:
        return None
    return _no_comparison(name, actual, expected)


def _no_comparison(name: str, actual: Any, expected: Any) -> str | None:
    plain = all(isinstance(side, str) or is_number(side) for side in (actual, expected))
    if name in ORDERS and ordered(actual, expected) is None:
        return f"which has no order with {listed(expected)}"
    if (name in TEXT_ONLY and not plain) or (name == "contains" and not plain and not isinstance(actual, list)):
        return f"and `{name}` cannot compare that with {listed(expected)}"
    return None


def _no_time(name: str, actual: Any, expected: Any) -> str | None:
    """Say what makes it impossible to compare an instant with a duration or with hours, if anything does."""
    if name in AGES and age_of(expected) is None:
        return f"and {listed(expected)} is no duration"
    return None if actual is None or instant_of(actual) is not None else "which is no instant"


@dataclass(frozen=True, slots=True)
class Observation:
    """What one test looked at.

    Attributes:
        field: the path that its author wrote.
        value: the path that its value is, where it is one.
        name: the operator, without `not_`.
        phrase: the operator as it counts here: `not_in`, or `not` over `in`.
        negative: whether the condition is nearer to holding where the comparison is not so.
    """

    field: str
    value: str | None
    name: str
    phrase: str
    negative: bool


def undecided(looked: Observation, actual: Any, expected: Any) -> str | None:
    """Say of a comparison that is not so whether that says anything: the path that is to blame, and why.

    Where nothing is there to compare, only what holds for that reason must be said; where types do not fit, either.
    """
    verdict = "holds" if looked.negative else "does not hold"
    if looked.name == "in" and not isinstance(expected, list):
        why = "is missing" if expected is None else f"is {shown(expected)} and no list"
        return f"{looked.value or looked.field} {why}, so {looked.phrase} {verdict}"
    absent = isinstance(actual, Missing) or (actual is None and looked.name != "equals")
    if absent:
        return f"{looked.field} is missing, so {looked.phrase} {verdict}" if looked.negative else None
    if expected is None and looked.value is not None:
        return f"{looked.value} is missing, so {looked.phrase} {verdict}" if looked.negative else None
    obstacle = _other_type(actual, expected) if looked.name == "equals" else _obstacle(looked.name, actual, expected)
    return f"{looked.field} is {listed(actual)}, {obstacle}, so {looked.phrase} {verdict}" if obstacle else None


def _other_type(actual: Any, expected: Any) -> str | None:
    """Say that two values can never be equal, because one is a boolean, a list or an object and the other is not."""
    if actual is None or expected is None:
        return None
    kinds = [next((kind for kind in (bool, list, dict) if isinstance(side, kind)), None) for side in (actual, expected)]
    return None if kinds[0] is kinds[1] else f"which never equals {listed(expected)}"


def unjudgeable(name: str, actual: Any, expected: Any) -> bool:
    """Say whether two values cannot be compared at all, or there is nothing to compare."""
    nothing = actual is None and name in (*ORDERS, *TEXT_ONLY, *TIMES)
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
