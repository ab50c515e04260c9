"""Plain JSON values as text, as numbers, by key, and side by side; always within the budget of one render."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from workflows.language.errors import TemplateError
from workflows.language.scope import ABSENT, DEEPEST_VALUE, Scope

JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
NUMBER = re.compile(r"[+-]?(?:[0-9]+(\.[0-9]*)?|(\.[0-9]+))([eE][+-]?[0-9]+)?")
"""A number as people write one: blanks around it, a plus, leading zeros, `.5` and `5.`; no thousands separators."""

LONGEST_NUMBER = 400
"""Characters of a text that is still read as a number."""

_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
_SURROGATE = re.compile("[\ud800-\udfff]")
_HUGE = 10**1000


def is_number(value: Any) -> bool:
    """Say whether a value is a number; booleans never are."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def json_number_in(text: str) -> int | float | None:
    """Read a text that is wholly a JSON number, else give None."""
    if not text or len(text) > LONGEST_NUMBER or not (found := JSON_NUMBER.fullmatch(text)):
        return None
    return float(text) if found[1] or found[2] else int(text)


def number_in(text: str) -> int | float | None:
    """Read a text that is wholly a number as people write one, else give None."""
    text = text.strip() if len(text) <= 2 * LONGEST_NUMBER else ""
    if len(text) > LONGEST_NUMBER or not (found := NUMBER.fullmatch(text)):
        return None
    return int(text) if found[1] is None and found[2] is None and found[3] is None else float(text)


def text(value: Any, scope: Scope) -> str:
    """Return what a value is inside text: lists and objects as JSON, nothing as empty."""
    if value.__class__ is str:
        scope.spend(len(value))
        return str(value)
    if value.__class__ is int and -_HUGE < value < _HUGE:
        return str(value)
    return "" if value is None else compact(value, scope)


def compact(value: Any, scope: Scope) -> str:
    """Return a value as JSON without spaces; bounded, and valid whatever the texts in it."""
    if isinstance(value, list | dict):
        measure(value, scope)
    elif isinstance(value, str):
        scope.spend(len(value))
    elif isinstance(value, int) and not -_HUGE < value < _HUGE:
        raise TemplateError("A number is too large to be written out.")
    try:
        encoded = _ENCODER.encode(value)
    except ValueError:
        raise TemplateError("A value holds a number that JSON does not know (NaN or infinity).") from None
    if not encoded.isascii():
        encoded = _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", encoded)
    return encoded


def inner(value: str) -> str:
    """Return a text as it stands between the quotes of a JSON string."""
    encoded = _ENCODER.encode(value)[1:-1]
    return encoded if encoded.isascii() else _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", encoded)


def measure(value: Any, scope: Scope) -> int:
    """Return about how many characters of JSON a value is; refuse one that is too deep or too large to walk."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, list | dict):
        return 8
    size, level = 0, [value]
    for _ in range(DEEPEST_VALUE):
        below: list[Any] = []
        for container in level:
            scope.spend(40 * len(container) + 8)
            size += 4 * len(container) + 2 + _measure_items(container, below)
        if not below:
            scope.spend(size)
            return size
        level = below
    raise TemplateError(f"A value is nested more than {DEEPEST_VALUE} levels deep.")


def _measure_items(container: list[Any] | dict[str, Any], below: list[Any]) -> int:
    """Return how many characters stand directly in a list or object, and collect what is nested in it."""
    size = sum(map(len, container)) if isinstance(container, dict) else 0
    for element in container.values() if isinstance(container, dict) else container:
        if isinstance(element, str):
            size += len(element)
        elif isinstance(element, list | dict):
            below.append(element)
        elif isinstance(element, int) and not -_HUGE < element < _HUGE:
            raise TemplateError("A number is too large to be written out.")
    return size


def item(value: Any, key: Any) -> Any:
    """Return what stands under a key or an index, or ABSENT; own keys win over `size`, `first` and `last`."""
    if isinstance(value, dict):
        return _of_object(value, key)
    if isinstance(key, int) and not isinstance(key, bool):
        return value[key] if isinstance(value, list) and -len(value) <= key < len(value) else ABSENT
    if isinstance(value, list | str):
        return _of_sequence(value, key)
    return ABSENT


def _of_sequence(value: list[Any] | str, key: Any) -> Any:
    if key == "size":
        return len(value)
    if value and key in ("first", "last"):
        return value[0 if key == "first" else -1]
    return ABSENT


def _of_object(value: dict[str, Any], key: Any) -> Any:
    if isinstance(key, int) and not isinstance(key, bool):
        key = str(key) if -_HUGE < key < _HUGE else ""
    if not isinstance(key, str):
        return ABSENT
    if key in value:
        return value[key]
    if key == "size":
        return len(value)
    if key == "first" and value:
        return list(next(iter(value.items())))
    return ABSENT


def plainly_equal(left: Any, right: Any) -> bool:
    """Say whether two scalars are equal: numbers by value, everything else only within its own type."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, str) != isinstance(right, str):
        return False
    return bool(left == right)


def equal(
    left: Any, right: Any, scope: Scope, scalars: Callable[[Any, Any], bool] = plainly_equal, depth: int = 0
) -> bool:
    """Compare two values deeply; `scalars` decides about everything that is neither list nor object."""
    scope.spend(64)
    if isinstance(left, list | dict) or isinstance(right, list | dict):
        if left.__class__ is not right.__class__ or len(left) != len(right):
            return False
        if depth >= DEEPEST_VALUE:
            raise TemplateError(f"A value is nested more than {DEEPEST_VALUE} levels deep.")
        if isinstance(left, list):
            return all(equal(a, b, scope, scalars, depth + 1) for a, b in zip(left, right, strict=True))
        return all(key in right and equal(left[key], right[key], scope, scalars, depth + 1) for key in left)
    if isinstance(left, str) and isinstance(right, str):
        scope.spend(min(len(left), len(right)) >> 4)
    return scalars(left, right)


def shown(value: Any, longest: int = 80) -> str:
    """Return a value as a sentence can show it: short, whatever it is."""
    if isinstance(value, str):
        cut = value if len(value) <= longest else value[: longest - 1] + "…"
        return f'"{cut}"'
    if isinstance(value, list):
        return f"a list of {len(value):,} elements" if value else "an empty list"
    if isinstance(value, dict):
        return f"an object with {len(value):,} keys" if value else "an empty object"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if -_HUGE < value < _HUGE else "a very large number"
