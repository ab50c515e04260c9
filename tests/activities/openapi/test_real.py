"""Real descriptions: every operation indexed, its requests made and judged, within the bounds of time and memory.

They come from packages (`tests/real_descriptions.py`); more from the files that TRUNKLINE_TEST_DESCRIPTIONS names, separated by commas. What is missing is skipped by its name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from activities.descriptions.index import Index
from activities.openapi import indexing
from activities.openapi.operation import operation
from activities.openapi.params import Params
from tests.real_descriptions import PACKAGED, Generator, packaged
from tests.starts import Processes

OPENAPI_PACKAGED = [name for name in PACKAGED if name != "shopify"]
OWN = [Path(file) for file in os.environ.get("TRUNKLINE_TEST_DESCRIPTIONS", "").split(",") if file]

MOST = 2_000
"""Operations of one description for which a request is generated."""


@pytest.mark.parametrize("name", [*OPENAPI_PACKAGED, *map(str, OWN)])
def test_every_operation_can_be_used(name: str, tmp_path: Path, processes: Processes) -> None:
    file = packaged(name) if name in OPENAPI_PACKAGED else Path(name)
    if not file.is_file():
        pytest.skip(f"{name}: there is no such file")
    began = time.process_time()
    indexing.index(file.read_bytes(), tmp_path / "x.sqlite")
    assert time.process_time() - began < 2, "indexing"
    began = time.process_time()
    index = Index(tmp_path / "x.sqlite")
    ids = index.ids()
    first = index.operation(ids[0])
    assert first is not None
    operation(index, first)
    assert time.process_time() - began < 0.05, "loading"
    if name in OPENAPI_PACKAGED:
        assert len(ids) == PACKAGED[name][2]
    assert len(set(ids)) == len(ids)
    generated = 0
    for id_ in ids[:MOST]:
        row = index.operation(id_)
        assert row is not None
        params = Params(operation(index, row))
        given = Generator(params).params()
        wrong = [flaw for flaw in params.flaws(given) if flaw.serious]
        if wrong:
            continue  # a pattern or a format that the generator does not know
        generated += 1
        assert any(flaw.kind == "unknown" for flaw in params.flaws({**given, "no such name": 1})) or params_take(params)
        for one in params.operation.parameters:
            if one.required:
                broken = {key: value for key, value in given.items() if key != one.name}
                assert any(flaw.kind == "missing" for flaw in params.flaws(broken)), (id_, one.name)
    assert generated >= 0.97 * min(len(ids), MOST), f"{generated} of {len(ids)}"


def test_a_worker_holds_none_of_a_large_description(tmp_path: Path, processes: Processes) -> None:
    """In a process that has what a worker has: GitHub's description indexed by another one, an operation read."""
    program = f"""
import resource, sys, time
from pathlib import Path
import jsonschema_rs
from activities.descriptions.source import DescriptionSource
from activities.descriptions.store import Store
from activities.openapi.profile import OPENAPI
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
index = Store(Path({str(tmp_path)!r})).at_hand(DescriptionSource(OPENAPI, {str(packaged("github"))!r}))
from activities.openapi.calls import OpenApiOperation
from activities.vendors.accounts.github import GitHub
operation = GitHub.profile.operation(index, "issues/create")
assert operation.flaws({{"owner": "a", "repo": "b"}}, lambda _: False)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert float(done.stdout) < 60


def params_take(params: Params) -> bool:
    """Say whether an operation takes members of any name."""
    body = params.operation.body
    return body is not None and params.schemas.takes_others(body.schema)
