"""What an operation takes, as one JSON Schema: parameters and members of the body under one roof."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from activities.openapi.operation import Operation, Parameter
from activities.openapi.params import BODY, Params


def params_schema(operation: Operation, supplied: Collection[str] = ()) -> dict[str, Any]:
    """Return the JSON Schema of an operation's params.

    Args:
        operation: the operation, with what is said of each part of it.
        supplied: names of parameters that the connection gives where a step does not.
    """
    params, body = Params(operation, supplied), operation.body
    needed: list[str] = []
    properties: dict[str, Any] = {}
    if body is not None:
        properties = dict(params.members)
        needed = sorted(params.needed)
        if BODY not in params.members:
            properties[BODY] = params.body_schema(body)
            needed = needed if properties.keys() - {BODY} else [BODY] * bool(body.required)
    properties |= {one.name: _schema(one) for one in operation.parameters}
    own = [one.name for one in operation.parameters if one.required and one.name not in supplied]
    return {
        "type": "object",
        "properties": properties,
        "required": [*own, *(name for name in needed if name not in own)],
        "$defs": dict(operation.definitions),
    }


def _schema(one: Parameter) -> Any:
    """Return the schema of a parameter with what is said of it."""
    schema = {} if one.schema is True else one.schema
    return {**schema, "description": one.description} if isinstance(schema, dict) and one.description else one.schema
