"""The awkward description, indexed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.descriptions.index import Index
from activities.openapi import indexing

AWKWARD = Path(__file__).with_name("awkward.yaml")


@pytest.fixture(scope="session")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Index:
    target = tmp_path_factory.mktemp("cache") / "awkward.sqlite"
    indexing.index(AWKWARD.read_bytes(), target)
    return Index(target)
