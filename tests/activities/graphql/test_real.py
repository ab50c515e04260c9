"""Shopify's schema: every field indexed, its document and its requests judged by GraphQL's own library, within bounds."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_client_schema, parse, validate
from graphql.execution.values import VariableValues, get_variable_values

from activities.descriptions.index import Index
from activities.graphql import indexing
from activities.graphql.calls import GraphQlOperation
from activities.vendors.accounts.shopify import PROFILE
from tests.real_descriptions import PACKAGED, Generator, packaged
from tests.starts import Processes

BOTH_REQUIRED = 16
"""Mutations that need `@idempotent` since 2026-04; two more have an argument for the key."""


@pytest.fixture(scope="module")
def content() -> bytes:
    return gzip.decompress(packaged("shopify").read_bytes())


def test_every_field_can_be_used(content: bytes, tmp_path: Path, processes: Processes) -> None:
    began = time.process_time()
    indexing.index(content, tmp_path / "x.sqlite")
    assert time.process_time() - began < 2, "indexing"
    index = Index(tmp_path / "x.sqlite")
    schema = build_client_schema(json.loads(content)["data"], assume_valid=True)
    ids = index.ids()
    assert len(ids) == PACKAGED["shopify"][2]
    keys = [operation(index, id_).pin().key for id_ in ids]
    assert (keys.count("@idempotent"), keys.count("idempotencyKey")) == (BOTH_REQUIRED, 2)
    for id_ in ids:
        found = operation(index, id_)
        given = Generator(found.variables).params()
        assert found.flaws(given, lambda _: False) == [], id_
        assert any(flaw.kind == "unknown" for flaw in found.flaws({**given, "no such name": 1}, lambda _: False)), id_
        for name in found.variables.needed if found.variables.body_needed else ():
            broken = {key: value for key, value in given.items() if key != name}
            assert any(flaw.kind == "missing" for flaw in found.flaws(broken, lambda _: False)), (id_, name)
        judged(schema, found, found.variables.made(given))


def judged(schema: GraphQLSchema, found: GraphQlOperation, variables: dict[str, Any]) -> None:
    """Let GraphQL's own library judge a request."""
    document = parse(found.field.document)
    assert validate(schema, document) == [], found.id
    [query] = document.definitions
    assert isinstance(query, OperationDefinitionNode)
    key = {found.field.variable: "key"} if found.field.variable else {}
    values = get_variable_values(schema, query.variable_definitions or (), {**key, **variables})
    assert isinstance(values, VariableValues), (found.id, values)


def operation(index: Index, id_: str) -> GraphQlOperation:
    found = PROFILE.operation(index, id_)
    assert isinstance(found, GraphQlOperation)
    return found


def test_a_worker_holds_none_of_it(content: bytes, tmp_path: Path, processes: Processes) -> None:
    (tmp_path / "admin.json").write_bytes(content)
    program = f"""
import resource
from pathlib import Path
import jsonschema_rs
from activities.descriptions.source import DescriptionSource
from activities.descriptions.store import Store
from activities.graphql.calls import GraphQlOperation
from activities.graphql.profile import GRAPHQL
from activities.vendors.accounts.shopify import PROFILE
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
index = Store(Path({str(tmp_path)!r})).at_hand(DescriptionSource(GRAPHQL, {str(tmp_path / "admin.json")!r}))
assert PROFILE.operation(index, "productSet").flaws({{}}, lambda _: False)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout) < 60
