"""Keep's conditions as ours: `if`, the older `condition`, and a trigger's `filters` and `cel`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from trunkline.durations import spell
from workers.importing.keep.expressions import (
    Expression,
    KeepCall,
    KeepComparison,
    KeepJunction,
    KeepReference,
    Literal,
    parsed,
)
from workers.importing.keep.scope import KeepScope
from workers.importing.keep.texts import expression_of, firing_since, seconds_of, text_of
from workers.importing.unsaid import UnsayableError

BUSINESS = "business"
"""Name of the hours of `keep.is_business_hours`."""

SEVERITIES = ("low", "info", "warning", "high", "critical")
"""Keep's severities in their order; `error` is another word for `high`."""

_OPERATORS = {"==": "equals", "!=": "not_equals", "in": "in", "not in": "not_in"}
_ORDERS = {">": "greater_than", ">=": "greater_or_equal", "<": "less_than", "<=": "less_or_equal"}
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}
_METHODS = {"contains": "contains", "startsWith": "starts_with", "endsWith": "ends_with", "matches": "matches"}
_AGES = {"datetime_compare", "get_firing_time"}
_REGEX = re.compile(r"r(['\"])(.*)\1", re.DOTALL)

Conditions = dict[str, Any]


@dataclass(slots=True)
class Needs:
    """What conditions need around them.

    Attributes:
        hours: hours of a week by name.
        before: steps that run first.
        taken: names of variables that are taken.
    """

    hours: dict[str, Any] = field(default_factory=dict)
    before: list[dict[str, Any]] = field(default_factory=list)
    taken: dict[str, None] = field(default_factory=dict)

    def variable(self, name: str) -> str:
        """Return a name for a variable that is not taken yet."""
        free = next(
            one for number in count(1) if (one := name if number == 1 else f"{name}_{number}") not in self.taken
        )
        self.taken[free] = None
        return free


def condition_of(text: Any, scope: KeepScope, needs: Needs) -> Conditions:
    """Return the conditions that an `if` is.

    Args:
        text: what stands there.
        scope: what its names mean.
        needs: where hours and steps that it needs are put.

    Raises:
        UnsayableError: it has no word here.
    """
    return _conditions(parsed(str(text)), scope, needs)


def filters_of(filters: Any, scope: KeepScope) -> list[Conditions]:
    """Return the conditions of a trigger's `filters`: each a key of the alert, and a value or a pattern `r"…"`."""
    found: list[Conditions] = []
    for one in filters if isinstance(filters, list) else []:
        if not isinstance(one, Mapping) or "key" not in one:
            raise UnsayableError("A filter has a `key` and a `value`.")
        key, value = str(one["key"]), one.get("value")
        path = scope.path(("alert", *key.split(".")))
        pattern = _REGEX.fullmatch(value.strip()) if isinstance(value, str) else None
        if pattern is not None and pattern[2] in {".*", ".+"}:
            continue
        if pattern is not None:
            field = f"{{{{{path} | json}}}}" if key == "source" else path
            test: Conditions = {"field": field, "operator": "matches", "value": pattern[2]}
        else:
            test = {"field": path, "operator": "contains" if key == "source" else "equals", "value": value}
        found.append({"not": test} if one.get("exclude") is True else test)
    return found


def older_of(conditions: Any, scope: KeepScope, needs: Needs) -> list[Conditions]:
    """Return the conditions of the older key `condition`: a list of asserts and thresholds, all of which must hold."""
    listed = conditions if isinstance(conditions, list) else [conditions]
    return [_conditions(older(one), scope, needs) for one in listed]


def older(one: Any) -> Expression:
    """Return one assert or threshold as an expression."""
    if not isinstance(one, Mapping):
        raise UnsayableError("A `condition` is an object with a `type`.")
    if one.get("type") == "assert":
        return parsed(str(one.get("assert", "")))
    if one.get("type") != "threshold":
        raise UnsayableError(f"A condition of type {one.get('type')!r} has no word here.")
    bounds = [text.strip() for text in str(one.get("compare_to", "")).split(",")]
    try:
        numbers = [float(text.removesuffix("%")) for text in bounds]
    except ValueError:
        raise UnsayableError(f"The threshold {one.get('compare_to')!r} is no number.") from None
    below = one.get("compare_type") == "lt"
    bound = max(numbers) if below else min(numbers)
    return KeepComparison(parsed(str(one.get("value", ""))), "<" if below else ">", Literal(_whole(bound)))


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() else number


def _conditions(found: Expression, scope: KeepScope, needs: Needs) -> Conditions:
    if isinstance(found, KeepJunction):
        parts = [_conditions(one, scope, needs) for one in found.parts]
        return {"not": parts[0]} if found.word == "not" else {"all" if found.word == "and" else "any": parts}
    if isinstance(found, KeepComparison):
        return _compared(found, scope)
    if isinstance(found, KeepCall):
        return _called(found, scope, needs)
    if isinstance(found, Literal):
        if isinstance(found.value, str) and "{{" in found.value:
            return _there(text_of(found.value, scope)[2:-2].strip())
        return {"all": []} if found.value not in {"", "false", "False"} and found.value else {"any": []}
    if isinstance(found, KeepReference):
        alias = scope.aliases.get(str(found.way[0])) if len(found.way) == 1 else None
        return _conditions(alias, scope, needs) if alias is not None else _there(expression_of(found, scope))
    raise UnsayableError("A choice between two values is no condition.")


def _there(expression: str) -> Conditions:
    """Say that a value is neither missing, nor empty, nor false, which is what Keep asks by naming it."""
    return {"field": f"{{{{{expression} | default: ''}}}}", "operator": "not_equals", "value": ""}


