"""A worker of two processes as it is started: its runs counted once on one page, its spans at a collector."""

from __future__ import annotations

import asyncio
import re
import socket
import sys
import uuid
from pathlib import Path

import aiohttp
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from temporalio.testing import WorkflowEnvironment

from tests.starts import Processes
from tests.workers.command import surroundings

RUNS = 6
COUNTED = re.compile(r'^trunkline_runs_total\{process="(\d)",.*outcome="completed".*\} (\d+)$', re.MULTILINE)


async def test_every_run_is_counted_and_traced_once(
    temporal: WorkflowEnvironment, processes: Processes, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    spans: list[tuple[str, str]] = []

    async def collect(request: web.Request) -> web.Response:
        got = ExportTraceServiceRequest.FromString(await request.read())
        for resource in got.resource_spans:
            [service] = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
            spans.extend((service, span.name) for scope in resource.scope_spans for span in scope.spans)
        return web.Response()

    application = web.Application()
    application.router.add_post("/v1/traces", collect)
    collector = web.AppRunner(application, access_log=None)
    await collector.setup()
    site = web.TCPSite(collector, "127.0.0.1", 0)
    await site.start()
    place = f"http://127.0.0.1:{collector.addresses[0][1]}"
    (tmp_path / "quick.yaml").write_text(
        "name: quick\ntrigger: {event: order.paid}\n"
        f'actions: [{{id: get, actionType: http_request, config: {{method: GET, url: "{place}/nothing"}}, onFailure: continue}}]\n'
    )
    queue = f"exported-{uuid.uuid4().hex[:8]}"
    with (tmp_path / "worker.log").open("wb") as log:
        worker = await processes.start(
            *(sys.executable, "-m", "workers.cli", "worker", str(tmp_path), "--processes", "2"),
            *("--metrics-address", f"127.0.0.1:{port}"),
            env=surroundings(
                TEMPORAL_ADDRESS=temporal.client.service_client.config.target_host,
                TRUNKLINE_TASK_QUEUE=queue, TRUNKLINE_ALLOW="127.0.0.1", TRUNKLINE_GRACE="1",
                OTEL_EXPORTER_OTLP_ENDPOINT=place,
            ), stdout=log, stderr=log,
        )  # fmt: skip
    try:
        for number in range(RUNS):
            event = {
                "specversion": "1.0",
                "id": f"{queue}-{number}",
                "source": "/tests",
                "type": "order.paid",
                "data": {},
            }
            await temporal.client.execute_workflow("quick", event, id=f"quick/{event['id']}", task_queue=queue)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/livez") as answer:
                assert answer.status == 200
            counted: list[tuple[str, str]] = []
            while {process for process, _ in counted} != {"1", "2"}:  # the second one may still be starting
                await asyncio.sleep(0.1)
                async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                    counted = COUNTED.findall(await answer.text())
        worker.terminate()
        assert await asyncio.wait_for(worker.wait(), 30) == 0, (tmp_path / "worker.log").read_text()
    finally:
        if worker.returncode is None:
            worker.kill()
        await collector.cleanup()
    assert sum(int(count) for _, count in counted) == RUNS
    assert sorted(spans) == sorted(
        ("trunkline-worker", name) for name in ("quick", "http_request", "GET") for _ in range(RUNS)
    )
