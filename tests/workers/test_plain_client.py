"""Runs as any Temporal client in any language starts, follows, approves and reads them: no code of ours involved."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.engine import Engine
from tests.starts import TEMPORAL, Processes
from tests.workers.command import address, surroundings
from tests.workers.definitions.documents import HELD

PLAIN = """
import asyncio, json, os, sys
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy


async def main(address, task_queue):
    client = await Client.connect(address)
    event = {"type": "order.paid", "id": "evt_1", "source": "/shop", "data": {"order": {"total": 12}}}
    handle = await client.start_workflow(
        "held",
        event,
        id=f"held/evt_1/{task_queue}",
        task_queue=task_queue,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
    )
    while not (holds := await handle.query("holds")):
        await asyncio.sleep(0.05)
    report = await handle.query("report")
    await handle.signal("approve", {"hold": holds[0]["hold"], "by": "lead@example.com"})
    result = await handle.result()
    ours = sorted(name for name in sys.modules if name.split(".")[0] in {"activities", "workflows", "workers"})
    print(json.dumps([report["steps"][0]["status"], result["outcome"], ours]), flush=True)
    os._exit(0)


asyncio.run(main(*sys.argv[1:]))
"""


async def output(processes: Processes, *command: str, cwd: Path) -> str:
    process = await processes.start(
        *command, cwd=cwd, env=surroundings(), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    return out.decode()


async def test_a_client_with_nothing_but_temporalio(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    engine.define(HELD)
    await engine.serve()
    said = await output(processes, sys.executable, "-c", PLAIN, address(engine), engine.task_queue, cwd=tmp_path)
    assert json.loads(said) == ["held", "completed", []]
    assert [request.body for request in engine.receiver.to("/echo")] == [{"total": 12}]


async def test_temporals_own_command_line(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    engine.define(HELD)
    await engine.serve()
    run = f"held/evt_2/{engine.task_queue}"

    async def temporal(*arguments: str) -> Any:
        place = ("--address", address(engine), "--workflow-id", run, "--output", "json")
        return json.loads(await output(processes, TEMPORAL, "workflow", *arguments, *place, cwd=tmp_path) or "null")

    event = {"type": "order.paid", "id": "evt_2", "data": {"order": {"total": 12}}}
    await temporal(
        *("start", "--type", "held", "--task-queue", engine.task_queue),
        *("--id-reuse-policy", "RejectDuplicate", "--input", json.dumps(event)),
    )
    handle = engine.client.get_workflow_handle(run)
    await engine.held(handle)
    holds = await temporal("query", "--type", "holds")
    assert holds["queryResult"][0][0]["hold"] == "refund"
    approval = {"hold": "refund", "decision": "approve", "by": "lead@example.com"}
    receipt = await temporal("update", "execute", "--name", "decide", "--input", json.dumps(approval))
    assert receipt["result"]["result"] == "accepted"
    result = await temporal("result")
    assert result["result"]["outcome"] == "completed"
