"""What happens when worker processes die: real processes, really killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from tests.engine import JSON, step
from tests.receiver import Receiver
from tests.starts import Processes


class Site:
    """A folder of definitions and worker processes over it."""

    def __init__(self, client: Client, folder: Path, receiver: Receiver, starts: Processes) -> None:
        self.client = client
        self.receiver = receiver
        self.folder = folder
        self.task_queue = f"durability-{uuid.uuid4().hex[:8]}"
        self.starts = starts
        self.processes: list[asyncio.subprocess.Process] = []
        (folder / "connections.yaml").write_text(
            f"phone: {{kind: twilio, accountSid: AC{'0' * 32}, authToken: token-0123456789, baseUrl: {receiver.url}/twilio}}\n"
        )

    def define(self, text: str) -> None:
        name = text.partition("name:")[2].split()[0]
        (self.folder / f"{name}.yaml").write_text(text.replace("RECEIVER", self.receiver.url))

    async def worker(self) -> asyncio.subprocess.Process:
        """Start a worker process and wait until it serves."""
        environment = {
            **os.environ,
            "TEMPORAL_ADDRESS": self.client.service_client.config.target_host,
            "TRUNKLINE_TASK_QUEUE": self.task_queue,
            "TRUNKLINE_ALLOW": "127.0.0.1",
            "NO_COLOR": "1",
        }
        log = (self.folder / f"worker-{len(self.processes)}.log").open("wb")
        process = await self.starts.start(
            sys.executable, "-m", "workers.cli", "worker", str(self.folder), "--connections",
            str(self.folder / "connections.yaml"), env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        log.close()
        self.processes.append(process)
        return process

    async def start(self, name: str) -> WorkflowHandle[Any, Any]:
        event = {"specversion": "1.0", "id": uuid.uuid4().hex, "source": "/t", "type": "test.fired", "data": {}}
        return await self.client.start_workflow(name, event, id=f"{name}/{event['id']}", task_queue=self.task_queue)

    async def until(self, path: str) -> None:
        """Wait until something was sent to a path."""
        for _ in range(600):
            if self.receiver.to(path):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"nothing came to {path}")

    def logs(self) -> str:
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("worker-*.log")))


@pytest_asyncio.fixture
async def site(temporal: WorkflowEnvironment, processes: Processes, tmp_path: Path) -> AsyncIterator[Site]:
    async with Receiver() as receiver:
        site = Site(temporal.client, tmp_path, receiver, processes)
        try:
            yield site
        finally:
            for process in site.processes:
                if process.returncode is None:
                    process.kill()
                    await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


async def finish(handle: WorkflowHandle[Any, Any]) -> JSON:
    try:
        report: JSON = await asyncio.wait_for(handle.result(), 60)
    except WorkflowFailureError:
        report = await handle.query("report")
    return report


async def test_a_worker_killed_between_and_during_actions_loses_nothing(site: Site) -> None:
    site.define("""
name: durable
trigger: {event: test.fired}
actions:
  - {label: One, actionType: http_request, config: {method: POST, url: RECEIVER/one, body: {}}, saveAs: one}
  - {label: Pause, wait: 3s}
  - {label: Two, actionType: http_request, config: {method: POST, url: RECEIVER/two, idempotent: true, body: {}}}
  - {label: Three, actionType: http_request, config: {method: POST, url: RECEIVER/three, body: {}}}
""")
    first = await site.worker()
    handle = await site.start("durable")
    await site.until("/one")
    await asyncio.sleep(0.5)
    await kill(first)
    second = await site.worker()
    site.receiver.stall("/two", 8)
    site.receiver.answer("/two", 200)
    await site.until("/two")
    await kill(second)
    await site.worker()
    report = await finish(handle)
    assert report["outcome"] == "completed", site.logs()
    assert len(site.receiver.to("/one")) == 1
    assert len({r.headers["idempotency-key"] for r in site.receiver.to("/two")}) == 1, "repeated under one key"
    assert len(site.receiver.to("/two")) == 2
    assert len(site.receiver.to("/three")) == 1


async def test_local_steps_whose_worker_is_killed_are_sent_again_under_their_keys(site: Site) -> None:
    step = "{label: %s, actionType: http_request, local: true, config: {method: POST, url: RECEIVER/%s, idempotent: true, body: {}}}"
    steps = "\n".join(f"  - {step % (name, name)}" for name in ("one", "two", "three"))
    site.define(f"name: near\ntrigger: {{event: test.fired}}\nactions:\n{steps}\n")
    first = await site.worker()
    site.receiver.stall("/two", 4)
    site.receiver.answer("/two", 200)
    handle = await site.start("near")
    await site.until("/two")
    await kill(first)
    await site.worker()
    report = await finish(handle)
    assert report["outcome"] == "completed", site.logs()
    assert len(site.receiver.to("/three")) == 1
    for path in ("/one", "/two"):
        sent = site.receiver.to(path)
        assert len(sent) == 2, "nothing of them was written down yet"
        assert len({request.headers["idempotency-key"] for request in sent}) == 1


async def test_a_message_in_flight_when_its_worker_dies_is_unknown_and_never_sent_twice(site: Site) -> None:
    site.define("""
name: text
trigger: {event: test.fired}
actions:
  - {label: Text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}}
""")
    path = f"/twilio/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
    site.receiver.stall(path, 30)
    site.receiver.answer(path, 200, {"messages": [], "next_page_uri": None})
    first = await site.worker()
    handle = await site.start("text")
    await site.until("/twilio")
    await kill(first)
    await site.worker()
    report = await finish(handle)
    assert report["outcome"] == "failed"
    assert step(report, "Text")["status"] == "unknown"
    assert len([r for r in site.receiver.to("/twilio") if r.method == "POST"]) == 1


async def test_sigterm_lets_an_action_in_flight_finish(site: Site) -> None:
    site.define("""
name: polite
trigger: {event: test.fired}
actions:
  - {label: Slow, actionType: http_request, config: {method: POST, url: RECEIVER/slow, body: {}}}
""")
    site.receiver.stall("/slow", 3)
    first = await site.worker()
    handle = await site.start("polite")
    await site.until("/slow")
    first.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(first.wait(), 30) == 0, site.logs()
    await site.worker()
    report = await finish(handle)
    assert report["outcome"] == "completed"
    assert len(site.receiver.to("/slow")) == 1


@pytest.mark.parametrize("status", [503, 500])
async def test_a_step_that_cannot_succeed_ends_within_its_budget(site: Site, status: int) -> None:
    site.define("""
name: budget
trigger: {event: test.fired}
actions:
  - {label: Ask, actionType: http_request, config: {method: GET, url: RECEIVER/down}, retry: {within: 3s, initialInterval: 200}}
""")
    site.receiver.answer("/down", status, headers={"Retry-After": "1"} if status == 503 else None)
    await site.worker()
    handle = await site.start("budget")
    report = await finish(handle)
    assert report["outcome"] == "failed"
    assert str(status) in step(report, "Ask")["error"]["message"]
    assert len(site.receiver.requests) >= 2
    lines = [json.loads(line) for line in site.logs().splitlines() if str(status) in line]
    attempts = {line["attempt"] for line in lines if (line["run"], line["step"]) == (handle.id, "ask")}
    assert attempts >= {1, 2}, "each failed attempt is a line that says where it belongs"
