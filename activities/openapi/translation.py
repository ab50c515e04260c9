"""Schemas of OpenAPI as JSON Schema 2020-12, for values that are sent: what only describes is dropped.

OpenAPI 3.0 has a dialect of its own (`nullable`, truth values as `exclusiveMinimum`, nothing beside `$ref`); that of
3.1 is 2020-12 but for `discriminator`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = dict[str, Any] | bool

DEFINITIONS = "#/$defs/"
UNUSUAL = re.compile(r"[^A-Za-z0-9._-]")

PLAIN = frozenset((
    "type", "enum", "const", "multipleOf", "maximum", "minimum", "maxLength", "minLength", "pattern", "maxItems",
    "minItems", "uniqueItems", "maxProperties", "minProperties", "readOnly",
))  # fmt: skip
"""Keywords of both dialects that hold no schema."""

PLAIN_OF_31 = frozenset((
    "exclusiveMaximum", "exclusiveMinimum", "dependentRequired", "maxContains", "minContains", "contentMediaType",
    "contentEncoding",
))  # fmt: skip

SINGLE = frozenset(("not", "items", "additionalProperties"))
SINGLE_OF_31 = frozenset(
    ("contains", "propertyNames", "if", "then", "else", "unevaluatedItems", "unevaluatedProperties")
)
SEVERAL = frozenset(("allOf", "anyOf", "oneOf"))
NAMED_OF_31 = frozenset(("patternProperties", "dependentSchemas"))

BINARY = "application/octet-stream"
"""Says of a text that it is the content of a file, as 3.1 writes what 3.0 calls `format: binary`."""

INTEGERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}


class Translation:
    """Translates the schemas of one description.

    Args:
        version: what its `openapi` says.
        described: whether schemas keep what they say of themselves in words.

    Attributes:
        references: the references that were met.
    """

    def __init__(self, version: str, *, described: bool = False) -> None:
        self.old = version.startswith("3.0")
        self.described = described
        self.references: set[str] = set()

    def schema(self, given: Any) -> Schema:
        """Return a schema as JSON Schema 2020-12; what is no schema allows anything."""
        if not isinstance(given, Mapping):
            return given if isinstance(given, bool) else True
        made = self._reference(given)
        if made is None or not self.old:
            made = {**(made or {}), **self._members(given)}
        if self.described and isinstance(given.get("description"), str):
            made["description"] = given["description"]
        nullable = self.old and given.get("nullable") is True and not _takes_null(given)
        return {"anyOf": [made, {"type": "null"}]} if nullable else made

    def _reference(self, given: Mapping[str, Any]) -> dict[str, Any] | None:
        reference = given.get("$ref")
        if not isinstance(reference, str):
            return None
        self.references.add(reference)
        return {"$ref": pointer(reference)}

    def _members(self, given: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for keyword, value in given.items():
            if keyword in PLAIN or (keyword in PLAIN_OF_31 and not self.old):
                made[keyword] = value
            elif keyword in SINGLE or (keyword in SINGLE_OF_31 and not self.old):
                made[keyword] = self.schema(value)
            elif keyword in SEVERAL | {"prefixItems"} and isinstance(value, list) and value:
                made[keyword] = [self.schema(item) for item in value]
            elif keyword in NAMED_OF_31 and isinstance(value, Mapping) and not self.old:
                made[keyword] = {name: self.schema(item) for name, item in value.items()}
        self._properties(given, made)
        _numbers(given, made)
        if given.get("format") == "binary":
            made["contentMediaType"] = BINARY
        if self.old:
            _old(given, made)
        if isinstance(given.get("discriminator"), Mapping):
            self._discriminator(given, made)
        return made

    def _properties(self, given: Mapping[str, Any], made: dict[str, Any]) -> None:
        """Add the properties; what only answers have, and what can never be given, need not be sent."""
        properties = given.get("properties")
        if not isinstance(properties, Mapping):
            properties = {}
        else:
            made["properties"] = {name: self.schema(item) for name, item in properties.items()}
        required = given.get("required")
        if isinstance(required, list):
            closed = given.get("additionalProperties") is False and not given.get("patternProperties")
            needed = [
                name
                for name in required
                if isinstance(name, str)
                and not _answers_only(properties.get(name))
                and not (closed and name not in properties)
            ]
            if needed:
                made["required"] = list(dict.fromkeys(needed))

    def _discriminator(self, given: Mapping[str, Any], made: dict[str, Any]) -> None:
        """Let the discriminator choose, so that of two look-alikes the one that is named judges."""
        name = given["discriminator"].get("propertyName")
        ways = [way for way in (*given.get("oneOf", ()), *given.get("anyOf", ())) if isinstance(way, Mapping)]
        references = [way["$ref"] for way in ways if isinstance(way.get("$ref"), str)]
        if not isinstance(name, str) or not references or len(references) != len(ways):
            return
        mapping = given["discriminator"].get("mapping")
        chosen = dict(_mapped(mapping if isinstance(mapping, Mapping) else {}, references))
        for keyword in ("oneOf", "anyOf"):
            made.pop(keyword, None)
        self.references.update(chosen.values())
        rules = [
            {
                "if": {"properties": {name: {"const": value}}, "required": [name]},
                "then": {"$ref": pointer(reference)},
            }
            for value, reference in chosen.items()
        ]
        named = {"properties": {name: {"enum": list(chosen)}}, "required": [name]}
        made["allOf"] = [*made.get("allOf", ()), named, *rules]


def definition(reference: str) -> str:
    """Return the name that the definition of a reference has: unique, and nothing in it means anything in a pointer."""
    return UNUSUAL.sub(lambda match: f"!{ord(match[0]):x}!", reference.removeprefix("#/"))


def pointer(reference: str) -> str:
    """Return the pointer to the definition of a reference."""
    return DEFINITIONS + definition(reference)


def _mapped(mapping: Mapping[str, Any], references: list[str]) -> Iterator[tuple[str, str]]:
    """Yield value and reference of each way: as `mapping` says, else by the name of its schema."""
    targets = {
        value: target if target.startswith("#") else f"#/components/schemas/{target}"
        for value, target in mapping.items()
        if isinstance(target, str)
    }
    yield from targets.items()
    yield from (
        (reference.rpartition("/")[2], reference) for reference in references if reference not in targets.values()
    )


def _numbers(given: Mapping[str, Any], made: dict[str, Any]) -> None:
    least, most = INTEGERS.get(str(given.get("format")), (None, None))
    if least is not None and "integer" in _types(given):
        made.setdefault("minimum", least)
        made.setdefault("maximum", most)


def _old(given: Mapping[str, Any], made: dict[str, Any]) -> None:
    for keyword, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if given.get(keyword) is True and limit in made:
            made[keyword] = made.pop(limit)
    if given.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if isinstance(made.get("enum"), list) and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]
    if made.get("type") == "file":
        made["type"] = "string"


def _types(given: Mapping[str, Any]) -> list[Any]:
    kind = given.get("type")
    return kind if isinstance(kind, list) else [kind]


def _takes_null(given: Mapping[str, Any]) -> bool:
    """Say whether `nullable` stands beside a type, where it means what it says."""
    others = SEVERAL | {"$ref", "not"}
    return isinstance(given.get("type"), str) and not others & given.keys()


def _answers_only(given: Any) -> bool:
    return isinstance(given, Mapping) and given.get("readOnly") is True
