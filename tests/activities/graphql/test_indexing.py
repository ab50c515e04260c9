"""Schemas indexed: documents that GraphQL's own library takes, whichever way the schema comes, and what is no schema."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, build_schema, graphql_sync, parse, validate

from activities.descriptions.command import UnreadableError
from activities.descriptions.index import Index
from activities.descriptions.source import DescriptionSource
from activities.descriptions.store import Store, usual_store
from activities.graphql import indexing
from activities.graphql.introspection import introspection
from activities.graphql.profile import GRAPHQL
from tests.descriptions import AWKWARD_SCHEMA
from tests.starts import Processes
from workers.sandbox.vendors.graphql import SCHEMA

TEXT = AWKWARD_SCHEMA.read_text()


@pytest.fixture
def index() -> Index:
    return usual_store().at_hand(DescriptionSource(GRAPHQL, str(AWKWARD_SCHEMA)))


def document(index: Index, id_: str) -> str:
    row = index.operation(id_)
    assert row is not None
    return str(row.body["document"])


@pytest.mark.parametrize("path", [AWKWARD_SCHEMA, SCHEMA])
def test_every_document_is_valid(path: Path) -> None:
    schema = build_schema(path.read_text())
    index = usual_store().at_hand(DescriptionSource(GRAPHQL, str(path)))
    assert len(index.ids()) == len(schema.query_type.fields) + len(schema.mutation_type.fields)  # type: ignore[union-attr] # a schema has both
    for id_ in index.ids():
        assert validate(schema, parse(document(index, id_))) == [], id_


def test_ids_are_fields_and_say_which_root_where_both_have_one(index: Index) -> None:
    assert index.ids() == [
        *("refundCreate", "orderCancel", "charge", "chargeTwice", "customerSet", "mutation tags", "move", "rename"),
        *("order", "orders", "node", "found", "ping", "query tags", "old"),
    ]
    listed = {one.id: one for one in index.listed("tags")}
    assert listed["query tags"].summary == "Read tags"
    assert listed["mutation tags"].path == "mutation tags(id: ID!, tags: [String!]!)"
    assert [one.id for one in index.listed() if one.deprecated] == ["old"]
    assert index.listed("refundCreate")[0].summary == "Refund an order."


def test_what_a_document_asks_for(index: Index) -> None:
    assert document(index, "refundCreate") == (
        "mutation refundCreate($input: RefundInput!, $idempotencyKey: String!) "
        "{ refundCreate(input: $input) @idempotent(key: $idempotencyKey) "
        "{ order { id name total status tags price } refund { id amount } userErrors { field message } } }"
    ), "no deprecated field, none that needs an argument, objects one level deep"
    assert "{ job { id done } orderCancelUserErrors { field message code } }" in document(index, "orderCancel")
    assert "$sort: Sort)" in document(index, "orders"), "an argument with a default may be left out"
    assert "{ __typename id }" in document(index, "node")
    assert document(index, "move").endswith(
        "{ __typename ... on Order { id name total status tags price } ... on Moved { to } "
        "... on MoveError { message code } } }"
    ), "fields of one name that differ cannot be asked for at once"
    assert document(index, "ping") == "query ping { ping }"


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_answer_of_an_introspection_says_the_same(tmp_path: Path, index: Index, *, wrapped: bool) -> None:
    answer = graphql_sync(build_schema(TEXT), introspection(one_of=True))
    assert answer.errors is None
    content = {"data": answer.data} if wrapped else answer.data
    indexing.index(json.dumps(content).encode(), tmp_path / "x.sqlite")
    found = Index(tmp_path / "x.sqlite")
    assert found.ids() == index.ids()
    for id_ in index.ids():
        assert found.operation(id_) == index.operation(id_), id_
    assert found.part("RefundInput") == index.part("RefundInput")
    found.close()


def test_older_services_are_not_asked_what_they_do_not_know() -> None:
    asked = introspection(one_of=False)
    schema: GraphQLSchema = build_schema(TEXT)
    assert "isOneOf" not in asked
    assert graphql_sync(schema, asked).errors is None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"type Query {", "it is no GraphQL schema: Syntax Error: Expected Name, found <EOF>"),
        (b"type Query { a: Nothing }", "it is no GraphQL schema: .*Unknown type: 'Nothing'"),
        (b"\xff\xfe", "it is no UTF-8 text"),
        (b'{"data": ', "it is no JSON"),
        (b'{"data": {}}', "it is no answer of an introspection"),
        (b'{"errors": [{"message": "Introspection is off."}]}', "the service answered Introspection is off"),
        (b'{"__schema": {"types": [{}]}}', "it is no GraphQL schema"),
    ],
)
def test_what_is_no_schema(tmp_path: Path, content: bytes, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        indexing.index(content, tmp_path / "x.sqlite")
    assert not (tmp_path / "x.sqlite").exists()


def test_no_worker_has_the_library(tmp_path: Path, processes: Processes) -> None:
    """In a process of its own: the schema is indexed by another one, and an operation judged and shown."""
    import subprocess
    import sys

    program = f"""
import sys
from pathlib import Path
from activities.catalog import catalog
from activities.connectors.graphql import GraphQl
from activities.descriptions.source import DescriptionSource
from activities.descriptions.store import Store
from activities.graphql.profile import GRAPHQL
catalog()
index = Store(Path({str(tmp_path)!r})).at_hand(DescriptionSource(GRAPHQL, {str(AWKWARD_SCHEMA)!r}))
operation = GraphQl.profile.operation(index, "refundCreate")
assert operation.flaws({{}}, lambda _: False)
print("graphql" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "False\n"


def test_a_process_of_its_own_says_what_is_wrong(tmp_path: Path, processes: Processes) -> None:
    from activities.descriptions.source import BadDescriptionError

    file = tmp_path / "bad.graphql"
    file.write_text("type Query {")
    with pytest.raises(BadDescriptionError, match=r"bad\.graphql cannot be used: it is no GraphQL schema: Syntax"):
        Store(tmp_path / "cache").at_hand(DescriptionSource(GRAPHQL, str(file)))


def test_a_changed_schema_changes_the_digest_of_what_it_concerns(tmp_path: Path) -> None:
    from activities.graphql.field import field_of

    def digest(text: str, id_: str) -> Any:
        indexing.index(text.encode(), tmp_path / "x.sqlite")
        index = Index(tmp_path / "x.sqlite")
        row = index.operation(id_)
        assert row is not None
        return field_of(index, row).request.digest

    changed = TEXT.replace("input LineInput { id: ID!", "input LineInput { id: ID! color: String").replace(
        '"The order that is refunded."', '"In other words."'
    )
    assert digest(TEXT, "refundCreate") != digest(changed, "refundCreate"), "through what it refers to"
    assert digest(TEXT, "charge") == digest(changed, "charge")
    reworded = TEXT.replace('"The order that is refunded."', '"In other words."')
    assert digest(TEXT, "refundCreate") == digest(reworded, "refundCreate")
