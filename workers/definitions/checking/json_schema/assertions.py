"""The keywords of JSON Schema that judge a value by itself: its type, size, form, and what it equals."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from trunkline.regex.bounded import compiled
from workers.definitions.checking.json_schema.document import is_integer, is_number
from workers.definitions.checking.json_schema.work import LONGEST_SHOWN, Check, Place, Seen, Violation, Work, shown

BYTES_A_STEP = 4
"""Bytes of JSON that are written and compared in the time of one step."""


def _type(wanted: str | list[str]) -> Check:
    names = [wanted] if isinstance(wanted, str) else wanted
    first, *others = [TYPE_TESTS[name] for name in names]
    text = f"is not of type {', '.join(map(repr, names))}"

    def check(value: Any, place: Place, _work: Work, _seen: Seen | None) -> Violation | None:
        return None if first(value) or any(test(value) for test in others) else Violation(place, text, (value,))

    return check


TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": is_integer,
    "null": lambda value: value is None,
    "number": is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}


def _one_of(options: list[Any], text: str) -> Check:
    keys = {_key(option, None) for option in options}
    kinds = {_kind(option) for option in options}
    longest = max((len(option) for option in options if isinstance(option, list | dict | str)), default=0)

    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if _kind(value) not in kinds or (isinstance(value, list | dict | str) and len(value) > longest):
            return Violation(place, text, (value,))
        return None if _key(value, work) in keys else Violation(place, text, (value,))

    return check


def _multiple_of(factor: float) -> Check:
    exact = _fraction(factor)

    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if not is_number(value) or (isinstance(value, float) and not math.isfinite(value)):
            return None
        number = _fraction(value)
        work.spend(20 + (number.numerator.bit_length() + exact.denominator.bit_length()) // 50)
        return Violation(place, f"is not a multiple of {shown(factor)}", (value,)) if number % exact else None

    return check


def _fraction(number: float) -> Fraction:
    return Fraction(number if isinstance(number, int) else repr(number))


def _limit(within: Callable[[Any, Any], bool], text: str) -> Callable[[Any], Check]:
    def make(limit: Any) -> Check:
        def check(value: Any, place: Place, _work: Work, _seen: Seen | None) -> Violation | None:
            if is_number(value) and not within(value, limit):
                return Violation(place, f"{text} {shown(limit)}", (value,))
            return None

        return check

    return make


def _size(kind: type, within: Callable[[Any, Any], bool], text: str) -> Callable[[Any], Check]:
    def make(limit: Any) -> Check:
        def check(value: Any, place: Place, _work: Work, _seen: Seen | None) -> Violation | None:
            if isinstance(value, kind) and not within(len(value), limit):  # type: ignore[arg-type] # all of them have one
                return Violation(place, f"{text} {shown(limit)}", (value,))
            return None

        return check

    return make


def _pattern(written: str) -> Check:
    pattern = compiled(written)

    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if isinstance(value, str) and not work.match(pattern, value):
            return Violation(place, f"does not match {written[:LONGEST_SHOWN]!r}", (value,))
        return None

    return check


def _required(names: list[str]) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if isinstance(value, dict):
            work.spend(len(names))
            for name in names:
                if name not in value:
                    return Violation(place, f"{name[:LONGEST_SHOWN]!r} is a required property")
        return None

    return check


def _dependent_required(dependents: Mapping[str, list[str]]) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if isinstance(value, dict):
            for name, names in dependents.items():
                work.spend(1 + len(names))
                missing = next((one for one in names if one not in value), None) if name in value else None
                if missing is not None:
                    return Violation(place, f"{missing[:LONGEST_SHOWN]!r} is required beside {name[:LONGEST_SHOWN]!r}")
        return None

    return check


def _unique(wanted: bool) -> Check:
    def check(value: Any, place: Place, work: Work, _seen: Seen | None) -> Violation | None:
        if wanted and isinstance(value, list) and len(value) > 1:
            keys: set[str] = set()
            for index, one in enumerate(value):
                keys.add(_key(one, work))
                if len(keys) == index:
                    return Violation(place, f"has item {index} twice", (value,))
        return None

    return check


ASSERTIONS: dict[str, Callable[[Any], Check]] = {
    "type": _type,
    "const": lambda wanted: _one_of([wanted], f"is not {shown(wanted)}"),
    "enum": lambda options: _one_of(options, f"is not one of {shown(options)}"),
    "minimum": _limit(lambda value, limit: value >= limit, "is less than the minimum of"),
    "maximum": _limit(lambda value, limit: value <= limit, "is greater than the maximum of"),
    "exclusiveMinimum": _limit(lambda value, limit: value > limit, "is not greater than"),
    "exclusiveMaximum": _limit(lambda value, limit: value < limit, "is not less than"),
    "multipleOf": _multiple_of,
    "minLength": _size(str, lambda size, limit: size >= limit, "is too short, its least length being"),
    "maxLength": _size(str, lambda size, limit: size <= limit, "is too long, its greatest length being"),
    "pattern": _pattern,
    "minItems": _size(list, lambda size, limit: size >= limit, "has too few items, the least being"),
    "maxItems": _size(list, lambda size, limit: size <= limit, "has too many items, the most being"),
    "uniqueItems": _unique,
    "minProperties": _size(dict, lambda size, limit: size >= limit, "has too few properties, the least being"),
    "maxProperties": _size(dict, lambda size, limit: size <= limit, "has too many properties, the most being"),
    "required": _required,
    "dependentRequired": _dependent_required,
}
_ORDER = {keyword: index for index, keyword in enumerate(ASSERTIONS)}


def assertions(written: Mapping[str, Any]) -> list[Check]:
    """Return what a subschema says about a value by itself, its type first."""
    return [ASSERTIONS[name](written[name]) for name in sorted(written.keys() & _ORDER.keys(), key=_ORDER.__getitem__)]


def _kind(value: Any) -> str:
    """Return what two values must share to be equal."""
    if value is None or isinstance(value, bool):
        return repr(value)
    return "number" if isinstance(value, int | float) else type(value).__name__


def _key(value: Any, work: Work | None) -> str:
    """Return a text that equal JSON values share: `1` and `1.0` are equal, `1` and `true` are not."""
    if isinstance(value, str):
        return f'"{value}'
    text = _ENCODE(value)
    if work is not None:
        work.spend(4 + len(text) // BYTES_A_STEP)
    return _ENCODE(_without_whole_floats(value)) if _FLOAT.search(text) else text


def _without_whole_floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_whole_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_whole_floats(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


_ENCODE = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
_FLOAT = re.compile(r"[0-9](?:\.0|e\+)")
