"""Indexes a GraphQL schema: `python -m activities.graphql.indexing SOURCE TARGET`, in a process of its own.

An operation's row holds the document that is sent, the JSON Schemas of its arguments, and how its answer tells of
refusals; each type that can be given has a row of its own. So nobody else needs the schema, or a library for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_named_type,
    is_required_argument,
)
from pydantic_core import from_json

from activities.bounds import cut
from activities.descriptions.command import UnreadableError, run
from activities.descriptions.index import OperationRow, write
from activities.graphql.documents import document, refusals, signature
from activities.graphql.schemas import bare_schema, definitions, said_of

KEY = "idempotencyKey"
"""An argument by which a service dedupes, and the variable of the directive that does the same."""

DIRECTIVE = "idempotent"
LONGEST_SUMMARY = 200
LONGEST_REASON = 300


def index(content: bytes, target: Path) -> None:
    """Write the index of a schema: the answer of an introspection as JSON, or the schema's own language.

    Raises:
        UnreadableError: it is neither.
    """
    schema = _read(content)
    write(target, {}, list(_rows(schema)), definitions(schema))


def _read(content: bytes) -> GraphQLSchema:
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        if content.lstrip()[:1] == b"{":
            return build_client_schema(_introspected(content), assume_valid=True)
        return build_schema(content.decode(), assume_valid=True)
    except UnicodeDecodeError:
        raise UnreadableError("it is no UTF-8 text.") from None
    except (GraphQLError, AttributeError, KeyError, TypeError) as error:
        reason = cut(" ".join(str(error).split()), LONGEST_REASON).rstrip(".")
        raise UnreadableError(f"it is no GraphQL schema: {reason}.") from None


def _introspected(content: bytes) -> Any:
    try:
        answer = from_json(content, allow_inf_nan=False)
    except ValueError as error:
        raise UnreadableError(f"it is no JSON: {error}.") from None
    data = answer.get("data")
    found = data if isinstance(data, dict) else answer
    if isinstance(found.get("__schema"), dict):
        return found
    errors = answer.get("errors")
    messages = [str(one["message"]) for one in errors if "message" in one] if isinstance(errors, list) else []
    reason = f": the service answered {cut('; '.join(messages), LONGEST_REASON).rstrip('.')}" if messages else ""
    raise UnreadableError(f"it is no answer of an introspection{reason}.")


def _rows(schema: GraphQLSchema) -> Iterator[OperationRow]:
    roots = {"mutation": schema.mutation_type, "query": schema.query_type}
    fields = {kind: root.fields if root else {} for kind, root in roots.items()}
    both = fields["mutation"].keys() & fields["query"].keys()
    directed = DIRECTIVE in {one.name for one in schema.directives}
    for kind, found in fields.items():
        for name, field in found.items():
            key = _key(field, directed=directed) if kind == "mutation" else None
            yield OperationRow(
                id=f"{kind} {name}" if name in both else name,
                method="POST",
                path=signature(kind, name, field),
                summary=_summary(field),
                deprecated=field.deprecation_reason is not None,
                body=_body(kind, name, field, key),
            )


def _summary(field: GraphQLField) -> str:
    """Return the first paragraph of what is said of a field."""
    return " ".join((field.description or "").strip().partition("\n\n")[0].split())[:LONGEST_SUMMARY]


def _key(field: GraphQLField, *, directed: bool) -> dict[str, str] | None:
    """Return how a mutation carries the step's key: by the directive, where it is said to take that, or an argument.

    Which fields take a directive of requests no schema can say but in words.
    """
    if directed and f"@{DIRECTIVE}" in (field.description or ""):
        return {"name": f"@{DIRECTIVE}", "variable": f"{KEY}_" if KEY in field.args else KEY}
    given = field.args.get(KEY)
    if given is not None and get_named_type(given.type).name in {"String", "ID"}:
        return {"name": KEY, "variable": KEY}
    return None


def _body(kind: str, name: str, field: GraphQLField, key: dict[str, str] | None) -> dict[str, Any]:
    own, sole = key["variable"] if key else None, _sole(field)
    directive = own if key and key["name"] != own else None
    return {
        "field": name,
        "mutation": kind == "mutation",
        "document": document(kind, name, field, directive),
        "arguments": {argument: bare_schema(given.type) for argument, given in field.args.items()},
        "required": [one for one, given in field.args.items() if is_required_argument(given) and one != own],
        "said": said_of(field.args if sole is None else sole[1].fields),
        "sole": sole and sole[0],
        "key": key,
        "refusals": refusals(field) if kind == "mutation" else [],
    }


def _sole(field: GraphQLField) -> tuple[str, GraphQLInputObjectType] | None:
    """Return the argument whose members params may give in its place: the only one, where it is an input."""
    if len(field.args) != 1:
        return None
    [(name, given)] = field.args.items()
    bare = given.type.of_type if isinstance(given.type, GraphQLNonNull) else given.type
    return (name, bare) if isinstance(bare, GraphQLInputObjectType) else None


if __name__ == "__main__":
    run(index)
