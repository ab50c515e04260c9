"""Every filter of the language by name, and how a chain of them is applied.

They are ours and not the library's, because each must be deterministic and bounded, must write lists as JSON, and must
say in a sentence what it cannot do.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.filters.contract import Filter, FilterValueError, nothing
from workflows.language.filters.dates import DATES
from workflows.language.filters.lists import LISTS
from workflows.language.filters.numbers import NUMBERS
from workflows.language.filters.texts import TEXTS
from workflows.language.names import HOW_TO_USE_SECRETS
from workflows.language.scope import Missing, Scope

FILTERS: dict[str, Filter] = {**TEXTS, **NUMBERS, **LISTS, **DATES}

Value = Callable[[Scope], Any]
Step = tuple[str, Filter, list[Value], list[tuple[str, Value]]]


def applied(value: Value, written: list[tuple[str, int, list[tuple[str | None, Value]]]]) -> Value:
    """Compile a value and the filters after it.

    Args:
        value: the compiled value on the left.
        written: for each filter its name, its offset in the text, and its arguments (name or None, compiled value).
    """
    steps = [_step(*filter_) for filter_ in written]

    def run(scope: Scope) -> Any:
        result, unnoted = value(scope), ""
        for name, filter_, positional, keywords in steps:
            scope.spend(160)
            if result.__class__ is Missing:
                unnoted, result = result.path, None
            if name == "default" and nothing(result, scope, keywords):
                unnoted = ""
            arguments = [scope.given(argument(scope)) for argument in positional]
            named = {key: scope.given(argument(scope)) for key, argument in keywords}
            try:
                result = filter_.apply(scope, result, *arguments, **named)
            except FilterValueError as unfit:
                raise TemplateError(f"The filter `{name}` fails: {unfit}.") from None
        if unnoted:
            scope.missing[unnoted] = None
        return result

    return run


def _step(name: str, offset: int, arguments: list[tuple[str | None, Value]]) -> Step:
    if name == "basic":
        raise TemplateSyntaxError("`basic` is for secrets alone.", offset=offset, hint=HOW_TO_USE_SECRETS)
    if name not in FILTERS:
        nearest = difflib.get_close_matches(name, FILTERS, 1)
        hint = f"Did you mean `{nearest[0]}`?" if nearest else None
        raise TemplateSyntaxError(f"There is no filter `{name}`.", offset=offset, hint=hint)
    filter_ = FILTERS[name]
    positional = [value for keyword, value in arguments if keyword is None]
    keywords = [(keyword, value) for keyword, value in arguments if keyword is not None]
    for keyword, _ in keywords:
        if keyword not in filter_.keywords:
            raise TemplateSyntaxError(f"`{name}` has no argument `{keyword}`.", offset=offset)
    if not filter_.least <= len(positional) <= filter_.most:
        wanted = str(filter_.least) if filter_.least == filter_.most else f"{filter_.least} to {filter_.most}"
        raise TemplateSyntaxError(f"`{name}` takes {wanted} arguments; {len(positional)} are given.", offset=offset)
    return name, filter_, positional, keywords
