"""Keep's texts as templates here: mustache, Jinja's filters, sections, and functions of `keep.…` within a text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workers.importing.keep.expressions import (
    Choice,
    Expression,
    KeepCall,
    KeepComparison,
    KeepJunction,
    KeepReference,
    Literal,
    parsed,
    way_of,
)
from workers.importing.keep.scope import KeepScope
from workers.importing.unsaid import UnsayableError

LONGEST = 64 * 1024
"""Characters of a text with templates."""

DEEPEST = 5
"""How often a constant may name a constant that names a constant."""

_PLACE = re.compile(r"(?P<call>keep\.[a-z_]+\()|\{\{\{?\s*(?P<mark>[#^/&!]?)\s*(?P<inner>.*?)\s*\}?\}\}", re.DOTALL)
_FILTERS: Mapping[str, str] = {
    "len": "size",
    "length": "size",
    "count": "size",
    "json_dumps": "json",
    "tojson": "json",
    "json_loads": "parse_json",
    "uppercase": "upcase",
    "upper": "upcase",
    "lowercase": "downcase",
    "lower": "downcase",
    "strip": "strip",
    "trim": "strip",
    "encode": "url_encode",
    "split": "split",
    "replace": "replace",
    "join": "join",
    "default": "default",
    "first": "first",
    "last": "last",
    "unique": "uniq",
    "minus": "minus",
    "plus": "plus",
    "capitalize": "capitalize",
    "dict_to_key_value_list": "json",
}
_UNITS = {
    "minutes": 60,
    "minute": 60,
    "m": 60,
    "hours": 3600,
    "hour": 3600,
    "h": 3600,
    "seconds": 1,
    "s": 1,
    "days": 86400,
    "d": 86400,
}
_DATES = {
    "utcnow": "now",
    "utcnowiso": "now",
    "utcnowtimestamp": "now | date: '%s'",
}
_SIGNS = ("==", "!=", ">", ">=", "<", "<=")


def value_of(value: Any, scope: KeepScope) -> Any:
    """Return any JSON of a workflow with its texts as templates.

    Raises:
        UnsayableError: a text uses what has no word here.
    """
    if isinstance(value, str):
        return text_of(value, scope)
    if isinstance(value, Mapping):
        return {str(key): value_of(inner, scope) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [value_of(inner, scope) for inner in value]
    return value


def text_of(text: str, scope: KeepScope, depth: int = 0) -> str:
    """Return a text as a template; what has no template in it stays as it is.

    Raises:
        UnsayableError: it uses what has no word here.
    """
    if "{{" not in text and "keep." not in text:
        return text
    _bound(text, depth)
    parts: list[str] = []
    sections: list[tuple[str, str]] = []
    at = 0
    inner_scope = scope
    while (match := _PLACE.search(text, at)) is not None:
        parts.append(text[at : match.start()])
        at = match.end()
        if match["call"]:
            end = _end_of(text, match.end())
            parts.append(_output(parsed(text[match.start() : end]), inner_scope, depth))
            at = end
        elif match["mark"] in {"#", "^"}:
            path = inner_scope.path(way_of(match["inner"]))
            inverted = match["mark"] == "^"
            sections.append((match["inner"], "endunless" if inverted else "endfor"))
            parts.append(f"{{% unless {path} %}}" if inverted else f"{{% for item in {path} %}}")
            inner_scope = inner_scope if inverted else inner_scope.inside(bare="item", item=True)
        elif match["mark"] == "/":
            if not sections or sections[-1][0] != match["inner"]:
                raise UnsayableError(f"`{{{{/{match['inner']}}}}}` closes no section.")
            parts.append(f"{{% {sections.pop()[1]} %}}")
            inner_scope = scope if not any(end == "endfor" for _, end in sections) else inner_scope
        elif match["mark"] != "!" and match["inner"]:
            parts.append(_output(parsed(match["inner"]), inner_scope, depth))
    if sections:
        raise UnsayableError(f"The section `{{{{#{sections[-1][0]}}}}}` is not closed.")
    found = "".join([*parts, text[at:]])
    return found.strip() if found.strip().startswith("{{") and found.strip().endswith("}}") else found


def _bound(text: str, depth: int) -> None:
    if depth > DEEPEST:
        raise UnsayableError(f"A constant names itself, or others more than {DEEPEST} deep: `{text[:60]}`.")
    if len(text) > LONGEST:
        raise UnsayableError(f"The text `{text[:60].strip()}…` is longer than {LONGEST:,} characters.")


def expression_of(found: Expression, scope: KeepScope) -> str:
    """Return an expression as it stands between the braces of a template: a path or a value, and filters.

    Raises:
        UnsayableError: it is none that a template has.
    """
    if isinstance(found, KeepReference):
        if len(found.way) == 1 and found.way[0] in _DATES:
            return _DATES[str(found.way[0])]
        default = scope.default(found.way)
        path = scope.path(found.way)
        return path if default is None else f"{path} | default: {literal(default)}"
    if isinstance(found, Literal):
        if isinstance(found.value, str) and "{{" in found.value:
            inner = text_of(found.value, scope)
            if inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
                return inner[2:-2].strip()
            raise UnsayableError(f"`{found.value[:60]}` stands inside of an expression and has templates in it.")
        return literal(found.value)
    if isinstance(found, KeepCall):
        return _called(found, scope)
    raise UnsayableError("A comparison stands where a value is needed.")


def literal(value: Any) -> str:
    """Return a value as templates write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "nil"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, str):
        if '"' in value and "'" in value:
            raise UnsayableError(f"The text `{value[:60]}` has both kinds of quotes.")
        return f"'{value}'" if '"' in value else f'"{value}"'
    raise UnsayableError("A list or object is written out where a template takes a text or a number.")


