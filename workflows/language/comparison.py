"""The operators of conditions: each compares two plain JSON values and says what it found."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trunkline.durations import duration
from trunkline.regex.bounded import CostlyError, PatternError, check_length, compiled, cost
from workflows.language.errors import TemplateError
from workflows.language.instants import moment, nanoseconds
from workflows.language.scope import Scope
from workflows.language.values import equal, is_number, json_number_in, number_in, plainly_equal, shown, text


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator.

    Attributes:
        holds: compares the field's value with the condition's.
        fails: says what is not so, as the rest of a sentence: "not greater than".
        is_so: says what is so, for `not`.
        takes_value: whether the condition has a `value`.
    """

    holds: Callable[[Any, Any, Scope], bool]
    fails: str
    is_so: str
    takes_value: bool = True


def loosely_equal(left: Any, right: Any) -> bool:
    """Compare two scalars: a numeric text equals the number it is, two ISO 8601 texts are equal as instants."""
    if isinstance(left, str) and isinstance(right, str):
        if left == right:
            return True
        first = nanoseconds(left)
        return first is not None and first == nanoseconds(right)
    if is_number(left) and isinstance(right, str):
        return bool(left == json_number_in(right))
    if is_number(right) and isinstance(left, str):
        return bool(right == json_number_in(left))
    return plainly_equal(left, right)


def _number(value: Any) -> int | float | None:
    """Return a number, also one that is written as a text."""
    if isinstance(value, str):
        return number_in(value)
    return value if is_number(value) else None


def ordered(left: Any, right: Any) -> tuple[Any, Any] | None:
    """Return two values in a form that Python can order; None where they have no order.

    Numbers, also where they are written as texts; then two instants; then two other texts.
    """
    numbers = _number(left), _number(right)
    if None not in numbers:
        return numbers
    if not isinstance(left, str) or not isinstance(right, str):
        return None
    instants = nanoseconds(left), nanoseconds(right)
    return (left, right) if None in instants else instants


def _equals(left: Any, right: Any, scope: Scope) -> bool:
    return equal(left, right, scope, loosely_equal)


def _order(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Scope], bool]:
    def run(left: Any, right: Any, scope: Scope) -> bool:
        scope.spend(32)
        pair = ordered(left, right)
        return pair is not None and holds(*pair)

    return run


def _contains(left: Any, right: Any, scope: Scope) -> bool:
    if isinstance(left, list):
        return any(_equals(element, right, scope) for element in left)
    pair = texts(left, right, scope)
    if pair is None:
        return False
    scope.spend(len(pair[0]) + len(pair[1]))
    return pair[1] in pair[0]


def texts(left: Any, right: Any, scope: Scope) -> tuple[str, str] | None:
    """Return two values as texts, of numbers the text that they are; None where one has none."""
    if not all(isinstance(side, str) or is_number(side) for side in (left, right)):
        return None
    return text(left, scope), text(right, scope)


def _in(left: Any, right: Any, scope: Scope) -> bool:
    return isinstance(right, list) and any(_equals(left, element, scope) for element in right)


def _starts_with(left: Any, right: Any, scope: Scope) -> bool:
    pair = texts(left, right, scope)
    return pair is not None and pair[0].startswith(pair[1])


def _ends_with(left: Any, right: Any, scope: Scope) -> bool:
    pair = texts(left, right, scope)
    return pair is not None and pair[0].endswith(pair[1])


def _matches(left: Any, right: Any, scope: Scope) -> bool:
    pair = texts(left, right, scope)
    if pair is None or pattern_fault(pair[1]):
        return False
    left, right = pair
    pattern, data = compiled(right), left.encode("utf-8", "replace")
    try:
        scope.spend(1000 + cost(pattern, data, shown=shown(right), characters=len(left)) // 5)
    except CostlyError as error:
        raise TemplateError(str(error)) from None
    return pattern.search(data) is not None


def pattern_fault(pattern: str) -> str | None:
    """Say what is wrong with a pattern of `matches`, None where nothing is."""
    try:
        check_length(pattern)
        compiled(pattern)
    except PatternError as error:
        return str(error)
    return None


def _exists(left: Any, _right: Any, _scope: Scope) -> bool:
    return left is not None


def _is_empty(left: Any, _right: Any, _scope: Scope) -> bool:
    return left is None or (isinstance(left, str | list | dict) and not left)


def instant_of(value: Any) -> datetime | None:
    """Return the instant that a value is, None where it is none."""
    try:
        return moment(value)
    except OverflowError:
        return None


def age_of(value: Any) -> timedelta | None:
    """Return the duration that an age is compared with, None where a value is none."""
    try:
        return timedelta(milliseconds=duration(value))
    except (ValueError, OverflowError):
        return None


def _aged(holds: Callable[[Any, Any], bool]) -> Callable[[Any, Any, Scope], bool]:
    def run(left: Any, right: Any, scope: Scope) -> bool:
        scope.spend(64)
        instant, age = instant_of(left), age_of(right)
        return instant is not None and age is not None and holds(scope.now - instant, age)

    return run


def _never(_left: Any, _right: Any, _scope: Scope) -> bool:
    return False


def _negated(holds: Callable[[Any, Any, Scope], bool]) -> Callable[[Any, Any, Scope], bool]:
    return lambda left, right, scope: not holds(left, right, scope)


OPERATORS = {
    "equals": Operator(_equals, "not", "is"),
    "not_equals": Operator(_negated(_equals), "which it must not be:", "is not"),
    "contains": Operator(_contains, "which does not contain", "contains"),
    "not_contains": Operator(_negated(_contains), "which contains", "does not contain"),
    "starts_with": Operator(_starts_with, "which does not start with", "starts with"),
    "ends_with": Operator(_ends_with, "which does not end with", "ends with"),
    "matches": Operator(_matches, "which does not match", "matches"),
    "greater_than": Operator(_order(operator.gt), "not greater than", "is greater than"),
    "greater_or_equal": Operator(_order(operator.ge), "not greater than or equal to", "is at least"),
    "less_than": Operator(_order(operator.lt), "not less than", "is less than"),
    "less_or_equal": Operator(_order(operator.le), "not less than or equal to", "is at most"),
    "in": Operator(_in, "which is not in", "is in"),
    "not_in": Operator(_negated(_in), "which is in", "is not in"),
    "older_than": Operator(_aged(operator.gt), "not older than", "is older than"),
    "newer_than": Operator(_aged(operator.lt), "not newer than", "is newer than"),
    "during": Operator(_never, "not during", "is during"),
    "exists": Operator(_exists, "", "exists", takes_value=False),
    "is_empty": Operator(_is_empty, "which is not empty", "is empty", takes_value=False),
}

AGES = ("older_than", "newer_than")
DURING = "during"
"""The operator whose hours are read when a condition is compiled, which puts what it does in place of `_never`."""

TIMES = (*AGES, DURING)
"""Operators that look at an instant."""

ORDERS = ("greater_than", "greater_or_equal", "less_than", "less_or_equal")
TEXT_ONLY = ("starts_with", "ends_with", "matches")
