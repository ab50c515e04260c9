"""`trunkline worker` as an operator runs it, with one process and with several: signals, crashes, health, metrics."""

import asyncio
import json
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from tests.receiver import Receiver
from tests.starts import Processes
from tests.workers.command import surroundings
from tests.workers.processes import end, gone, marked

DEFINITION = """
name: slow
trigger: {event: test.fired}
actions:
  - {label: Send, actionType: http_request, config: {method: POST, url: RECEIVER/slow, body: {}}}
"""

Line = dict[str, Any]


class Fleet:
    """A worker over one automation that calls a receiver, its log, and its page."""

    def __init__(self, temporal: WorkflowEnvironment, folder: Path, receiver: Receiver, starts: Processes) -> None:
        self.client = temporal.client
        self.starts = starts
        self.receiver = receiver
        self.folder = folder
        self.log = folder / "worker.log"
        self.task_queue = f"fleet-{uuid.uuid4()}"
        self.worker: asyncio.subprocess.Process | None = None
        (folder / "automations").mkdir()
        (folder / "automations/slow.yaml").write_text(DEFINITION.replace("RECEIVER", receiver.url))

    async def start(self, processes: int, *options: str, **variables: str) -> asyncio.subprocess.Process:
        arguments = ["worker", "automations", "--processes", str(processes), *options]
        environment = surroundings(
            TEMPORAL_ADDRESS=self.client.service_client.config.target_host,
            TRUNKLINE_TASK_QUEUE=self.task_queue,
            TRUNKLINE_ALLOW="127.0.0.1",
            TRUNKLINE_METRICS_ADDRESS="127.0.0.1:0",
            **variables,
        )
        with self.log.open("wb") as log:
            self.worker = await self.starts.start(
                sys.executable,
                "-m",
                "workers.cli",
                *arguments,
                cwd=self.folder,
                env=environment,
                stdout=log,
                stderr=log,
            )
        return self.worker

    async def ready(self, processes: int) -> None:
        await self.said("ready: ", processes)

    async def said(self, text: str, times: int = 1) -> Line:
        """Wait until the log has a line with a text so many times, and return the last one."""
        for _ in range(600):
            found = [line for line in self.lines() if text in line["message"]]
            if len(found) >= times:
                return found[-1]
            await asyncio.sleep(0.05)
        raise AssertionError(f"the log does not say {text!r}: {self.log.read_text()}")

    def lines(self) -> list[Line]:
        whole = [line for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]
        return [json.loads(line) if line.startswith("{") else {"message": line} for line in whole]

    async def get(self, page: str) -> tuple[int, str]:
        url = (await self.said("Health and metrics: "))["message"].split()[3].removesuffix("healthz")
        async with aiohttp.ClientSession() as session, session.get(url + page) as answer:
            return answer.status, await answer.text()

    async def until_well(self, processes: int) -> None:
        report: Line = {}
        for _ in range(300):
            report = json.loads((await self.get("healthz"))[1])
            if report["status"] == "ok" and report.get("well", 1) == processes:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(report)

    async def run(self) -> WorkflowHandle[Any, Any]:
        event = {"id": uuid.uuid4().hex, "type": "test.fired", "data": {}}
        return await self.client.start_workflow("slow", event, id=f"slow/{event['id']}", task_queue=self.task_queue)

    async def in_flight(self) -> WorkflowHandle[Any, Any]:
        """Start a run and return once its action waits for the receiver."""
        before = len(self.receiver.requests)
        handle = await self.run()
        for _ in range(300):
            if len(self.receiver.requests) > before:
                return handle
            await asyncio.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def children(self) -> list[int]:
        assert self.worker is not None
        return [pid for pid in marked(self.task_queue) if pid != self.worker.pid]


