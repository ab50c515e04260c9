"""A run whose automation its worker does not know: it waits for one that does, and says so."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError

from tests.engine import Engine
from tests.workers.command import address, on

NEW = """
name: newcomer
trigger: {event: test.fired, data: [n]}
onRelease: stay
actions: [{actionType: http_request, config: {method: GET, url: "RECEIVER/{{n}}"}}]
"""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workflows.run.parked.PAUSES", (timedelta(milliseconds=100), timedelta(milliseconds=200)))


async def told(handle: Any) -> dict[str, Any]:
    for _ in range(200):
        report: dict[str, Any] = await handle.query("report")
        if "parked" in report:
            return report
        await asyncio.sleep(0.05)
    raise AssertionError(report)


async def test_it_waits_for_a_worker_that_knows_it(engine: Engine, tmp_path: Path) -> None:
    """The worker that does not know it goes on polling, as in the middle of a rolling deploy."""
    engine.settings = {"unknown_for": 120.0}
    handle = await engine.start("newcomer", engine.event({"n": 7}))
    report = await told(handle)
    assert report["outcome"] is None
    assert "There is no automation 'newcomer'" in report["parked"]
    assert report["parked"].endswith("The run waits for a worker that knows it, at most 2m.")
    details = await handle.query("__temporal_workflow_metadata")
    assert "## Parked" in details["currentDetails"]
    listed = await on(engine, "runs", "--state", "parked", "--json")
    assert [(row["run"], row["state"]) for row in listed.json] == [(handle.id, "parked")]

    engine.folder = tmp_path / "newer"
    engine.folder.mkdir()
    engine.define(NEW)
    engine.client = await Client.connect(address(engine), data_converter=engine.client.data_converter)
    async with engine.assembly().polling():
        report = await engine.finish(handle)
        assert report["outcome"] == "completed"
        assert [r.path for r in engine.receiver.requests] == ["/7"]


async def test_it_fails_once_it_has_waited_for_long_enough(engine: Engine) -> None:
    engine.settings = {"unknown_for": 0.5}
    handle = await engine.start("nobody")
    await told(handle)
    with pytest.raises(WorkflowFailureError) as failure:
        await asyncio.wait_for(handle.result(), 20)
    cause = failure.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "UnknownAutomation"
    assert "waits" not in cause.message
    assert "parked" not in await handle.query("report")
    assert not engine.receiver.requests
