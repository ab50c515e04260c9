"""GraphQL documents, one for each field of Query and Mutation, written when a schema is indexed.

A document takes every argument as a variable, and asks for what can be had without any: scalars of what the field
returns, those of the objects right inside, and of what a mutation says that it refuses, wherever that stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLUnionType,
    get_named_type,
    is_leaf_type,
    is_required_argument,
)

TYPE_NAME = "__typename"
REFUSALS = "usererror"
"""What the type, or the name, of a field ends with that says why a mutation was refused."""

LEVELS = 2


def document(kind: str, name: str, field: GraphQLField, key: str | None = None) -> str:
    """Return the document of a field.

    Args:
        kind: `query` or `mutation`.
        name: the field's name.
        field: the field.
        key: the variable that carries the key of `@idempotent`, where the field has to have one.
    """
    variables = [f"${argument}: {_variable(given)}" for argument, given in field.args.items()]
    arguments = ", ".join(f"{argument}: ${argument}" for argument in field.args)
    variables += [f"${key}: String!"] if key else []
    head = f"{kind} {name}({', '.join(variables)})" if variables else f"{kind} {name}"
    called = f"{name}({arguments})" if arguments else name
    marked = f"{called} @idempotent(key: ${key})" if key else called
    return f"{head} {{ {marked}{_selection(field.type, LEVELS) or ''} }}"


def signature(kind: str, name: str, field: GraphQLField) -> str:
    """Return how a field is called, as lists show it."""
    arguments = ", ".join(f"{argument}: {given.type}" for argument, given in field.args.items())
    return f"{kind} {name}({arguments})" if arguments else f"{kind} {name}"


def refusals(field: GraphQLField) -> list[str]:
    """Return the members of what a field returns that say why it was refused."""
    returned = get_named_type(field.type)
    if not isinstance(returned, GraphQLObjectType):
        return []
    return [name for name, one in _selectable(returned) if _is_refusal(name, one.type)]


def _variable(given: GraphQLArgument) -> str:
    """Return the type of an argument's variable: one that has a default may be left out."""
    if isinstance(given.type, GraphQLNonNull) and not is_required_argument(given):
        return str(given.type.of_type)
    return str(given.type)


def _is_refusal(name: str, given: GraphQLOutputType) -> bool:
    return any(text.lower().rstrip("s").endswith(REFUSALS) for text in (name, get_named_type(given).name))


def _selectable(given: Any) -> Iterator[tuple[str, GraphQLField]]:
    """Yield the fields of a type that can be asked for without an argument, and are not deprecated."""
    for name, field in given.fields.items():
        if field.deprecation_reason is None and not any(map(is_required_argument, field.args.values())):
            yield name, field


def _selection(given: GraphQLOutputType, levels: int) -> str | None:
    """Return what is asked for of a type; None of a scalar."""
    of = get_named_type(given)
    if is_leaf_type(of):
        return None
    if isinstance(of, GraphQLUnionType):
        return f" {{ {' '.join([TYPE_NAME, *_ways(of)])} }}"
    chosen = [TYPE_NAME] if isinstance(of, GraphQLInterfaceType) else []
    for name, field in _selectable(of):
        if is_leaf_type(get_named_type(field.type)):
            chosen.append(name)
        elif levels > 1 and (inside := _inside(field)):
            chosen.append(name + inside)
    return f" {{ {' '.join(chosen or [TYPE_NAME])} }}"


def _ways(of: GraphQLUnionType) -> Iterator[str]:
    """Yield the scalars of each type of a union; those of one name must be of one type."""
    types: dict[str, str] = {}
    for way in of.types:
        leaves = {name: field for name, field in _selectable(way) if is_leaf_type(get_named_type(field.type))}
        chosen = [name for name, field in leaves.items() if types.setdefault(name, str(field.type)) == str(field.type)]
        if chosen:
            yield f"... on {way.name} {{ {' '.join(chosen)} }}"


def _inside(field: GraphQLField) -> str | None:
    """Return what is asked for of an object inside; None where it has no scalars of its own."""
    found = _selection(field.type, 1)
    return None if found == f" {{ {TYPE_NAME} }}" else found
