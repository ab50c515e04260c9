"""Every history that was recorded tells the plan that its run executed."""

from __future__ import annotations

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


async def events(path: Path) -> AsyncIterator[HistoryEvent]:
    for event in history(path).events:
        yield event


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_the_plan_stands_in_the_history(path: Path) -> None:
    plan = await plan_in(events(path), data_converter([KEY]))
    if path.stem == "starter.1":  # it starts a run, and is none
        assert plan is None
        return
    assert plan is not None
    assert plan["block"]
    assert graph_of(plan, Beginning(title=plan["automation"])).edges()


async def test_without_its_key_it_cannot_be_read() -> None:
    with pytest.raises(MissingKeyError):
        await plan_in(events(FOLDER / VERSIONS[0] / "encryption.1.json"), data_converter())
