"""Filters on numbers. Decimal fractions are added and multiplied as people do it: 1.1 plus 2.2 is 3.3."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Any

from workflows.language.filters.contract import (
    Filter,
    FilterValueError,
    Reader,
    a_number,
    a_whole_number,
    bounded,
    is_nothing,
)
from workflows.language.scope import Scope

MOST_DIGITS = 15

_DECIMAL = Context(prec=40, rounding=ROUND_HALF_UP)
_ROUNDING = Context(prec=60, rounding=ROUND_HALF_UP)


def _of_number(function: Callable[..., int | float], *readers: Reader) -> Filter:
    def apply(scope: Scope, value: Any, *given: Any) -> int | float:
        read = [reader(argument, scope) for reader, argument in zip(readers, given, strict=True)]
        return bounded(function(a_number(value), *read))

    return Filter(apply, len(readers), len(readers), readers=readers)


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
    return left // right if isinstance(left, int) and isinstance(right, int) else left / right


def _modulo(left: float, right: float) -> int | float:
    if isinstance(left, int) and isinstance(right, int):
        return left % right
    try:
        rest = _DECIMAL.remainder(Decimal(str(left)), Decimal(str(right)))
    except InvalidOperation:
        raise FilterValueError("the two numbers are too far apart") from None
    return float(rest + Decimal(str(right)) if rest and (rest < 0) != (right < 0) else rest)


def _a_divisor(value: Any, scope: Scope) -> int | float:
    found = a_number(value, scope)
    if found == 0:
        raise FilterValueError("a number cannot be divided by 0")
    return found


def _places(value: Any, scope: Scope) -> int:
    found = a_whole_number(value, scope)
    if not 0 <= found <= MOST_DIGITS:
        raise FilterValueError(f"0 to {MOST_DIGITS} digits can be kept, not {found}")
    return found


def _rounded(number: Decimal, places: int) -> Decimal:
    return number.quantize(Decimal(1).scaleb(-places), context=_ROUNDING)


def _round(scope: Scope, value: Any, digits: Any = 0) -> int | float:
    number, places = a_number(value), _places(digits, scope)
    if isinstance(number, int):
        return number
    rounded = _rounded(Decimal(str(number)), places)
    return float(rounded) if places else int(rounded)


def _fixed(scope: Scope, value: Any, digits: Any) -> str:
    places = _places(digits, scope)
    if is_nothing(value):
        return ""
    number = a_number(value)
    # a text is taken digit by digit: as a float it could already be another number
    exact = Decimal(value.strip()) if isinstance(value, str) else Decimal(str(number))
    rounded = _rounded(exact, places)
    return f"{rounded or abs(rounded):f}"


NUMBERS = {
    "abs": _of_number(abs),
    "at_least": _of_number(max, a_number),
    "at_most": _of_number(min, a_number),
    "ceil": _of_number(math.ceil),
    "divided_by": _of_number(_divided_by, _a_divisor),
    "fixed": Filter(_fixed, 1, 1, readers=(_places,)),
    "floor": _of_number(math.floor),
    "minus": _of_number(_exact(operator.sub, _DECIMAL.subtract), a_number),
    "modulo": _of_number(_modulo, _a_divisor),
    "plus": _of_number(plus, a_number),
    "round": Filter(_round, 0, 1, readers=(_places,)),
    "times": _of_number(_exact(operator.mul, _DECIMAL.multiply), a_number),
}
