"""Descriptions that tests use, indexed without a process of their own; that one is made has tests of its own."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from activities.descriptions import store
from activities.descriptions.command import content_of
from activities.descriptions.source import BadDescriptionError, DescriptionSource
from activities.graphql.profile import GRAPHQL
from activities.mcp.profile import MCP
from activities.openapi.profile import OPENAPI
from workers.sandbox.vendors.described import SHOP
from workers.sandbox.vendors.graphql import SCHEMA

ROOT = Path(__file__).resolve().parents[1]
AWKWARD = ROOT / "tests/activities/openapi/awkward.yaml"
VENDORS = ROOT / "tests/activities/connectors/vendors.yaml"
AWKWARD_SCHEMA = ROOT / "tests/activities/graphql/awkward.graphql"
TOOLS = ROOT / "tests/activities/connectors/tools.json"
KNOWN = (
    *(DescriptionSource(OPENAPI, str(path)) for path in (AWKWARD, VENDORS, SHOP)),
    *(DescriptionSource(GRAPHQL, str(path)) for path in (AWKWARD_SCHEMA, SCHEMA)),
    DescriptionSource(MCP, str(TOOLS)),
)


@contextmanager
def indexed_here() -> Iterator[None]:
    """Index whatever is asked for in this very process."""

    def run(source: DescriptionSource, path: Path, target: Path) -> None:
        try:
            importlib.import_module(source.format.module).index(content_of(path), target)
        except ValueError as error:
            raise BadDescriptionError(f"The description {source.place} cannot be used: {error}") from None

    with patch.object(store, "_run", run):
        yield


def index_known(into: store.Store) -> None:
    """Index what tests use in a store."""
    with indexed_here():
        for source in KNOWN:
            into.at_hand(source)