def _called(found: KeepCall, scope: KeepScope, needs: Needs) -> Conditions:
    if found.name == "is_business_hours":
        needs.hours[BUSINESS] = _hours(found)
        return {"field": "now", "operator": "during", "value": BUSINESS}
    if found.name == "is_first_time" and found.arguments:
        return _first(found, scope, needs)
    if found.name in _METHODS and len(found.arguments) == 2:  # noqa: PLR2004 - the text, and what is in it
        return _test(found.arguments[0], _METHODS[found.name], found.arguments[1], scope)
    if found.name in {"len", "length"}:
        return {"field": f"{{{{{expression_of(found, scope)}}}}}", "operator": "greater_than", "value": 0}
    if found.name == "has" and found.arguments:
        return {"field": _field(found.arguments[0], scope), "operator": "exists"}
    return _there(expression_of(found, scope))


def _first(found: KeepCall, scope: KeepScope, needs: Needs) -> Conditions:
    span = found.arguments[1].value if len(found.arguments) > 1 and isinstance(found.arguments[1], Literal) else "24h"
    name = needs.variable("first_time")
    key = f"first/{{{{{expression_of(found.arguments[0], scope)}}}}}"
    config = {"key": key, "value": True, "for": span, "onlyIf": "absent"}
    needs.before.append({"label": "Is it the first time?", "actionType": "remember", "config": config, "saveAs": name})
    return {"field": f"variables.{name}.first", "operator": "equals", "value": True}


def _hours(found: KeepCall) -> dict[str, Any]:
    named = {name: value.value for name, value in found.named if isinstance(value, Literal)}
    start, end = named.get("start_hour", 8), named.get("end_hour", 20)
    unknown = set(named) - {"timezone", "start_hour", "end_hour"}
    if unknown or not isinstance(start, int) or not isinstance(end, int):
        raise UnsayableError(f"`keep.is_business_hours` is called with {', '.join(sorted(unknown)) or 'odd hours'}.")
    return {"timeZone": named.get("timezone", "UTC"), "start": f"{start:02}:00", "end": f"{end:02}:00"}


def _compared(found: KeepComparison, scope: KeepScope) -> Conditions:
    left, sign, right = found.left, found.sign, found.right
    if isinstance(left, Literal) and not isinstance(right, Literal) and sign in _TURNED:
        left, sign, right = right, _TURNED[sign], left
    age = _age(left, sign, right, scope)
    if age is not None:
        return age
    if sign in _ORDERS:
        return _order(left, sign, right, scope)
    if isinstance(right, Literal) and right.value in {"", None}:
        there = _there(expression_of(left, scope))
        return there if sign == "!=" else {"not": there}
    if sign == "in" and not isinstance(right, Literal):
        return _test(right, "contains", left, scope)
    return _test(left, _OPERATORS[sign], right, scope)


def _order(left: Expression, sign: str, right: Expression, scope: KeepScope) -> Conditions:
    if isinstance(right, Literal) and right.value in SEVERITIES:
        place = SEVERITIES.index(str(right.value))
        chosen = {
            ">": SEVERITIES[place + 1 :],
            ">=": SEVERITIES[place:],
            "<": SEVERITIES[:place],
            "<=": SEVERITIES[: place + 1],
        }[sign]
        return {"field": _field(left, scope), "operator": "in", "value": list(chosen)}
    counted = expression_of(left, scope)
    field = f"{{{{{counted}}}}}" if counted.endswith("| size") else f"{{{{{counted} | times: 1}}}}"
    return {"field": field, "operator": _ORDERS[sign], "value": _value(right, scope)}


def _age(left: Expression, sign: str, right: Expression, scope: KeepScope) -> Conditions | None:
    """Return a comparison with the clock as an age; None where it is none."""
    path, seconds = None, None
    if isinstance(left, KeepCall) and left.name in _AGES and isinstance(right, Literal):
        if left.name == "get_firing_time":
            unit = (
                left.arguments[1].value if len(left.arguments) > 1 and isinstance(left.arguments[1], Literal) else None
            )
            path, size = firing_since(left, scope), seconds_of(unit)
        else:
            path, size = expression_of(left.arguments[1], scope), 3600
        if size is None:
            raise UnsayableError("`keep.get_firing_time` counts in seconds, minutes, hours or days.")
        seconds = float(right.value) * size
    elif isinstance(left, KeepCall) and left.name == "to_timestamp" and sign in _TURNED:
        before = right.arguments if isinstance(right, KeepCall) and right.name == "minus" else (right, Literal(0))
        clock, less = before
        if isinstance(clock, KeepCall) and clock.name == "utcnowtimestamp" and isinstance(less, Literal):
            path, seconds, sign = expression_of(left.arguments[0], scope), float(less.value), _TURNED[sign]
    if path is None or seconds is None:
        return None
    if seconds == 0:
        return {"field": path, "operator": "older_than", "value": "0s"} if sign in {">", ">="} else {"any": []}
    if sign not in _ORDERS:
        raise UnsayableError("An age is compared with `==`, which no clock ever meets.")
    return {
        "field": path,
        "operator": "older_than" if sign in {">", ">="} else "newer_than",
        "value": spell(round(seconds * 1_000)),
    }


def _test(left: Expression, operator: str, right: Expression, scope: KeepScope) -> Conditions:
    return {"field": _field(left, scope), "operator": operator, "value": _value(right, scope)}


def _field(found: Expression, scope: KeepScope) -> str:
    expression = expression_of(found, scope)
    return expression if isinstance(found, KeepReference) and "|" not in expression else f"{{{{{expression}}}}}"


def _value(found: Expression, scope: KeepScope) -> Any:
    if isinstance(found, Literal):
        return text_of(found.value, scope) if isinstance(found.value, str) else found.value
    return f"{{{{{expression_of(found, scope)}}}}}"
