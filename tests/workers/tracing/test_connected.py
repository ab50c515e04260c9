"""One trace of what one event causes: through the gateway of `trunkline dev`, and through `trunkline emit`."""

from __future__ import annotations

import json
from pathlib import Path

import aiohttp
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from temporalio.client import Client

from tests.engine import Engine
from tests.workers.command import on
from tests.workers.tracing.test_tracing import named, own, sent, tracing_into
from workers.client.dispatch import emitted_id
from workers.local.gateway import local_gateway
from workers.settings import Settings
from workers.tracing import tracing as spans_of
from workers.tracing.setting import interceptors
from workflows.automation import Automation
from workflows.starter import Starter

AUTOMATION = """
name: {name}
trigger: {{event: order.paid}}
actions: [{{id: ask, actionType: http_request, config: {{method: GET, url: RECEIVER/x}}}}]
"""


class Kept(InMemorySpanExporter):
    """Outlives the commands that export to it."""

    def shutdown(self) -> None:
        pass


@pytest.fixture
def exporter(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What the worker exports to, and every process that the environment tells to export."""
    exporter = Kept()
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "memory")
    monkeypatch.setattr(spans_of, "_exporter", lambda _name: exporter)
    return exporter


async def serve(engine: Engine, exporter: InMemorySpanExporter) -> Client:
    """Start a worker that traces, and return a client that does not."""
    plain = engine.client
    options = plain.config()
    options["interceptors"] = interceptors(tracing_into(exporter), Automation, Starter)
    engine.client = Client(**options)
    for name in ("first", "second"):
        engine.define(AUTOMATION.format(name=name))
    await engine.serve()
    return plain


async def finish(engine: Engine, event: str, *names: str) -> None:
    for name in names:
        engine.handles.append(engine.client.get_workflow_handle(f"{name}/{event}"))
        await engine.handles[-1].result()


async def test_dev_s_gateway_and_emit_are_where_a_trace_begins(
    engine: Engine, exporter: InMemorySpanExporter, tmp_path: Path
) -> None:
    plain = await serve(engine, exporter)
    event = engine.event({}, type="order.paid")
    settings = Settings(task_queue=engine.task_queue)
    headers = {"Content-Type": "application/cloudevents+json"}
    async with (
        local_gateway(plain, settings, port=0, folder=engine.folder, own=None) as gateway,
        aiohttp.ClientSession() as session,
    ):
        async with session.post(f"{gateway.url}/events", data=json.dumps(event), headers=headers) as answer:
            assert answer.status == 202, await answer.text()
        await finish(engine, event["id"], "event", "first", "second")
    found = sent(exporter)
    assert len({span["context"]["trace_id"] for span in found}) == 1
    assert named(found, "event")["parent_id"] == own(named(found, "POST /events"))
    assert named(found, "second")["parent_id"] == own(named(found, "event"))

    exporter.clear()
    emitted = engine.event({}, type="order.paid")
    (tmp_path / "event.json").write_text(json.dumps(emitted))
    ended = await on(engine, "emit", tmp_path / "event.json")
    assert ended.code == 0, ended
    await engine.client.get_workflow_handle(emitted_id(emitted["id"], emitted["source"])).result()
    await finish(engine, emitted["id"], "first", "second")
    found = sent(exporter)
    assert len({span["context"]["trace_id"] for span in found}) == 1
    assert sorted(span["name"] for span in found) == [
        "GET",
        "GET",
        "emit",
        "event",
        "first",
        "http_request",
        "http_request",
        "second",
    ]
    for name in ("first", "second"):
        assert named(found, name)["parent_id"] == own(named(found, "emit"))
