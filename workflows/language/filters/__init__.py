"""Every filter of the language by name, and how a chain of them is applied.

They are ours and not the library's, because each must be deterministic and bounded, must write lists as JSON, and must
say in a sentence what it cannot do.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from workflows.language.errors import TemplateError, TemplateSyntaxError
from workflows.language.filters.contract import Constant, Filter, FilterValueError, Reader, nothing
from workflows.language.filters.dates import DATES
from workflows.language.filters.lists import LISTS
from workflows.language.filters.numbers import NUMBERS
from workflows.language.filters.reading import READING
from workflows.language.filters.texts import TEXTS
from workflows.language.names import HOW_TO_USE_SECRETS
from workflows.language.scope import ABSENT, Missing, Scope

FILTERS: dict[str, Filter] = {**TEXTS, **NUMBERS, **LISTS, **DATES, **READING}

OTHER_NAMES = {
    "lower": "downcase",
    "upper": "upcase",
    "length": "size",
    "count": "size",
    "trim": "strip",
    "tojson": "json",
    "to_json": "json",
    "date_format": "date",
    "format_date": "date",
    "strftime": "date",
    "money": "fixed",
    "number_format": "fixed",
    "to_fixed": "fixed",
    "tofixed": "fixed",
    "add": "plus",
    "subtract": "minus",
    "multiply": "times",
    "divide": "divided_by",
    "mod": "modulo",
    "urlencode": "url_encode",
    "b64encode": "base64_encode",
    "b64decode": "base64_decode",
    "unique": "uniq",
    "fallback": "default",
    "regex": "match",
    "regex_match": "match",
    "regex_search": "match",
    "regexp": "match",
    "matches": "match",
    "exec": "match",
    "from_json": "parse_json",
    "fromjson": "parse_json",
    "json_parse": "parse_json",
    "parsejson": "parse_json",
    "json_decode": "parse_json",
}
"""What other template languages call a filter of ours."""

Value = Callable[[Scope], Any]
Step = tuple[str, Filter, list[Value], list[tuple[str, Value]]]


def applied(value: Value, source: str, written: list[tuple[str, int, list[tuple[str | None, Value]]]]) -> Value:
    """Compile a value and the filters after it.

    Args:
        value: the compiled value on the left.
        source: what it is called where a filter finds nothing in it.
        written: for each filter its name, its offset in the text, and its arguments (name or None, compiled value).
    """
    steps = [_step(*filter_) for filter_ in written]
    if isinstance(value, Constant):
        _try_out(value, steps[0], written[0][1])

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
            if result is ABSENT:
                unnoted, result = unnoted or source, None
        if unnoted:
            scope.missing[unnoted] = None
        return result

    return run


def _nowhere() -> Scope:
    """Return a scope for what needs no data: constants, judged while a template is compiled."""
    return Scope({}, datetime(2000, 1, 1, tzinfo=UTC))


def _unfit(name: str, unfit: FilterValueError, offset: int) -> TemplateSyntaxError:
    return TemplateSyntaxError(f"The filter `{name}` fails: {unfit}.", offset=offset, hint=unfit.hint)


def _try_out(value: Constant, step: Step, offset: int) -> None:
    """Refuse a filter that can never work because all that it gets is constant."""
    name, filter_, positional, keywords = step
    if all(isinstance(argument, Constant) for argument in (*positional, *(given for _, given in keywords))):
        scope = _nowhere()
        arguments = [argument(scope) for argument in positional]
        try:
            filter_.apply(scope, value.value, *arguments, **{key: argument(scope) for key, argument in keywords})
        except FilterValueError as unfit:
            raise _unfit(name, unfit, offset) from None


def _step(name: str, offset: int, arguments: list[tuple[str | None, Value]]) -> Step:
    if name == "basic":
        raise TemplateSyntaxError("`basic` is for secrets alone.", offset=offset, hint=HOW_TO_USE_SECRETS)
    if name not in FILTERS:
        near = OTHER_NAMES.get(name.lower()) or next(iter(difflib.get_close_matches(name, FILTERS, 1)), None)
        right = f"Did you mean `{near}`?" if near else f"There are {', '.join(sorted(FILTERS))}."
        raise TemplateSyntaxError(f"There is no filter `{name}`.", offset=offset, hint=right)
    filter_ = FILTERS[name]
    positional = [value for keyword, value in arguments if keyword is None]
    keywords = [(keyword, value) for keyword, value in arguments if keyword is not None]
    for keyword, _ in keywords:
        if keyword not in filter_.keywords:
            named = ", ".join(f"`{one}`" for one in filter_.keywords)
            in_order = f"Write its {_count(filter_)} in order, without names." if filter_.most else None
            hint = f"It has {named}." if named else in_order
            raise TemplateSyntaxError(f"`{name}` has no argument `{keyword}`.", offset=offset, hint=hint)
    if not filter_.least <= len(positional) <= filter_.most:
        raise TemplateSyntaxError(f"`{name}` takes {_count(filter_)}; {len(positional)} are given.", offset=offset)
    read = [*zip(filter_.readers, positional, strict=False)]
    read += [(filter_.named[keyword], value) for keyword, value in keywords if keyword in filter_.named]
    try:
        _judge_constants(filter_, positional, read)
    except FilterValueError as unfit:
        raise _unfit(name, unfit, offset) from None
    return name, filter_, positional, keywords


def _judge_constants(filter_: Filter, positional: list[Value], read: list[tuple[Reader, Value]]) -> None:
    """Refuse arguments that are constant and can never work, one by one and together."""
    for reader, value in read:
        if isinstance(value, Constant):
            reader(value.value, _nowhere())
    constants = [value.value for value in positional if isinstance(value, Constant)]
    if filter_.judge is not None and len(constants) == len(positional):
        filter_.judge(*constants)


def _count(filter_: Filter) -> str:
    wanted = str(filter_.least) if filter_.least == filter_.most else f"{filter_.least} to {filter_.most}"
    return f"{wanted} arguments"
