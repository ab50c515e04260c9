"""A service that OpenAPI describes: its conventions, and the way to its operations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypeVar

from activities.connections import Connection
from activities.descriptions.index import Index
from activities.descriptions.source import Format
from activities.openapi.conventions import Conventions
from activities.openapi.operation import operation
from activities.operations.contract import DescribedOperation, no_such_operation

C = TypeVar("C", bound=Connection)

KEPT = 64

OPENAPI = Format("OpenAPI", 2, "activities.openapi.indexing")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenApiProfile(Conventions[C]):
    """A service that OpenAPI describes; see `Profile`."""

    @property
    def format(self) -> Format:
        """OpenAPI."""
        return OPENAPI

    def operation(self, index: Index, id_: str, signed: frozenset[str] = frozenset()) -> DescribedOperation:
        """Return an operation; see `Profile`. Those that a process used last it keeps."""
        return _operation(self, index, id_, signed)


@lru_cache(maxsize=KEPT)
def _operation(profile: Conventions[Any], index: Index, id_: str, signed: frozenset[str]) -> DescribedOperation:
    from activities.openapi.calls import OpenApiOperation

    row = index.operation(id_)
    if row is None:
        raise no_such_operation(id_, index.ids())
    return OpenApiOperation(profile, operation(index, row), signed, partial(operation, index, row, described=True))
