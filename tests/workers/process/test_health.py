"""`/healthz` and `/metrics`, of one process and of several, against a real Temporal server."""

import asyncio
import contextlib
import socket
import time
import uuid
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.starts import StartServer
from workers.errors import TrunklineError
from workers.process.health import HealthStatus, Processes, serving
from workers.process.telemetry import measured_runtime
from workers.settings import ListenAddress

ANYWHERE = ListenAddress("127.0.0.1", 0)


@workflow.defn
class Nothing:
    @workflow.run
    async def run(self) -> None: ...


async def get(address: ListenAddress, page: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/{page}") as answer:
        return answer.status, await (answer.json() if page == "healthz" else answer.text())


async def well(address: ListenAddress) -> bool:
    return (await get(address, "healthz"))[0] == 200


async def until_well(address: ListenAddress) -> None:
    end = time.monotonic() + 10
    while not await well(address):
        assert time.monotonic() < end, await get(address, "healthz")
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def worker_process(target: str, process: int = 1) -> AsyncIterator[tuple[HealthStatus, ListenAddress]]:
    """A polling worker with metrics and a page of its own, as each worker process has them."""
    runtime, exporter = measured_runtime()
    client = await Client.connect(target, runtime=runtime, identity=f"test-{uuid.uuid4()}")
    queue = f"health-{uuid.uuid4()}"
    vitals = HealthStatus(process, exporter)
    worker = Worker(client, task_queue=queue, workflows=[Nothing], workflow_runner=UnsandboxedWorkflowRunner())
    async with serving(vitals, ANYWHERE) as address, worker:
        vitals.polling(client, queue)
        await until_well(address)
        yield vitals, address


async def test_a_worker_is_well_once_temporal_sees_it_poll(temporal: WorkflowEnvironment) -> None:
    async with worker_process(temporal.client.service_client.config.target_host) as (vitals, address):
        status, report = await get(address, "healthz")
        assert status == 200
        assert report["status"] == "ok"
        assert report["lastPoll"]
        vitals.ending()
        status, report = await get(address, "healthz")
        assert (status, report["status"]) == (503, "ending")


async def test_a_worker_that_does_not_poll_is_not_well(temporal: WorkflowEnvironment) -> None:
    vitals = HealthStatus(1, ANYWHERE, "42")
    async with serving(vitals, ANYWHERE) as address:
        status, report = await get(address, "healthz")
        assert (status, report["status"], report["build"]) == (503, "starting", "42")
        assert (await get(address, "livez"))[0] == 200, "it lives, whatever becomes of Temporal"
        vitals.polling(temporal.client, f"nobody-{uuid.uuid4()}")
        status, report = await get(address, "healthz")
        assert (status, report["status"]) == (503, "idle")
        assert "does not see this process poll" in report["reason"]


async def test_a_worker_whose_temporal_is_gone_says_so_quickly(start_server: StartServer) -> None:
    server = await start_server()
    stopped = False
    try:
        async with worker_process(server.client.service_client.config.target_host) as (_, address):
            await server.shutdown()
            stopped = True
            began = time.monotonic()
            status, report = await get(address, "healthz")
            assert time.monotonic() - began < 4
            assert (status, report["status"]) == (503, "unreachable")
    finally:
        if not stopped:
            await server.shutdown()


async def test_metrics_are_those_of_the_worker(temporal: WorkflowEnvironment) -> None:
    async with worker_process(temporal.client.service_client.config.target_host, process=3) as (_, address):
        status, text = await get(address, "metrics")
    assert status == 200
    assert 'temporal_num_pollers{process="3",' in text


async def test_one_address_speaks_for_several_processes(temporal: WorkflowEnvironment) -> None:
    target = temporal.client.service_client.config.target_host
    async with (
        worker_process(target, 1) as (first, one),
        worker_process(target, 2) as (second, two),
        serving(Processes({1: one.port, 2: two.port}), ANYWHERE) as address,
    ):
        status, report = await get(address, "healthz")
        assert (status, report["well"]) == (200, 2)
        _, text = await get(address, "metrics")
        first.ending()
        status, report = await get(address, "healthz")
        assert (status, report["status"], report["well"]) == (200, "ok", 1)
        assert [process["status"] for process in report["processes"]] == ["ending", "ok"]
        second.ending()
        assert not await well(address)
    lines = text.splitlines()
    assert lines.count("# TYPE temporal_num_pollers gauge") == 1
    for process in (1, 2):
        assert any(line.startswith(f'temporal_num_pollers{{process="{process}",') for line in lines)
    assert len(set(lines)) == len(lines)


async def test_dead_processes_are_reported_as_dead() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with serving(Processes({1: port, 2: 0}), ANYWHERE) as address:
        status, report = await get(address, "healthz")
        assert (status, report["status"]) == (503, "unavailable")
        assert [process["status"] for process in report["processes"]] == ["dead", "dead"]
        assert await get(address, "metrics") == (200, "")


async def test_an_address_that_is_taken_is_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = ListenAddress(*taken.getsockname())
        with pytest.raises(TrunklineError, match=f"Nothing can listen at {address} .*--metrics-address"):
            async with serving(Processes({}), address):
                pytest.fail("it listens where another server does")
