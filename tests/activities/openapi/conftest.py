"""Descriptions of nobody's service, each indexed once."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.descriptions.index import Index
from activities.openapi import indexing

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session")
def awkward(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return indexed("awkward", tmp_path_factory)


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return indexed("hostile", tmp_path_factory)


def indexed(name: str, folders: pytest.TempPathFactory) -> Index:
    target = folders.mktemp("cache") / f"{name}.sqlite"
    indexing.index((FOLDER / f"{name}.yaml").read_bytes(), target)
    return Index(target)
