"""What runs are found by: whoever starts one says it, and a run writes only what it lacks."""

from __future__ import annotations

import uuid
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.common import SearchAttributePair, TypedSearchAttributes

from tests.engine import Engine
from trunkline.wire import STARTER
from workers.client.start import start
from workflows.view.attributes import AUTOMATION, EVENT


async def wrote(run: WorkflowHandle[Any, Any]) -> tuple[dict[str, str], list[set[str]]]:
    """Return what a run was started with, and what it wrote by itself, each time."""
    history = await run.fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.search_attributes.indexed_fields
    written = [
        set(event.upsert_workflow_search_attributes_event_attributes.search_attributes.indexed_fields)
        for event in history.events
        if event.HasField("upsert_workflow_search_attributes_event_attributes")
    ]
    return {name: value.data.decode().strip('"') for name, value in given.items()}, written


async def test_whoever_starts_a_run_says_what_it_is_found_by(engine: Engine) -> None:
    name = f"called-{uuid.uuid4().hex[:8]}"
    engine.define(f"name: {name}\ntrigger: {{event: nothing.happened}}\nactions: [{{set: {{done: true}}}}]\n")
    caller = f"caller-{uuid.uuid4().hex[:8]}"
    engine.define(f"""
        name: {caller}
        trigger: {{event: {caller}}}
        actions:
          - {{label: Call, id: call, actionType: run_automation, config: {{automation: {name}, data: {{}}}}}}
    """)
    await engine.serve()
    event = engine.event(type=caller)
    emitted = f"event/{event['id']}"
    await engine.client.execute_workflow("event", event, id=emitted, task_queue=engine.task_queue)
    run = engine.client.get_workflow_handle(f"{caller}/{event['id']}")
    report = await engine.finish(run)
    key = report["steps"][0]["key"]
    child = engine.client.get_workflow_handle(f"{name}/{key}")
    instant = "2026-11-28T09:00:00Z"
    await engine.client.execute_workflow(STARTER, id=f"s/{name}-{instant}", task_queue=engine.task_queue)
    scheduled = engine.client.get_workflow_handle(f"{name}/schedule-{instant}")
    started = await start(engine.client, name, engine.event(id="by-us"), task_queue=engine.task_queue)
    ours = engine.client.get_workflow_handle(started.workflow_id)
    await engine.finish(ours)
    outcome = [{"TrunklineOutcome"}]
    assert await wrote(run) == ({"TrunklineAutomation": caller, "TrunklineEvent": event["id"]}, outcome)
    assert await wrote(child) == ({"TrunklineAutomation": name, "TrunklineEvent": key}, outcome)
    assert await wrote(scheduled) == ({"TrunklineAutomation": name, "TrunklineEvent": f"schedule-{instant}"}, outcome)
    assert await wrote(ours) == ({"TrunklineAutomation": name, "TrunklineEvent": "by-us"}, outcome)


async def test_a_run_writes_what_it_lacks(engine: Engine) -> None:
    engine.define("name: plain\ntrigger: {event: test.fired}\nactions: [{set: {done: true}}]\n")
    both = {AUTOMATION.name, EVENT.name}
    known = TypedSearchAttributes([SearchAttributePair(AUTOMATION, "plain")])
    for given, lacking in ((None, both), (known, {EVENT.name})):
        run = await engine.start("plain", search_attributes=given)
        await engine.finish(run)
        assert (await wrote(run))[1] == [lacking, {"TrunklineOutcome"}]
