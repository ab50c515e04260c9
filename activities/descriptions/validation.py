"""Judges values by the schema of an operation, in linear time, and says what is wrong without repeating a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jsonschema_rs

from activities.descriptions.flaws import Flaw, Open, Step, nearest, shown
from activities.descriptions.schemas import Schemas

IT = "it"
"""What stands for a value in the messages of the library."""

MOST_CHOICES = 20

CLAUSES = {
    "not": "the service does not take this",
    "falseSchema": "nothing may stand here",
    "oneOf": "this fits several of the forms of which it must have exactly one",
}

TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


class Judge:
    """Judges values by one schema.

    Args:
        schema: the schema.
        definitions: what it refers to, by name.
    """

    def __init__(self, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> None:
        self.schema = schema
        self.schemas = Schemas(definitions)
        self._validator = _compiled({**schema, "$defs": definitions})

    def flaws(self, value: Any, is_open: Open) -> Iterator[Flaw]:
        """Yield what is wrong with a value; its paths begin in the value.

        Args:
            value: JSON.
            is_open: which values may still become anything, so that they are not judged.
        """
        for error in self._validator.iter_errors(value):
            yield from self._flaws(error, value, is_open)

    def _flaws(self, error: Any, value: Any, is_open: Open) -> Iterator[Flaw]:
        path = tuple(error.instance_path)
        if _forgiven(value, path, is_open):
            return
        name = error.kind.name
        if name == "required":
            missing = (*path, error.kind.property)
            if self._answers_only(missing):
                return
            yield Flaw(kind="missing", path=missing, sentence=f"`{shown(missing)}` is missing")
        elif name in {"additionalProperties", "unevaluatedProperties"}:
            known = self.schemas.members(self.schemas.at(self.schema, path))
            for unknown in error.kind.unexpected:
                yield unknown_name((*path, unknown), known)
        elif name in {"anyOf", "oneOf"} and getattr(error.kind, "context", None):
            yield from self._nearest_way(error, value, is_open)
        elif not is_open(_at(value, path)):
            yield Flaw(kind="wrong", path=path, sentence=f"`{shown(path)}`: {_clause(error)}")

    def _answers_only(self, path: Sequence[Step]) -> bool:
        """Say whether a member stands in answers only, so that its being required says nothing of requests."""
        return self.schemas.answers_only(self.schemas.at(self.schema, path))

    def _nearest_way(self, error: Any, value: Any, is_open: Open) -> Iterator[Flaw]:
        """Yield what is wrong by the way that got furthest; nothing where what is open may make one fit."""
        ways: list[list[Flaw]] = []
        for errors in error.kind.context:
            found = [flaw for one in errors for flaw in self._flaws(one, value, is_open)]
            if not found:
                return
            ways.append(found)
        yield from max(ways, key=lambda found: (max(len(flaw.path) for flaw in found), -len(found)))


def unknown_name(path: Sequence[Step], known: Mapping[str, Any], *, serious: bool = True) -> Flaw:
    """Return the flaw of a member that nobody knows."""
    return Flaw(
        kind="unknown",
        path=tuple(path),
        sentence=f"there is no `{shown(path)}` here",
        hint=nearest(str(path[-1]), known),
        serious=serious,
    )


def _compiled(schema: Any) -> Any:
    """Return the validator of a schema; patterns that need look-around are bounded in their steps instead."""
    try:
        return jsonschema_rs.Draft202012Validator(schema, mask=IT, pattern_options=jsonschema_rs.RegexOptions())
    except ValueError:
        pass
    try:
        return jsonschema_rs.Draft202012Validator(schema, mask=IT, pattern_options=jsonschema_rs.FancyRegexOptions())
    except ValueError:  # a pattern of another dialect: the service judges by it
        return jsonschema_rs.Draft202012Validator(_without_patterns(schema), mask=IT)


def _without_patterns(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_patterns(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_patterns(item)
        for key, item in value.items()
        if key != "patternProperties" and not (key == "pattern" and isinstance(item, str))
    }


def _forgiven(value: Any, path: Sequence[Step], is_open: Open) -> bool:
    """Say whether a template stands at a place, or around it."""
    for step in path:
        if isinstance(value, str):
            break
        value = value[step]
    return isinstance(value, str) and is_open(value)


def _at(value: Any, path: Sequence[Step]) -> Any:
    for step in path:
        value = value[step]
    return value


def _clause(error: Any) -> str:
    kind = error.kind
    if kind.name == "type":
        wanted = [TYPES.get(one, one) for one in sorted(kind.types, key=list(TYPES).index)]
        return f"this must be {' or '.join(wanted)}"
    if kind.name == "enum":
        options = [str(one) if isinstance(one, str) else _json(one) for one in kind.options]
        more = f" or one of {len(options) - MOST_CHOICES} others" if len(options) > MOST_CHOICES else ""
        return f"this must be one of {', '.join(options[:MOST_CHOICES])}{more}"
    if kind.name == "const":
        return f"this must be {_json(kind.expected_value)}"
    return CLAUSES.get(kind.name) or str(error.message)


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