def _called(found: KeepCall, scope: KeepScope) -> str:  # noqa: PLR0911 # one for each form
    name, arguments = found.name, found.arguments
    if name in _DATES and not arguments:
        return _DATES[name]
    if name in {"to_utc", "datetime_from_iso"} and arguments:
        return expression_of(arguments[0], scope)
    if name in {"to_timestamp", "timestamp"} and arguments:
        return f"{expression_of(arguments[0], scope)} | date: '%s'"
    if name == "dictget" and len(arguments) == 3:  # noqa: PLR2004 - the table, the key, and what else
        table, key, other = (expression_of(one, scope) for one in arguments)
        return f"{table}[{key}] | default: {other}"
    if name == "index" and len(arguments) == 2:  # noqa: PLR2004 - the list and the place
        return f"{expression_of(arguments[0], scope)}[{expression_of(arguments[1], scope)}]"
    if name == "list" and arguments:
        return expression_of(arguments[0], scope)
    if name not in _FILTERS or not arguments:
        raise UnsayableError(f"`{name}` is a function that has no filter here.")
    rest = ", ".join(expression_of(one, scope) for one in arguments[1:])
    if "|" in rest:
        raise UnsayableError(f"An argument of `{name}` is worked out, which a filter's cannot be.")
    return f"{expression_of(arguments[0], scope)} | {_FILTERS[name]}{f': {rest}' if rest else ''}"


def _output(found: Expression, scope: KeepScope, depth: int) -> str:  # noqa: PLR0911 # one for each form
    if isinstance(found, KeepReference) and (constant := scope.template(found.way)) is not None:
        return text_of(constant, scope, depth + 1)
    if isinstance(found, KeepCall) and found.name == "get_firing_time":
        return _firing(found, scope)
    if isinstance(found, KeepCall) and found.name == "raw_render_without_execution" and found.arguments:
        return _output(found.arguments[0], scope, depth)
    numbers: list[str] = []
    if isinstance(found, Choice):
        chosen = _choice(found, scope, "if", numbers)
        return "".join(numbers) + chosen
    if isinstance(found, KeepJunction) and found.word == "or":
        first, *others = (expression_of(one, scope) for one in found.parts)
        return f"{{{{{first}{''.join(f' | default: {other}' for other in others)}}}}}"
    if isinstance(found, (KeepComparison, KeepJunction)):
        test = _test(found, scope, numbers)
        return f"{''.join(numbers)}{{% if {test} %}}true{{% else %}}false{{% endif %}}"
    return f"{{{{{expression_of(found, scope)}}}}}"


