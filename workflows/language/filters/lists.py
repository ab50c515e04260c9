"""Filters on lists, each in time proportional to the list (sorting: nearly)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from workflows.language.filters.contract import (
    Filter,
    FilterValueError,
    Reader,
    a_list,
    a_number,
    a_text,
    bounded,
    check_length,
    fits,
    is_nothing,
)
from workflows.language.filters.numbers import plus
from workflows.language.scope import ABSENT, Scope
from workflows.language.values import compact, equal, is_number, item, measure, shown, text


def _of_list(function: Callable[..., Any], least: int = 0, most: int = 0, *readers: Reader) -> Filter:
    def apply(scope: Scope, value: Any, *arguments: Any) -> Any:
        return function(scope, a_list(value, scope), *arguments)

    return Filter(apply, least, most, readers=readers)


def _under(element: Any, key: Any) -> Any:
    """Return what an element has under a key, null where it has nothing."""
    found = item(element, key)
    return None if found is ABSENT else found


def _keyed(elements: list[Any], key: Any) -> list[Any]:
    return elements if key is None else [_under(element, key) for element in elements]


def _join(scope: Scope, elements: list[Any], separator: Any = " ") -> str:
    between = a_text(separator, scope)
    fits(len(between) * (len(elements) - 1))
    scope.spend(len(between) * len(elements))
    joined = between.join([text(element, scope) for element in elements])
    fits(len(joined))
    return joined


def _concat(scope: Scope, elements: list[Any], more: Any) -> list[Any]:
    return check_length([*elements, *_a_plain_list(more, scope)], scope)


def _a_plain_list(value: Any, _scope: Scope) -> list[Any]:
    if is_nothing(value):
        return []
    if not isinstance(value, list):
        raise FilterValueError(f"a list is needed, not {shown(value)}")
    return value


def _matching(*, wanted: bool) -> Callable[..., list[Any]]:
    def run(scope: Scope, elements: list[Any], key: Any, value: Any = None) -> list[Any]:
        return [element for element in elements if _matches(element, key, value, scope) is wanted]

    return run


def _matches(element: Any, key: Any, value: Any, scope: Scope) -> bool:
    found = _under(element, key)
    return found not in (None, False) if value is None else equal(found, value, scope)


def _find(scope: Scope, elements: list[Any], key: Any, value: Any = None) -> Any:
    return next((element for element in elements if _matches(element, key, value, scope)), None)


def _find_index(scope: Scope, elements: list[Any], key: Any, value: Any = None) -> Any:
    return next((place for place, element in enumerate(elements) if _matches(element, key, value, scope)), None)


def _has(scope: Scope, elements: list[Any], key: Any, value: Any = None) -> bool:
    return any(_matches(element, key, value, scope) for element in elements)


def _sort(scope: Scope, elements: list[Any], key: Any = None) -> list[Any]:
    keys = _keyed(elements, key)
    known = [value for value in keys if not is_nothing(value)]
    if known and all(map(is_number, known)):
        keys = [None if is_nothing(value) else value for value in keys]
    elif not all(isinstance(value, str) for value in known):
        raise FilterValueError("only numbers, or only texts, can be sorted")
    return _in_order(scope, elements, keys)


def _sort_natural(scope: Scope, elements: list[Any], key: Any = None) -> list[Any]:
    scope.spend(32 * len(elements))
    keys = [None if value is None else text(value, scope).lower() for value in _keyed(elements, key)]
    return _in_order(scope, elements, keys)


def _in_order(scope: Scope, elements: list[Any], keys: list[Any]) -> list[Any]:
    scope.spend(4 * measure(keys, scope))
    order = sorted((place for place, key in enumerate(keys) if key is not None), key=lambda place: keys[place])
    return [elements[place] for place in order] + [
        element for element, key in zip(elements, keys, strict=True) if key is None
    ]


def _uniq(scope: Scope, elements: list[Any], key: Any = None) -> list[Any]:
    # keys are texts and never numbers: only those cannot be chosen so that they collide
    scope.spend(128 * len(elements))
    first: dict[str, Any] = {}
    for element, value in zip(elements, _keyed(elements, key), strict=True):
        first.setdefault(_identity(value, scope), element)
    return list(first.values())


def _identity(value: Any, scope: Scope) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return compact(value, scope)


def _compact(_scope: Scope, elements: list[Any], key: Any = None) -> list[Any]:
    return [element for element, value in zip(elements, _keyed(elements, key), strict=True) if value is not None]


def _sum(scope: Scope, elements: list[Any], key: Any = None) -> int | float:
    scope.spend(64 * len(elements))
    numbers = [a_number(value) for value in _keyed(elements, key)]
    initial: int | float = 0
    return bounded(functools.reduce(plus, numbers, initial))


def _edge(key: str) -> Filter:
    def apply(_scope: Scope, value: Any) -> Any:
        if isinstance(value, dict):
            return list(next(iter(value.items()))) if key == "first" and value else None
        return _under(value, key)

    return Filter(apply)


def _map(_scope: Scope, elements: list[Any], key: Any) -> list[Any]:
    return _keyed(elements, key)


def _reverse(_scope: Scope, elements: list[Any]) -> list[Any]:
    return elements[::-1]


LISTS = {
    "compact": _of_list(_compact, 0, 1),
    "concat": _of_list(_concat, 1, 1, _a_plain_list),
    "find": _of_list(_find, 1, 2),
    "find_index": _of_list(_find_index, 1, 2),
    "first": _edge("first"),
    "has": _of_list(_has, 1, 2),
    "join": _of_list(_join, 0, 1, a_text),
    "last": _edge("last"),
    "map": _of_list(_map, 1, 1),
    "reject": _of_list(_matching(wanted=False), 1, 2),
    "reverse": _of_list(_reverse),
    "sort": _of_list(_sort, 0, 1),
    "sort_natural": _of_list(_sort_natural, 0, 1),
    "sum": _of_list(_sum, 0, 1),
    "uniq": _of_list(_uniq, 0, 1),
    "where": _of_list(_matching(wanted=True), 1, 2),
}
