"""A service that GraphQL describes: its conventions, and the way to its operations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeVar

from activities.connections import Connection
from activities.descriptions.index import Index
from activities.descriptions.source import Format
from activities.graphql.conventions import GraphQlConventions
from activities.graphql.field import field_of
from activities.operations.contract import DescribedOperation, no_such_operation

C = TypeVar("C", bound=Connection)

KEPT = 64

GRAPHQL = Format("GraphQL", 1, "activities.graphql.indexing")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphQlProfile(GraphQlConventions[C]):
    """A service that GraphQL describes; see `Profile`."""

    @property
    def format(self) -> Format:
        """GraphQL."""
        return GRAPHQL

    def operation(self, index: Index, id_: str, signed: frozenset[str] = frozenset()) -> DescribedOperation:
        """Return an operation; see `Profile`. Those that a process used last it keeps."""
        del signed  # a name in a header or a query is none of a document's
        return _operation(self, index, id_)


@lru_cache(maxsize=KEPT)
def _operation(profile: GraphQlConventions[Any], index: Index, id_: str) -> DescribedOperation:
    from activities.graphql.calls import GraphQlOperation

    row = index.operation(id_)
    if row is None:
        raise no_such_operation(id_, index.ids())
    return GraphQlOperation(profile, field_of(index, row), index)
