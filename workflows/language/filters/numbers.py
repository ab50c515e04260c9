"""Filters on numbers. Decimal fractions are added and multiplied as people do it: 1.1 plus 2.2 is 3.3."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from workflows.language.filters.contract import Filter, FilterValueError, a_number, a_whole_number, bounded
from workflows.language.scope import Scope

MOST_DIGITS = 15

_DECIMAL = Context(prec=40, rounding=ROUND_HALF_UP)


def _of_number(function: Callable[..., int | float], arguments: int = 0) -> Filter:
    def apply(_scope: Scope, value: Any, *given: Any) -> int | float:
        return bounded(function(a_number(value), *map(a_number, given)))

    return Filter(apply, arguments, arguments)


def _exact(
    whole: Callable[[int, int], int], fraction: Callable[[Decimal, Decimal], Decimal]
) -> Callable[[float, float], int | float]:
    def run(left: float, right: float) -> int | float:
        if isinstance(left, int) and isinstance(right, int):
            return whole(left, right)
        return float(fraction(Decimal(str(left)), Decimal(str(right))))

    return run


plus = _exact(operator.add, _DECIMAL.add)


def _divided_by(left: float, right: float) -> int | float:
    _not_zero(right)
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


def _modulo(left: float, right: float) -> int | float:
    _not_zero(right)
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    try:
        rest = _DECIMAL.remainder(Decimal(str(left)), Decimal(str(right)))
    except InvalidOperation:
        raise FilterValueError("the two numbers are too far apart") from None
    return float(rest + Decimal(str(right)) if rest and (rest < 0) != (right < 0) else rest)


def _not_zero(value: float) -> None:
    if value == 0:
        raise FilterValueError("a number cannot be divided by 0")


def _round(_scope: Scope, value: Any, digits: Any = 0) -> int | float:
    number, places = a_number(value), a_whole_number(digits)
    if not 0 <= places <= MOST_DIGITS:
        raise FilterValueError(f"0 to {MOST_DIGITS} digits can be kept, not {places}")
    if isinstance(number, int):
        return number
    rounded = Decimal(str(number)).quantize(
        Decimal(1).scaleb(-places), context=Context(prec=60, rounding=ROUND_HALF_UP)
    )
    return float(rounded) if places else int(rounded)


NUMBERS = {
    "abs": _of_number(abs),
    "at_least": _of_number(max, 1),
    "at_most": _of_number(min, 1),
    "ceil": _of_number(math.ceil),
    "divided_by": _of_number(_divided_by, 1),
    "floor": _of_number(math.floor),
    "minus": _of_number(_exact(operator.sub, _DECIMAL.subtract), 1),
    "modulo": _of_number(_modulo, 1),
    "plus": _of_number(plus, 1),
    "round": Filter(_round, 0, 1),
    "times": _of_number(_exact(operator.mul, _DECIMAL.multiply), 1),
}
