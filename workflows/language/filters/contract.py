"""What a filter is, and how its input and its result are bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflows.language.scope import LONGEST_LIST, LONGEST_TEXT, Scope
from workflows.language.values import is_number, measure, number_in, shown, text

LARGEST = 10**30
"""No filter takes or gives a number beyond this, so that none grows without end."""


class FilterValueError(Exception):  # it names what the filter got, and becomes an error only with the filter's name
    """A filter cannot do its work; the message says why, as the rest of a sentence, and `hint` what would be right."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Constant:
    """A compiled literal: its value is known before anything is rendered."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __call__(self, _scope: Scope) -> Any:
        """Return the value."""
        return self.value


Reader = Callable[[Any, Scope], Any]
"""Reads an argument as what a filter needs, or raises FilterValueError."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter.

    Attributes:
        apply: the function: scope, value on the left, arguments.
        least: fewest positional arguments.
        most: most positional arguments.
        keywords: names of its named arguments.
        readers: read the positional arguments, in order; one that is constant is read when its template is compiled.
        named: read the named ones.
        judge: refuses positional arguments that are constant and cannot work together.

    `apply` gives ABSENT where there is no such value: the path on the left then counts as missing.
    """

    apply: Callable[..., Any]
    least: int = 0
    most: int = 0
    keywords: tuple[str, ...] = ()
    readers: tuple[Reader, ...] = ()
    named: Mapping[str, Reader] = field(default_factory=dict)
    judge: Callable[..., None] | None = None


def is_nothing(value: Any) -> bool:
    """Say whether a value is null or an empty text: forms and webhooks send either for what was not filled in."""
    return value is None or value == ""  # 0, false and [] are something


def a_text(value: Any, scope: Scope) -> str:
    """Return a value as text, within the bound."""
    result = text(value, scope)
    if len(result) > LONGEST_TEXT:
        raise FilterValueError("the text is longer than 1 MiB")
    return result


def a_number(value: Any, _scope: Scope | None = None) -> int | float:
    """Return a value as a number: texts are read as people write numbers, nothing is 0."""
    if is_nothing(value):
        return 0
    found: Any = number_in(value) if isinstance(value, str) else value
    if not is_number(found):
        raise FilterValueError(f"a number is needed, not {shown(value)}")
    return bounded(found)


def bounded(value: float) -> int | float:
    """Return a number unless it is too large."""
    if not -LARGEST <= value <= LARGEST:
        raise FilterValueError("the number is too large")
    return value


def a_whole_number(value: Any, _scope: Scope | None = None) -> int:
    """Return a value as a whole number."""
    if is_nothing(value) or (found := a_number(value)) != int(found):
        raise FilterValueError(f"a whole number is needed, not {shown(value)}")
    return int(found)


def a_list(value: Any, scope: Scope) -> list[Any]:
    """Return the elements that a list filter works on: lists within the list are spread, nothing has none."""
    if is_nothing(value):
        return []
    if not isinstance(value, list):
        return [value]
    check_length(value, scope)
    if not any(isinstance(element, list) for element in value):
        return value
    measure(value, scope)
    flat: list[Any] = []
    waiting: list[Any] = [value]
    while waiting:
        element = waiting.pop()
        if isinstance(element, list):
            waiting.extend(reversed(element))
        else:
            flat.append(element)
    return check_length(flat, scope)


def check_length(value: list[Any], scope: Scope) -> list[Any]:
    """Return a list unless it is too long."""
    if len(value) > LONGEST_LIST:
        raise FilterValueError(f"the list has {len(value):,} elements; {LONGEST_LIST:,} is the most")
    scope.spend(16 * len(value))
    return value


def nothing(value: Any, scope: Scope, keywords: Sequence[tuple[str, Callable[[Scope], Any]]] = ()) -> bool:
    """Say whether `default` replaces a value."""
    if value is False:
        return not any(key == "allow_false" and argument(scope) is True for key, argument in keywords)
    return value is None or (isinstance(value, str | list | dict) and not value)


def of_text(function: Callable[..., Any], *kinds: Reader, least: int | None = None, weight: int = 1) -> Filter:
    """Make a filter of a function on a text; `kinds` read its arguments, `weight` is its cost per character."""

    def apply(scope: Scope, value: Any, *arguments: Any) -> Any:
        given = a_text(value, scope)
        scope.spend(weight * len(given))
        read = [kind(argument, scope) for kind, argument in zip(kinds, arguments, strict=False)]
        try:
            result = function(given, *read)
        except ValueError:
            raise FilterValueError(f"{shown(value)} cannot be read") from None
        if isinstance(result, str):
            fits(len(result))
            scope.spend(len(result))
        return result

    return Filter(apply, len(kinds) if least is None else least, len(kinds), readers=kinds)


def fits(characters: int) -> None:
    """Refuse a result that is too long, before it is made where that is known."""
    if characters > LONGEST_TEXT:
        raise FilterValueError("the result is longer than 1 MiB")
