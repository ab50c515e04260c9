"""A gate in its workflow, on a clock that stands still until it is moved."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowExecutionStatus, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from tests.end_to_end.test_gates import Keyed
from tests.engine import Engine
from trunkline.keyed import Admission, Entrance
from workers.client.gates import Gates
from workers.payloads.keyed_hash import KeyedHash

SIGNALED = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED


def gate(keyed: Keyed, admission: Admission) -> WorkflowHandle[None, None]:
    """Return the gate of an automation's key."""
    client = keyed.engine.client
    entrance = Entrance(run="", automation=keyed.name, admission=admission)
    return client.get_workflow_handle(Gates(client, KeyedHash()).ids(entrance)[0])


async def heard(here: WorkflowHandle[None, None]) -> None:
    """Wait until a gate has taken every signal."""
    while True:
        types = [event.event_type for event in (await here.fetch_history()).events]
        if EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED in types[_last(types, SIGNALED) :]:
            return
        await asyncio.sleep(0.02)


def _last(types: list[Any], wanted: Any) -> int:
    return max(index for index, one in enumerate(types) if one == wanted)


async def test_a_run_that_was_terminated_lets_the_next_in_within_a_minute(
    clocks: WorkflowEnvironment, tmp_path: Path
) -> None:
    async with Engine(clocks, tmp_path) as engine:
        await engine.serve()
        keyed = Keyed(engine, "queue", "mode: queue")
        for name in ("one", "two", "three", "four"):
            await keyed.emit(name)
        await engine.held(keyed.run("one"))
        here = gate(keyed, {"key": keyed.ticket, "mode": "queue"})
        await clocks.fast_forward(here, timedelta(seconds=50))
        assert keyed.sent == ["one"], "it goes on"
        await keyed.run("two").terminate()
        await keyed.run("one").terminate()
        await clocks.fast_forward(here, timedelta(seconds=60))
        await engine.held(keyed.run("three"))
        assert keyed.sent == ["one", "three"], "one that was terminated while it waited is passed over"
        for name in ("three", "four"):
            assert (await keyed.approve(name))["outcome"] == "completed"
        await clocks.fast_forward(here)
        assert (await here.describe()).status is WorkflowExecutionStatus.COMPLETED
        assert (await keyed.emit("five"))["started"]
        assert (await keyed.approve("five"))["outcome"] == "completed"


async def test_a_run_whose_gate_says_nothing_comes_to_it_by_itself(clocks: WorkflowEnvironment, tmp_path: Path) -> None:
    async with Engine(clocks, tmp_path) as engine:
        admission: Admission = {"key": "k", "mode": "queue"}
        keyed = Keyed(engine, "alone", "mode: queue")
        run = await engine.start(keyed.name, keyed.event("one"), id=keyed.run("one").id, memo={"perKey": admission})
        await asyncio.sleep(0.2)
        assert not keyed.sent, "whoever started it died before it told the gate"
        await clocks.fast_forward(run, timedelta(seconds=61))
        assert (await keyed.approve("one"))["outcome"] == "completed"


async def test_the_last_event_runs_at_most_so_long_after_the_first(clocks: WorkflowEnvironment, tmp_path: Path) -> None:
    async with Engine(clocks, tmp_path) as engine:
        await engine.serve()
        keyed = Keyed(engine, "debounce", "mode: debounce, quiet: 10m, atMost: 25m")
        admission: Admission = {"key": keyed.ticket, "mode": "debounce"}
        for minutes, name in ((9, "one"), (9, "two"), (6, "three")):
            await keyed.emit(name)
            await heard(gate(keyed, admission))
            await clocks.fast_forward(gate(keyed, admission), timedelta(minutes=minutes))
        await keyed.emit("four")
        await heard(gate(keyed, admission))
        assert not keyed.sent
        await clocks.fast_forward(gate(keyed, admission), timedelta(minutes=1))
        assert (await keyed.approve("four"))["outcome"] == "completed"
        assert keyed.sent == ["four"]


async def test_only_the_last_event_runs_once_it_is_quiet(clocks: WorkflowEnvironment, tmp_path: Path) -> None:
    async with Engine(clocks, tmp_path) as engine:
        await engine.serve()
        keyed = Keyed(engine, "quiet", "mode: debounce, quiet: 1m, atMost: 1h")
        here = gate(keyed, {"key": keyed.ticket, "mode": "debounce"})
        for name in ("one", "two", "three"):
            assert (await keyed.emit(name))["started"]
        await heard(here)
        for name, later in (("one", "two"), ("two", "three")):
            report = await engine.finish(keyed.run(name))
            assert (report["outcome"], keyed.run(later).id in report["reason"]) == ("skipped", True)
        await clocks.fast_forward(here, timedelta(minutes=1))
        await engine.held(keyed.run("three"))
        assert (await keyed.emit("four"))["started"]
        await heard(here)
        await clocks.fast_forward(here, timedelta(minutes=1))
        await engine.held(keyed.run("four"))
        assert keyed.sent == ["three", "four"], "one that has begun is left alone"
        for name in ("three", "four"):
            assert (await keyed.approve(name))["outcome"] == "completed"
