from __future__ import annotations

from typing import Any

import pytest

from tests.engine import Engine
from tests.workers.definitions.documents import GREET, OTHER, PICKY
from workers.client.dispatch import emit, emitted_id
from workers.definitions.automations import Automations


async def dispatch(engine: Engine, event: dict[str, object]) -> dict[str, Any]:
    await engine.serve()
    matches = [*Automations(engine.folder, engine.actions).matching(event)]
    results = await emit(engine.client, matches, event, task_queue=engine.task_queue)
    return {result.automation: result.to_json() for result in results}


async def test_every_automation_of_the_type_is_started_or_said_why_not(engine: Engine) -> None:
    for definition in (GREET, PICKY, OTHER):
        engine.define(definition)
    event = engine.event({"order": {"total": 10}}, type="order.paid")
    results = await dispatch(engine, event)
    assert results["greet"] == {"automation": "greet", "workflowId": f"greet/{event['id']}", "started": True}
    assert not results["picky"]["started"]
    assert "60" in results["picky"]["reason"]
    assert "10" in results["picky"]["reason"]
    assert "other" not in results
    assert (await engine.client.get_workflow_handle(f"greet/{event['id']}").result())["outcome"] == "completed"


async def test_of_what_an_event_does_not_start_the_first_ones_are_kept(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.definitions.matching.NOT_STARTED", 2)
    for name in "abcd":
        engine.define(PICKY.replace("picky", name))
    engine.define(GREET)
    event = engine.event({"order": {"total": 10}}, type="order.paid")
    assert [*await dispatch(engine, event)] == ["a", "b", "c", "d", "greet"]
    keeping = engine.client.get_workflow_handle(emitted_id(event["id"], event["source"]))
    kept = await keeping.result()
    assert [entry["automation"] for entry in kept] == ["a", "b", "greet"]


async def test_a_repeated_event_starts_nothing_and_tells_the_earlier_outcome(engine: Engine) -> None:
    engine.define(GREET)
    event = engine.event({"order": {"total": 10}}, type="order.paid")
    await dispatch(engine, event)
    await engine.client.get_workflow_handle(f"greet/{event['id']}").result()
    again = (await dispatch(engine, event))["greet"]
    assert not again["started"]
    assert "completed" in again["reason"]
    assert len(engine.receiver.to("/echo")) == 1


async def test_an_event_id_that_is_too_long_is_a_reason(engine: Engine) -> None:
    engine.define(GREET)
    event = engine.event({"order": {}}, type="order.paid", id="x" * 300)
    result = (await dispatch(engine, event))["greet"]
    assert not result["started"]
    assert "too long" in result["reason"]
