"""Traces from the request at the gateway to the vendor's answer, against a real Temporal server."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from temporalio.client import Client

from tests.engine import JSON, Engine
from tests.workers.gateway.doors import served
from workers.errors import TrunklineError
from workers.tracing.setting import exporters, interceptors, traced
from workers.tracing.tracing import Tracing, provider, read, written
from workflows.automation import Automation
from workflows.starter import Starter

SECRET = "shop-secret-0123456789"
SENDER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

CONFIG = """
baseUrl: https://hooks.example.com
events: {verify: {bearer: ["token-0123456789abcdef-0123456789abcdef"]}}
"""

AUTOMATION = """
name: traced
trigger: {event: order.paid}
actions:
  - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/paid/kim, headers: {X-Key: "{{secrets.shop}}"}, body: {who: Kim Smith}}}
  - {id: text, actionType: send_sms, config: {connection: phone, from: "+15550100", to: "+15550123", text: Hello}}
  - {id: ask, actionType: http_request, config: {method: GET, url: RECEIVER/missing}, onFailure: continue}
  - {id: rest, wait: 1s}
"""


def tracing_into(exporter: InMemorySpanExporter) -> Tracing:
    made = provider([], "test")
    made.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(made)


def sent(exporter: InMemorySpanExporter) -> list[JSON]:
    return [json.loads(span.to_json()) for span in exporter.get_finished_spans()]


def named(spans: list[JSON], name: str) -> JSON:
    [found] = [span for span in spans if span["name"] == name]
    return found


def own(span: JSON) -> str:
    return str(span["context"]["span_id"])


async def test_an_event_is_followed_to_the_vendor_and_a_plain_clients_run_too(engine: Engine, tmp_path: Path) -> None:
    exporter = InMemorySpanExporter()
    tracing = tracing_into(exporter)
    plain = engine.client
    options = plain.config()
    options["interceptors"] = interceptors(tracing, Automation, Starter)
    engine.client = Client(**options)
    engine.environment = {"TRUNKLINE_SECRET_SHOP": SECRET}
    engine.cached = 0  # every task replays its history
    engine.define(AUTOMATION)
    engine.receiver.answer("/missing", 404)
    await engine.serve()
    event = engine.event({}, type="order.paid")
    async with served(engine.client, tmp_path, CONFIG, task_queue=engine.task_queue, tracing=tracing) as gateway:
        headers = {
            "Content-Type": "application/cloudevents+json",
            "Authorization": "Bearer token-0123456789abcdef-0123456789abcdef",
        }
        answer = await gateway.post("/events", json.dumps(event).encode(), **headers, traceparent=SENDER)
        assert answer.status == 202, answer
        await gateway.send("GET", "/livez")
    handle = engine.client.get_workflow_handle(f"traced/{event['id']}")
    dispatched = engine.client.get_workflow_handle(f"event/{event['id']}")
    engine.handles.append(dispatched)
    await dispatched.result()
    assert (await engine.finish(handle))["outcome"] == "completed"

    spans = sent(exporter)
    sender = read({"traceparent": SENDER})
    assert sender is not None
    assert {int(span["context"]["trace_id"], 16) for span in spans} == {sender.trace_id}
    assert sorted(span["name"] for span in spans) == sorted(
        ["POST /events", "event", "traced", "http_request", "POST", "send_sms", "POST", "http_request", "GET"]
    ), "each once, although every workflow task was a replay"
    request, dispatch, run = named(spans, "POST /events"), named(spans, "event"), named(spans, "traced")
    for below, above in ((dispatch, request), (run, dispatch), (named(spans, "send_sms"), run)):
        assert below["parent_id"] == own(above)
    got = named(spans, "GET")
    assert got["attributes"]["http.response.status_code"] == 404
    asked = [span for span in spans if own(span) == got["parent_id"]]
    assert [span["attributes"]["trunkline.step"] for span in asked] == ["ask"]
    assert [span["status"] for span in asked] == [{"status_code": "ERROR"}]
    assert run["attributes"]["trunkline.outcome"] == "completed"
    began, ended = (datetime.fromisoformat(run[name]) for name in ("start_time", "end_time"))
    assert ended - began > timedelta(seconds=1)
    assert {s["attributes"].get("trunkline.vendor") for s in spans if s["name"] == "POST"} == {None, "twilio"}
    everything = json.dumps(spans)
    for hidden in (SECRET, "Kim", "kim", "Hello", "15550123", "twilio-token", "token-0123", "404: ", "/paid"):
        assert hidden not in everything

    exporter.clear()
    engine.client = plain
    alone = await engine.start("traced")
    await engine.finish(alone)
    spans = sent(exporter)
    assert len({span["context"]["trace_id"] for span in spans}) == 1
    assert named(spans, "traced")["parent_id"] is None
    assert named(spans, "send_sms")["parent_id"] == own(named(spans, "traced"))
    assert len(spans) == 7


async def test_traces_are_whole_where_headers_are_encrypted(engine: Engine) -> None:
    exporter = InMemorySpanExporter()
    tracing = tracing_into(exporter)
    options = engine.client.config()
    options["interceptors"] = interceptors(tracing, Automation, Starter)
    engine.client = Client(**options)
    engine.hold_keys(f"k1:{base64.b64encode(bytes(32)).decode()}")
    engine.define(
        "name: sealed\ntrigger: {event: order.paid}\nactions:\n  - {id: ask, actionType: http_request, config: {method: GET, url: RECEIVER/x}}\n"
    )
    with tracing.span("asked", SpanKind.INTERNAL, None, {}):
        run = await engine.start("sealed")
    await engine.finish(run)
    spans = sent(exporter)
    assert sorted(span["name"] for span in spans) == ["GET", "asked", "http_request", "sealed"]
    assert len({span["context"]["trace_id"] for span in spans}) == 1
    assert named(spans, "sealed")["parent_id"] == own(named(spans, "asked"))
    assert b"traceparent" not in (await run.fetch_history()).to_json().encode()


def test_what_names_a_span_is_read_as_it_is_written_and_nothing_else() -> None:
    context = read({"traceparent": SENDER})
    assert context is not None
    assert written(context) == {"traceparent": SENDER}
    assert read({"traceparent": "nonsense"}) is None
    assert read({}) is None


def test_whether_anybody_wants_traces() -> None:
    assert exporters({}) == []
    assert exporters({"OTEL_SERVICE_NAME": "x"}) == []
    assert exporters({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}) == ["otlp"]
    assert exporters({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}) == ["otlp"]
    assert exporters({"OTEL_TRACES_EXPORTER": "console, otlp"}) == ["console", "otlp"]
    assert exporters({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}) == []
    assert exporters({"OTEL_SDK_DISABLED": "true", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}) == []


def test_an_exporter_that_is_not_installed_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "zipkin")
    with pytest.raises(TrunklineError, match=r"'zipkin'.* exporters installed here are .*otlp_proto_http"), traced("x"):
        pytest.fail("nothing can be exported")


def test_sampling_is_the_same_for_a_run_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    exporter = InMemorySpanExporter()
    one, other = tracing_into(exporter), tracing_into(exporter)
    flags = []
    for _ in range(40):
        run = str(uuid.uuid4())
        found = one.run("a", run, run, None), other.run("a", run, run, None)
        assert found[0] == found[1]
        flags.append(found[0].context.trace_flags.sampled)
    assert set(flags) == {True, False}
