"""Every history that was recorded tells the plan that its run executed."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.api.history.v1 import HistoryEvent

from tests.histories.features import KEY
from tests.histories.test_histories import FOLDER, RECORDED, VERSIONS, history
from workers.client.pinned import plan_in
from workers.graph.building import Beginning, graph_of
from workers.payloads.converter import data_converter
from workflows.run.encrypted import MissingKeyError

NO_RUNS = {"dispatched", "dispatched-to-gate", "gate", "kept-value", "starter", "subscriptions"}
"""Histories of workflows that start runs, or serve them, and are none."""

PARKED = {"parked.1", "parked.2"}
"""Histories of a run that waited for a worker that knows its automation: the one after them has the plan."""


async def events(path: Path) -> AsyncIterator[HistoryEvent]:
    for event in history(path).events:
        yield event


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_the_plan_stands_in_the_history(path: Path) -> None:
    plan = await plan_in(events(path), data_converter([KEY]))
    if path.name.partition(".")[0] in NO_RUNS or path.stem in PARKED:
        assert plan is None
        return
    assert plan is not None
    assert plan["block"]
    assert graph_of(plan, Beginning(title=plan["automation"])).edges()


async def test_what_somebody_elses_workflow_hands_over_is_no_plan() -> None:
    async def handed(*values: bytes) -> AsyncIterator[HistoryEvent]:
        event = HistoryEvent()
        started = event.workflow_execution_started_event_attributes
        started.continued_execution_run_id = "before"
        for value in values:
            started.input.payloads.add(metadata={"encoding": b"binary/plain"}, data=value)
        yield event

    assert await plan_in(handed(b"1", b"2"), data_converter()) is None
    assert await plan_in(handed(b"1", zlib.compress(b"[1]")), data_converter()) is None
    assert await plan_in(handed(b"1", zlib.compress(b"{")), data_converter()) is None


async def test_without_its_key_it_cannot_be_read() -> None:
    with pytest.raises(MissingKeyError):
        await plan_in(events(FOLDER / VERSIONS[0] / "encryption.1.json"), data_converter())
