"""Events on arrival: judged by the JSON Schema that a trigger declares for their data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Judge = Callable[[Any], str | None]
"""Says in a sentence why an event's data is not what its trigger declares, or None where it is."""


class SchemaError(ValueError):
    """A trigger's `data` is no JSON Schema that can be used; `path` leads to the part that is wrong."""

    def __init__(self, message: str, path: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.path = path


def judge(schema: Mapping[str, Any]) -> Judge:
    """Return what judges events' data by a JSON Schema (draft 2020-12); patterns are RE2, so that none takes long.

    Raises:
        SchemaError: it is no JSON Schema, or refers to another document.
    """
    from jsonschema import Draft202012Validator, exceptions, validators
    from referencing import Registry

    for path, reference in _references(schema, ()):
        if not reference.startswith("#"):
            raise SchemaError(f"A schema cannot refer to another document, such as {reference[:100]!r}.", path)
    try:
        Draft202012Validator.check_schema(schema)
    except exceptions.SchemaError as error:
        raise SchemaError(f"This is no JSON Schema: {error.message[:200]}.", tuple(error.absolute_path)) from None
    _check_patterns(schema, ())
    kind: Any = validators.extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call] # has no types
    validator = kind(dict(schema), registry=Registry())

    def say(data: Any) -> str | None:
        try:
            error = exceptions.best_match(validator.iter_errors(data))
        except Exception as unresolvable:  # noqa: BLE001  # a schema that refers to nothing judges nothing
            return f"The event cannot be judged by the trigger's schema: {unresolvable}."
        if error is None:
            return None
        place = ".".join(["data", *map(str, error.absolute_path)])
        return f"The event's {place} is not what the trigger declares: {error.message[:300]}."

    return say


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[Any]:
    import re2
    from jsonschema import ValidationError

    if isinstance(instance, str) and not re2.search(pattern, instance):
        yield ValidationError(f"{json.dumps(instance)[:100]} does not match {pattern!r}")


def _check_patterns(schema: Any, path: tuple[str | int, ...]) -> None:
    import re2

    for place, node in _nodes(schema, path):
        if "patternProperties" in node:
            raise SchemaError(
                "A trigger's schema cannot use `patternProperties`; list the properties.", (*place, "patternProperties")
            )
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            try:
                re2.compile(pattern)
            except re2.error as error:
                raise SchemaError(
                    f"The pattern {pattern[:100]!r} is no RE2 expression: {error}.", (*place, "pattern")
                ) from None


def _nodes(schema: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        yield path, schema
        for key, child in schema.items():
            yield from _nodes(child, (*path, key))
    elif isinstance(schema, list):
        for index, child in enumerate(schema):
            yield from _nodes(child, (*path, index))


def _references(schema: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for place, node in _nodes(schema, path):
        for key in ("$ref", "$dynamicRef"):
            if isinstance(node.get(key), str):
                yield (*place, key), node[key]
