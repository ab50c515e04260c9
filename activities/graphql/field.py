"""A field of Query or Mutation as its requests need it, read from an index."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from activities.descriptions.index import Index, OperationRow
from activities.descriptions.schemas import DEFINITIONS
from activities.openapi.operation import Operation, RequestBody

JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQlField:
    """A field of Query or Mutation.

    Attributes:
        request: its variables, as the body of a request: all arguments, or the members of its only one.
        document: the document that is sent.
        name: its name, under which its answer stands.
        mutation: whether it is one.
        sole: the argument whose members the body has, where it is an input and the only one.
        key: what carries the step's key, as people read it; None where nothing does.
        variable: the variable of the key.
        refusals: members of its answer that say why it was refused.
    """

    request: Operation
    document: str
    name: str
    mutation: bool
    sole: str | None
    key: str | None
    variable: str | None
    refusals: tuple[str, ...]


def field_of(index: Index, row: OperationRow) -> GraphQlField:
    """Return a field with all that its requests need."""
    record = row.body
    body = _body(record)
    definitions = {name: index.part(name)["schema"] for name in closure(index, record["arguments"])}
    key = record["key"] or {}
    sent = {"document": record["document"], "body": body.schema, "definitions": definitions, "key": key}
    written = json.dumps(sent, sort_keys=True, separators=(",", ":"))
    request = Operation(
        id=row.id,
        method=row.method,
        path=row.path,
        summary=row.summary,
        deprecated=row.deprecated,
        servers=(),
        accepts=(JSON,),
        parameters=(),
        body=body,
        definitions=definitions,
        digest=hashlib.sha256(written.encode(errors="replace")).hexdigest(),
    )
    return GraphQlField(
        request=request,
        document=record["document"],
        name=record["field"],
        mutation=record["mutation"],
        sole=record["sole"],
        key=key.get("name"),
        variable=key.get("variable"),
        refusals=tuple(record["refusals"]),
    )


def closure(index: Index, schemas: Any) -> list[str]:
    """Return the names of all definitions that schemas refer to, also through each other."""
    found: dict[str, None] = {}
    waiting = list(_references(schemas))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            waiting += _references(index.part(name)["schema"])
    return sorted(found)


def described(schema: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the schema of an object whose members say what they are."""
    members = {name: {**schema["properties"][name], "description": text} for name, text in texts.items()}
    return {**schema, "properties": {**schema["properties"], **members}} if members else dict(schema)


def _body(record: Mapping[str, Any]) -> RequestBody:
    every = {
        "type": "object",
        "properties": record["arguments"],
        "required": record["required"],
        "additionalProperties": False,
    }
    schema = every if record["sole"] is None else record["arguments"][record["sole"]]
    return RequestBody(required=bool(record["required"]), media=JSON, schema=schema, encoding={})


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"].removeprefix(DEFINITIONS)
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