@pytest_asyncio.fixture
async def fleet(temporal: WorkflowEnvironment, processes: Processes, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with Receiver() as receiver:
        fleet = Fleet(temporal, tmp_path, receiver, processes)
        try:
            yield fleet
        finally:
            end(fleet.task_queue)
            if fleet.worker is not None:
                await fleet.worker.wait()


async def ended(worker: asyncio.subprocess.Process, seconds: float) -> int:
    return await asyncio.wait_for(worker.wait(), seconds)


async def test_several_processes_share_the_work_behind_one_page(fleet: Fleet) -> None:
    await fleet.start(2)
    await fleet.ready(2)
    await fleet.until_well(2)
    assert len(fleet.children()) == 2
    report = await (await fleet.run()).result()
    assert report["outcome"] == "completed"
    status, text = await fleet.get("metrics")
    assert status == 200
    for process in (1, 2):
        assert f'temporal_num_pollers{{process="{process}",' in text
    assert text.count("# TYPE temporal_num_pollers ") == 1
    assert {line["process"] for line in fleet.lines() if "process" in line} == {1, 2}


async def test_a_process_that_is_killed_is_replaced(fleet: Fleet) -> None:
    await fleet.start(2)
    await fleet.ready(2)
    before = set(fleet.children())
    victim = min(before)
    os.kill(victim, signal.SIGKILL)
    assert (await fleet.said("was killed by SIGKILL"))["level"] == "error"
    status, page = await fleet.get("healthz")
    assert status == 200, "the other process still works"
    assert json.loads(page)["well"] == 1
    await fleet.ready(3)
    await fleet.until_well(2)
    after = set(fleet.children())
    assert len(after) == 2
    assert before & after == before - {victim}


@pytest.mark.parametrize("count", [1, 2])
async def test_sigterm_lets_what_is_in_flight_finish_and_leaves_nothing(fleet: Fleet, count: int) -> None:
    fleet.receiver.stall("/slow", 1.5)
    worker = await fleet.start(count)
    await fleet.ready(count)
    handle = await fleet.in_flight()
    worker.terminate()
    await fleet.said("Stopping: ")
    assert (await fleet.get("healthz"))[0] == 503
    assert await ended(worker, 15) == 0
    assert not marked(fleet.task_queue)
    events = [event.event_type async for event in handle.fetch_history_events()]
    assert EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED in events
    assert len(fleet.receiver.requests) == 1


@pytest.mark.parametrize("count", [1, 2])
async def test_a_second_signal_ends_at_once(fleet: Fleet, count: int) -> None:
    fleet.receiver.stall("/slow", 20)
    worker = await fleet.start(count)
    await fleet.ready(count)
    await fleet.in_flight()
    worker.send_signal(signal.SIGINT)
    await fleet.said("Stopping: ")
    worker.send_signal(signal.SIGINT)
    assert await ended(worker, 5) == 128 + signal.SIGINT
    assert await gone(fleet.task_queue, 5)


async def test_what_is_in_flight_longer_than_the_grace_is_handed_over(fleet: Fleet) -> None:
    fleet.receiver.stall("/slow", 20)
    worker = await fleet.start(1, TRUNKLINE_GRACE="0.3")
    await fleet.ready(1)
    await fleet.in_flight()
    worker.terminate()
    assert await ended(worker, 10) == 0


async def test_no_process_outlives_a_parent_that_is_killed(fleet: Fleet) -> None:
    worker = await fleet.start(2)
    await fleet.ready(2)
    worker.kill()
    await worker.wait()
    assert await gone(fleet.task_queue, 10)


@pytest.mark.parametrize("count", [1, 2])
async def test_settings_that_cannot_work_end_the_worker_with_a_sentence(fleet: Fleet, count: int) -> None:
    (fleet.folder / "connections.yaml").write_text("team: slack\n")
    worker = await fleet.start(count)
    assert await ended(worker, 15) == 2
    said = await fleet.said("connections.yaml, line 1: 'team' must have fields")
    assert "Traceback" not in fleet.log.read_text()
    assert said
    assert not marked(fleet.task_queue)


async def test_a_worker_waits_for_a_temporal_that_is_not_there_yet(fleet: Fleet) -> None:
    worker = await fleet.start(1, TEMPORAL_NAMESPACE="nowhere")
    said = await fleet.said("Trying again")
    assert "nowhere" in said["message"]
    status, page = await fleet.get("healthz")
    assert (status, json.loads(page)["status"]) == (503, "starting")
    worker.terminate()
    assert await ended(worker, 5) == 0
