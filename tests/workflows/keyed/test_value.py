"""A kept value in its workflow, on a clock that stands still until it is moved."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from tests.engine import Engine
from tests.starts import StartServer
from trunkline.keyed import Change
from workers.payloads.converter import DATA_CONVERTER
from workers.payloads.keyed_hash import KeyedHash
from workers.process.kept_values import TemporalKeptValues


def change(step: str, **more: object) -> Change:
    """Return a change of a step that is kept for an hour."""
    return {"step": step, "lasts": 3_600_000, **more}  # type: ignore[typeddict-item] # what a test says


async def test_a_value_ends_when_its_time_is_over(clocks: WorkflowEnvironment, tmp_path: Path) -> None:
    async with Engine(clocks, tmp_path) as engine:
        await engine.serve()
        kept, key = TemporalKeptValues(engine.client, KeyedHash()), uuid.uuid4().hex
        await kept.remember("a", key, change("s1", value=1))
        handle = engine.client.get_workflow_handle(kept.ids("a", key)[0])
        await clocks.fast_forward(handle, timedelta(minutes=59))
        assert await kept.recall("a", key) == {"found": True, "value": 1}
        await clocks.fast_forward(handle, timedelta(minutes=1))
        assert await kept.recall("a", key) == {"found": False, "value": None}
        assert (await kept.remember("a", key, change("s1", value=1)))["first"], "its answer is kept for longer"
        await clocks.fast_forward(handle)
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED
        assert await kept.recall("a", key) == {"found": False, "value": None}
        assert (await kept.remember("a", key, change("s2", value=2)))["first"]


async def test_a_value_whose_history_is_long_continues_as_new(start_server: StartServer, tmp_path: Path) -> None:
    few = "limit.historyCount.suggestContinueAsNew=40"
    async with await start_server(few, data_converter=DATA_CONVERTER) as server, Engine(server, tmp_path) as engine:
        await engine.serve()
        kept, key = TemporalKeptValues(engine.client, KeyedHash()), uuid.uuid4().hex
        answers = [await kept.remember("a", key, change(f"s{n}", add=1)) for n in range(20)]
        assert [answer["value"] for answer in answers] == [*range(1, 21)]
        assert await kept.remember("a", key, change("s0", add=1)) == answers[0], "answers go over"
        assert await engine.replay_ended(kept.ids("a", key)[0]) >= 1, "it continued as new"
