"""Each row of the table of hostile decisions, played on a real server with time skipped, and then replayed."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
from tests.starts import Processes
from tests.together import together
from tests.workflows.hostile.play import Play
from tests.workflows.hostile.rows import Row, equip, tables
from tests.workflows.hostile.signing import keys, private
from tests.workflows.hostile.verdict import SECRET, Played
from workers.approvals.signing import SigningKeys
from workflows.run import walk

ROOT = Path(__file__).parents[2]
TABLES = tables()
AT_ONCE = 8


class Tables:
    """Plays a file's rows side by side when the first of them is asked for."""

    def __init__(self, clocks: WorkflowEnvironment, folder: Path) -> None:
        self.clocks = clocks
        self.folder = folder
        self.played: dict[str, asyncio.Task[dict[str, Played | BaseException]]] = {}

    async def result(self, file: Path, row: Row) -> Played:
        """Return what happened in one row."""
        if file.stem not in self.played:
            rows = next(rows for path, rows in TABLES if path == file)
            self.played[file.stem] = asyncio.create_task(self._play(file, rows))
        result = (await self.played[file.stem])[row.slug]
        if isinstance(result, BaseException):
            raise result
        return result

    async def _play(self, file: Path, rows: list[Row]) -> dict[str, Played | BaseException]:
        table = rows[0].table
        with pytest.MonkeyPatch.context() as patch:
            if events := table.get("continueAsNewAfter"):
                patch.setattr(walk.Walk, "must_continue_as_new", lambda self: _long(self, events))
            together = [row for row in rows if not row.data.get("alone")]
            results = await self._with_an_engine(file.stem, together, table) if together else {}
            for row in rows:
                if row.data.get("alone"):
                    results |= await self._with_an_engine(row.slug, [row], {**table, **row.data})
        return results

    async def _with_an_engine(self, name: str, rows: list[Row], table: dict[str, Any]) -> dict[str, Any]:
        folder = self.folder / name
        folder.mkdir()
        async with Engine(self.clocks, folder) as engine:
            engine.environment["TRUNKLINE_SECRET_SHOP_TOKEN"] = SECRET
            equip(engine, table)
            engine.cached = table.get("cached", 1000)
            turn = asyncio.Semaphore(AT_ONCE)

            async def play(row: Row) -> Played | BaseException:
                async with turn:
                    return await Play(self.clocks, engine, row).play()

            results = await asyncio.gather(*map(play, rows), return_exceptions=True)
            if table.get("continueAsNewAfter"):
                for handle in engine.handles:
                    assert (await handle.describe()).run_id != handle.first_execution_run_id, "it continued as new"
        return {row.slug: result for row, result in zip(rows, results, strict=True)}


def _long(self: walk.Walk, events: int) -> bool:
    return self.continuing_as_new or workflow.info().get_current_history_length() > events


@pytest_asyncio.fixture(scope="module")
async def played(clocks: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Tables]:
    yield Tables(clocks, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize(("file", "rows"), TABLES, ids=[file.stem for file, _ in TABLES])
async def test_a_hostile_decision_comes_to_nothing(played: Tables, file: Path, rows: list[Row]) -> None:
    """A test a file, so that one process plays all of its rows, side by side."""

    @together("row", rows, ids=lambda row: row.data["name"])
    async def comes_to_nothing(row: Row) -> None:
        result = await played.result(file, row)
        assert not result.wrong, result.told()

    await comes_to_nothing()


def test_the_table_is_large_and_its_rows_are_told_apart() -> None:
    rows = [row for _, rows in TABLES for row in rows]
    assert len(rows) >= 60
    assert len({row.slug for row in rows}) == len(rows)
    for row in rows:
        assert row.data["why"].endswith("."), row.data["name"]


def test_the_published_table_is_up_to_date(processes: Processes) -> None:
    script = [sys.executable, str(ROOT / "scripts" / "hostile_decisions.py"), "--check"]
    found = processes.run(script, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_signature_that_the_page_shows_how_to_make_is_one() -> None:
    page = (ROOT / "docs" / "approvals.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"^```python\n(import base64.*?)^```$", page, re.MULTILINE | re.DOTALL)
    names: dict[str, Any] = {}
    exec(shown, names)  # noqa: S102 # what readers would run
    decision = {"hold": "refund", "decision": "approve", "by": "ann", "digest": "0" * 64}
    signed = names["signed"](decision, "refund/1", "run-1", "ann-key", private("ann-key"))
    workers = SigningKeys(keys({"ann-key": ["ann"]}))
    assert workers.verify(signed, "refund/1", "run-1", datetime.now(UTC)).refused is None
    assert workers.verify(signed, "refund/2", "run-1", datetime.now(UTC)).refused is not None
