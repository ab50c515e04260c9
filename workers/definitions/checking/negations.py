"""Which negations hold although there may be nothing to compare: `not_in`, `not_contains`, `not` over `in`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from workflows.language.template import TemplateSyntaxError, compile_field, compile_template

LOOKS_INTO = ("in", "contains")
ASKS = ("exists", "is_empty")
"""Operators that ask whether a value is there, so that its author has thought of that."""

ALWAYS_THERE = frozenset(
    (("event", "id"), ("event", "type"), ("event", "source"), ("event", "data"), ("event", "specversion"))
)


class DoubtfulPath(NamedTuple):
    """A path of a condition that may be missing: where it stands, and what holds then."""

    pointer: str
    path: tuple[Any, ...]
    phrase: str


def doubts(condition: Any, guards: AbstractSet[str], declared: Any) -> Iterator[DoubtfulPath]:
    """Yield what may be missing in the negations of a condition and is not asked for, in it or around it.

    Args:
        condition: the condition as written.
        guards: other conditions that hold here, as JSON.
        declared: the trigger's `data`; what its schema requires is there.
    """
    tests = list(tests_of(condition, "", negated=False))
    around = [test for guard in guards for _, test, _ in tests_of(json.loads(guard), "", negated=False)]
    paths = {_path(test.get("field")) for test in [*(test for _, test, _ in tests), *around] if _asks(test)}
    for pointer, test, negated in tests:
        name = test.get("operator")
        base = name.removeprefix("not_") if isinstance(name, str) else None
        if base not in LOOKS_INTO or negated == (base != name):
            continue
        phrase = f"`not` over `{name}`" if negated else f"`{name}`"
        looked = [(f"{pointer}/field", _path(test.get("field")))]
        if base == "in" and isinstance(test.get("value"), str):
            looked += [(f"{pointer}/value", path) for path in _paths(test["value"])]
        for place, path in looked:
            if (
                path
                and not _is_there(path, declared)
                and not any(path[: len(one)] == one or one[: len(path)] == path for one in paths if one)
            ):
                yield DoubtfulPath(place, path, phrase)


def tests_of(node: Any, pointer: str, *, negated: bool) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield every test of a condition, and whether it stands under an odd number of `not`."""
    if not isinstance(node, Mapping):
        return
    if "not" in node:
        yield from tests_of(node["not"], f"{pointer}/not", negated=not negated)
    for group in ("all", "any"):
        parts = node.get(group)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            yield from tests_of(part, f"{pointer}/{group}/{index}", negated=negated)
    if "operator" in node:
        yield pointer, node, negated


def _asks(test: Mapping[str, Any]) -> bool:
    return test.get("operator") in ASKS


def _path(field: Any) -> tuple[Any, ...]:
    try:
        references = compile_field(field).references if isinstance(field, str) else ()
    except TemplateSyntaxError:
        return ()
    return references[0].path if len(references) == 1 else ()


def _paths(value: str) -> list[tuple[Any, ...]]:
    try:
        return [reference.path for reference in compile_template(value).references]
    except TemplateSyntaxError:
        return []


def _is_there(path: tuple[Any, ...], declared: Any) -> bool:
    """Say whether a value is certainly there: what every run has, whole variables and items, what a schema requires."""
    root = path[0]
    if root == "event":
        return path[:2] in ALWAYS_THERE and (len(path) == 2 or _is_there(path[2:], declared))  # noqa: PLR2004  # `event.id`
    if root in ("variables", "item"):
        return len(path) <= (2 if root == "variables" else 1)
    if root in ("run", "env", "loop", "now", "today", "hold", "steps", "failure", "request"):
        return True
    schema = declared
    for key in path:
        if not isinstance(schema, Mapping) or key not in (schema.get("required") or ()):
            return False
        schema = (schema.get("properties") or {}).get(key)
    return True
