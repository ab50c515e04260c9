"""What a JSON Schema with its definitions says of a value's members and types, through all its ways."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

DEFINITIONS = "#/$defs/"
SEVERAL = ("allOf", "anyOf", "oneOf")
BRANCHES = ("then", "else")
EVERYTHING = frozenset(("string", "integer", "number", "boolean", "object", "array", "null"))


class Schemas:
    """Schemas of one operation.

    Args:
        definitions: what `#/$defs/NAME` stands for.
    """

    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self.definitions = definitions
        self._types: dict[int, tuple[Mapping[str, Any], frozenset[str]]] = {}

    def parts(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield a schema and every schema that may apply to the same value."""

        def following(part: Mapping[str, Any]) -> Iterator[Any]:
            yield self._referred(part)
            yield from (way for keyword in SEVERAL for way in part.get(keyword, ()))
            yield from (part[keyword] for keyword in BRANCHES if keyword in part)

        return _reached(schema, following)

    def certain(self, schema: Any) -> Iterator[Mapping[str, Any]]:
        """Yield a schema and every schema that certainly applies to the same value."""
        return _reached(schema, lambda part: [self._referred(part), *part.get("allOf", ())])

    def members(self, schema: Any) -> dict[str, Any]:
        """Return the members that an object of this schema is known to have, with the schema of each."""
        found: dict[str, Any] = {}
        for part in self.parts(schema):
            for name, inside in part.get("properties", {}).items():
                found.setdefault(name, inside)
        return found

    def required(self, schema: Any) -> set[str]:
        """Return the members that an object of this schema certainly must have."""
        return {name for part in self.certain(schema) for name in part.get("required", ())}

    def answers_only(self, schema: Any) -> bool:
        """Say whether a member of this schema stands in answers only (`readOnly`)."""
        return any(part.get("readOnly") is True for part in self.certain(schema))

    def takes_others(self, schema: Any) -> bool:
        """Say whether it is written that an object of this schema may have members of any name."""
        return any(
            part.get("additionalProperties", False) is not False or part.get("patternProperties")
            for part in self.parts(schema)
        )

    def takes_anything(self, schema: Any) -> bool:
        """Say whether nothing is known of the members of an object of this schema."""
        if schema is True or schema == {}:
            return True
        return not self.members(schema) and not any(
            part.get("additionalProperties") is False for part in self.parts(schema)
        )

    def types(self, schema: Any) -> frozenset[str]:
        """Return the types that a value of this schema can have."""
        if not isinstance(schema, Mapping):
            return EVERYTHING
        if id(schema) not in self._types:
            self._types[id(schema)] = schema, EVERYTHING  # what refers to itself says nothing of its type
            self._types[id(schema)] = schema, self._found_types(schema)
        return self._types[id(schema)][1]

    def _found_types(self, schema: Mapping[str, Any]) -> frozenset[str]:
        found = EVERYTHING
        kind = schema.get("type")
        if isinstance(kind, str | list):
            found &= _widened(frozenset([kind] if isinstance(kind, str) else kind))
        elif isinstance(schema.get("enum"), list):
            found &= _widened(frozenset(map(_type_of, schema["enum"])))
        for way in (self._referred(schema), *schema.get("allOf", ())):
            found &= self.types(way)
        for keyword in ("anyOf", "oneOf"):
            if schema.get(keyword):
                found &= frozenset().union(*map(self.types, schema[keyword]))
        return found

    def _referred(self, schema: Mapping[str, Any]) -> Any:
        reference = schema.get("$ref")
        return self.definitions.get(reference.removeprefix(DEFINITIONS)) if isinstance(reference, str) else None

    def items(self, schema: Any) -> Any:
        """Return the schema of a list's items; True where any may stand there."""
        return next((part["items"] for part in self.parts(schema) if "items" in part), True)

    def at(self, schema: Any, path: Sequence[str | int]) -> Any:
        """Return the schema of what stands at a path in a value of this schema; True where nothing is known of it."""
        for step in path:
            schema = self.items(schema) if isinstance(step, int) else self.member(schema, step)
        return schema

    def member(self, schema: Any, name: str) -> Any:
        """Return the schema of one member of an object; True where nothing is known of it."""
        others = (part["additionalProperties"] for part in self.parts(schema) if "additionalProperties" in part)
        return self.members(schema).get(name, next(others, True))


def _widened(kinds: frozenset[str]) -> frozenset[str]:
    return kinds | {"integer"} if "number" in kinds else kinds


def _type_of(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    kinds: tuple[tuple[type, str], ...] = ((float, "number"), (str, "string"), (list, "array"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "object")


def _reached(schema: Any, following: Callable[[Mapping[str, Any]], Iterable[Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and what follows from it, each once, the nearest first; what is no object leads nowhere."""
    waiting, seen = [schema], set[int]()
    while waiting:
        part = waiting.pop(0)
        if not isinstance(part, Mapping) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        waiting += following(part)
