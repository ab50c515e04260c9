"""A backend service needs nothing of ours: `temporalio`, or the `temporal` command line."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from tests.engine import Engine, step
from tests.starts import TEMPORAL, Processes

HELD = """
name: held
trigger: {event: test.fired, data: [contact]}
actions:
  - {label: Danger, id: danger, actionType: http_request, config: {method: POST, url: RECEIVER/danger, body: {n: "{{contact.name}}"}}, requireApproval: true}
"""


async def test_with_temporalio_alone(engine: Engine) -> None:
    engine.define(HELD)
    await engine.serve()
    client = await Client.connect(engine.client.service_client.config.target_host)
    event = {"id": "evt_1", "type": "test.fired", "source": "/pbx", "data": {"contact": {"name": "Ada"}}}
    options: dict[str, Any] = {
        "id": f"held/evt_1/{engine.task_queue}",
        "task_queue": engine.task_queue,
        "id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE,
    }
    run = await client.start_workflow("held", event, **options)
    engine.handles.append(run)
    await engine.held(run)
    report = await run.query("report")
    assert step(report, "Danger")["status"] == "held"
    await run.signal("approve", {"hold": "danger", "by": "lead@example.com"})
    assert (await asyncio.wait_for(run.result(), 20))["outcome"] == "completed"
    with pytest.raises(WorkflowAlreadyStartedError):
        await client.start_workflow("held", event, **options)
    assert [r.body for r in engine.receiver.to("/danger")] == [{"n": "Ada"}]


async def test_with_the_temporal_command_line(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    engine.define(HELD)
    await engine.serve()
    address = engine.client.service_client.config.target_host
    file = tmp_path / "event.json"
    file.write_text(json.dumps({"id": "evt_2", "type": "test.fired", "data": {"contact": {"name": "Bob"}}}))
    run = f"held/evt_2/{engine.task_queue}"

    async def temporal(*words: str) -> str:
        def call() -> str:
            done = processes.run(
                [TEMPORAL, "workflow", *words, "--address", address, "--workflow-id", run],
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return str(done.stdout)

        return await asyncio.to_thread(call)

    start = ("start", "--type", "held", "--task-queue", engine.task_queue, "--id-reuse-policy", "RejectDuplicate")
    await temporal(*start, "--input-file", str(file))
    handle: Any = engine.client.get_workflow_handle(run)
    await engine.held(handle)
    assert '"held"' in await temporal("query", "--type", "report")
    details = await temporal("metadata")
    assert "Waits for a decision: Danger" in details
    assert "trunkline approve" in details
    await temporal("signal", "--name", "approve", "--input", json.dumps({"hold": "danger", "by": "ann"}))
    assert '"completed"' in await temporal("result", "--output", "json")
    assert [r.body for r in engine.receiver.to("/danger")] == [{"n": "Bob"}]
