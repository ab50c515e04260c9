"""`trunkline connections check`, against the sandbox's vendors and without them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import yaml

from activities.catalog import catalog, connection_kinds
from activities.checks.vendors import PROBES
from activities.operations.connection import DescribedConnection
from tests.starts import Processes
from tests.workers.command import Ended, trunkline
from workers.sandbox import Sandbox
from workers.sandbox.server import connections

SECRET = "invalid-hunter2-7f3a9c51"
"""A credential that the sandbox's vendors refuse."""

WRONG: dict[str, dict[str, Any]] = {
    "slack": {"token": SECRET},
    "twilio": {"authToken": SECRET},
    "cloudtalk": {"keySecret": SECRET},
    "postmark": {"serverToken": SECRET},
    "zendesk": {"apiToken": SECRET},
    "zammad": {"token": SECRET},
    "freshdesk": {"apiKey": SECRET},
    "kustomer": {"apiKey": SECRET},
    "aircall": {"apiToken": SECRET},
    "facebook": {"pageToken": SECRET},
    "openai": {"apiKey": SECRET},
    "anthropic": {"apiKey": SECRET},
    "teams_graph": {"refreshToken": SECRET},
    "gmail": {"refreshToken": SECRET},
    "smtp": {"password": SECRET},
}


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as sandbox:
        yield sandbox


async def checked(folder: Path, entries: dict[str, Any], *arguments: str) -> Ended:
    (folder / "connections.yaml").write_text(yaml.safe_dump(entries))
    return await trunkline(
        *("connections", "check", *arguments),
        cwd=folder,
        TRUNKLINE_CONNECTIONS=str(folder / "connections.yaml"),
        TRUNKLINE_ALLOW="127.0.0.1,localhost",
        TRUNKLINE_CACHE=str(folder / "cache"),
    )


def test_every_kind_is_asked_something() -> None:
    kinds = {kind.kind: kind for kind in connection_kinds(catalog())}
    assert [
        name for name, kind in kinds.items() if name not in PROBES and not issubclass(kind, DescribedConnection)
    ] == []
    assert set(PROBES) <= set(kinds)


async def test_the_sandboxs_connections_work(sandbox: Sandbox, processes: Processes, tmp_path: Path) -> None:
    del processes  # the sandbox's MCP server is a program of this machine
    entries = {name: entry for name, entry in connections(sandbox.url).items() if name != "defaults"}
    ended = await checked(tmp_path, entries, "--json")
    assert ended.err == ""
    failed = [(row["connection"], one["message"]) for row in ended.json for one in row["checks"] if not one["ok"]]
    assert failed == []
    assert ended.code == 0
    assert all(row["checks"] for row in ended.json)
    assert {row["kind"] for row in ended.json} >= {*WRONG, "openapi", "graphql", "mcp", "teams", "whisper"}


async def test_wrong_credentials_are_told_and_never_shown(sandbox: Sandbox, tmp_path: Path) -> None:
    made = {entry["kind"]: entry for name, entry in connections(sandbox.url).items() if name != "defaults"}
    entries = {f"my-{kind}": {**made[kind], **wrong} for kind, wrong in WRONG.items()}
    ended = await checked(tmp_path, entries, "--json")
    assert ended.code == 1
    assert [row["connection"] for row in ended.json if row["ok"]] == []
    assert SECRET not in ended.out + ended.err
    assert all(len(one["message"]) > 10 for row in ended.json for one in row["checks"] if not one["ok"])
    text = await checked(tmp_path, entries, "my-zendesk")
    assert text.code == 1
    assert "my-zendesk (zendesk)\n  ✗ its login is good: " in text.out


async def test_what_is_incomplete_or_not_there_is_said(tmp_path: Path) -> None:
    entries = {
        "team": {"kind": "slack", "token": "${NOT_SET_ANYWHERE}"},
        "far": {"kind": "zammad", "token": "t0ken123"},
    }
    ended = await checked(tmp_path, entries, "--json")
    assert ended.code == 1
    assert [row["ok"] for row in ended.json] == [False, False]
    assert "NOT_SET_ANYWHERE" in json.dumps(ended.json)
    unknown = await checked(tmp_path, entries, "tean")
    assert unknown.code == 2
    assert "team" in unknown.err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert (await trunkline("connections", "check", cwd=empty)).code == 2
