"""JSON Schemas of what a GraphQL schema takes, written when it is indexed.

Definitions are named as the types are. Null is taken wherever the type takes it, but for arguments themselves: there it
leaves them out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    is_required_input_field,
)

from activities.descriptions.schemas import DEFINITIONS

SCALARS: Mapping[str, Mapping[str, Any]] = {
    "Int": {"type": "integer", "minimum": -(2**31), "maximum": 2**31 - 1},
    "Float": {"type": "number"},
    "String": {"type": "string"},
    "ID": {"type": "string"},
    "Boolean": {"type": "boolean"},
}
"""What GraphQL's own scalars take; a schema does not say what its others do, so that these take anything."""

Given = GraphQLArgument | GraphQLInputField


def schema_of(given: GraphQLInputType) -> dict[str, Any]:
    """Return the JSON Schema of a type."""
    if isinstance(given, GraphQLNonNull):
        return bare_schema(given.of_type)
    made = bare_schema(given)
    if not made:
        return made
    if isinstance(made.get("type"), str):
        return {**made, "type": [made["type"], "null"]}
    return {"anyOf": [made, {"type": "null"}]}


def bare_schema(given: GraphQLInputType) -> dict[str, Any]:
    """Return the JSON Schema of a type without null."""
    if isinstance(given, GraphQLNonNull):
        return bare_schema(given.of_type)
    if isinstance(given, GraphQLList):
        return {"type": "array", "items": schema_of(given.of_type)}
    if isinstance(given, GraphQLEnumType | GraphQLInputObjectType):
        return {"$ref": DEFINITIONS + given.name}
    return dict(SCALARS.get(given.name, {}))


def said_of(given: Mapping[str, Given]) -> dict[str, str]:
    """Return what is said of arguments, or members of an input, by name."""
    return {name: " ".join(one.description.split()) for name, one in given.items() if one.description}


def definitions(schema: GraphQLSchema) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each type that can be given: its name, its JSON Schema, and what is said of its members."""
    for name, given in schema.type_map.items():
        if isinstance(given, GraphQLEnumType):
            yield name, {"schema": {"enum": list(given.values)}, "said": {}}
        elif isinstance(given, GraphQLInputObjectType):
            yield name, {"schema": _members(given), "said": said_of(given.fields)}


def _members(given: GraphQLInputObjectType) -> dict[str, Any]:
    made: dict[str, Any] = {
        "type": "object",
        "properties": {name: schema_of(one.type) for name, one in given.fields.items()},
        "additionalProperties": False,
    }
    if needed := [name for name, one in given.fields.items() if is_required_input_field(one)]:
        made["required"] = needed
    if given.is_one_of:
        made["properties"] = {name: bare_schema(one.type) for name, one in given.fields.items()}
        made |= {"minProperties": 1, "maxProperties": 1}
    return made