def _firing(found: KeepCall, scope: KeepScope) -> str:
    unit = found.arguments[1].value if len(found.arguments) > 1 and isinstance(found.arguments[1], Literal) else ""
    if unit not in _UNITS:
        raise UnsayableError(f"`keep.get_firing_time` counts in seconds, minutes, hours or days, not in {unit!r}.")
    started = firing_since(found, scope)
    begun = f"{{% assign began = {started} | date: '%s' %}}"
    return f"{begun}{{{{now | date: '%s' | minus: began | divided_by: {_UNITS[unit]}}}}}"


def firing_since(found: KeepCall, scope: KeepScope) -> str:
    """Return the path of the instant from which `keep.get_firing_time` counts."""
    whose = found.arguments[0] if found.arguments else KeepReference(("alert",))
    if not isinstance(whose, KeepReference):
        raise UnsayableError("`keep.get_firing_time` takes an alert.")
    return scope.path((*whose.way, "firingStartTime"))


def seconds_of(unit: Any) -> int | None:
    """Return how many seconds a unit of time has that Keep names."""
    return _UNITS.get(str(unit))


def _choice(found: Choice, scope: KeepScope, word: str, numbers: list[str]) -> str:
    head = f"{{% {word} {_test(found.test, scope, numbers)} %}}{_branch(found.one, scope)}"
    if isinstance(found.other, Choice):
        return f"{head}{_choice(found.other, scope, 'elsif', numbers)}"
    return f"{head}{{% else %}}{_branch(found.other, scope)}{{% endif %}}"


def _branch(found: Expression, scope: KeepScope) -> str:
    return str(found.value) if isinstance(found, Literal) else f"{{{{{expression_of(found, scope)}}}}}"


def _test(found: Expression, scope: KeepScope, numbers: list[str]) -> str:
    """Return a test as tags have it; texts that are compared as numbers are assigned as such before."""
    if isinstance(found, KeepComparison) and found.sign in _SIGNS:
        left, right = expression_of(found.left, scope), expression_of(found.right, scope)
        if found.sign not in {"==", "!="}:
            left = _number(left, numbers)
        if "|" in left or "|" in right:
            raise UnsayableError("A value is worked out inside of a test in a text, which a template cannot say.")
        return f"{left} {found.sign} {right}"
    if isinstance(found, KeepJunction) and found.word in {"and", "or"}:
        return f" {found.word} ".join(_test(one, scope, numbers) for one in found.parts)
    if isinstance(found, KeepReference):
        return scope.path(found.way)
    raise UnsayableError("A test inside of a text is more than a template can say.")


def _number(expression: str, numbers: list[str]) -> str:
    for at, one in enumerate(numbers):
        if one.startswith(f"{{% assign number_{at} = {expression} |"):
            return f"number_{at}"
    name = f"number_{len(numbers)}"
    numbers.append(f"{{% assign {name} = {expression} | times: 1 %}}")
    return name


def _end_of(text: str, at: int) -> int:
    """Return where the parenthesis closes that has opened before a place."""
    depth, quote = 1, ""
    while at < len(text) and depth:
        mark = text[at]
        if quote:
            quote = "" if mark == quote else quote
        elif mark in "'\"":
            quote = mark
        else:
            depth += (mark == "(") - (mark == ")")
        at += 1
    if depth:
        raise UnsayableError(f"A parenthesis of `{text[:60].strip()}` is not closed.")
    return at
