"""What a worker counts of its runs, in the scrape of real ones: once each, whatever is replayed or continued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from tests.engine import Engine
from workers.process.telemetry import measured_runtime
from workers.settings import Address

RUNS = """
name: measured
trigger: {event: order.paid, data: [amount]}
actions:
  - {id: ask, actionType: http_request, config: {method: GET, url: RECEIVER/ask}}
  - {id: each, forEach: "{{amount}}", as: one, actions: [{id: text, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: "{{one}}"}}]}
  - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}, onFailure: continue}
  - {id: held, actionType: http_request, config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {approvers: [lead@example.com]}}
"""


async def scrape(address: Address) -> dict[tuple[str, ...], float]:
    """Return the samples of our own metrics by name and labels, without those of a histogram's buckets."""
    async with aiohttp.ClientSession() as session, session.get(f"http://{address}/metrics") as answer:
        text = await answer.text()
    return {
        (
            sample.name,
            *(f"{key}={value}" for key, value in sorted(sample.labels.items()) if key in LABELS),
        ): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name.startswith("trunkline_") and not sample.name.endswith("_bucket")
    }


LABELS = ("outcome", "class", "status", "kind", "decision", "vendor", "connection", "result", "cause")


@pytest_asyncio.fixture
async def exporter(engine: Engine) -> AsyncIterator[Address]:
    """The exporter of an engine that measures."""
    runtime, address = measured_runtime()
    engine.client = await Client.connect(
        engine.client.service_client.config.target_host, runtime=runtime, data_converter=engine.client.data_converter
    )
    engine.meter = runtime.metric_meter
    yield address


async def test_what_runs_do_is_counted_once(engine: Engine, exporter: Address) -> None:
    engine.cached = 0  # every task replays its history
    engine.connections["phone"]["rateLimit"] = {"requestsPerSecond": 50}
    engine.define(RUNS)
    engine.receiver.answer("/post", 400)
    run = await engine.start("measured", engine.event({"amount": [1, 2]}))
    [hold] = await engine.held(run)
    before = await scrape(exporter)
    assert before["trunkline_holds_opened_total", "kind=approval"] == 1
    assert before["trunkline_runs_total", "outcome=completed"] == 0, "what alerts look at begins with 0"
    assert before["trunkline_unknown_outcomes_total",] == 0
    await engine.decide(run, hold=hold["hold"], decision="reject", by="lead@example.com")
    assert (await engine.finish(run))["outcome"] == "rejected"
    for _ in range(50):
        found = await scrape(exporter)
        if found["trunkline_runs_total", "outcome=rejected"]:
            break
        await asyncio.sleep(0.1)
    assert {key[1:]: value for key, value in found.items() if value and key[0] == "trunkline_steps_total"} == {
        ("class=safe", "status=succeeded"): 1,
        ("class=never", "status=succeeded"): 2,
        ("class=never", "status=failed"): 1,
        ("class=never", "status=rejected"): 1,
    }
    assert {key[1:]: value for key, value in found.items() if value and key[0] == "trunkline_sends_total"} == {
        ("connection=none", "result=ok", "vendor=http"): 1,
        ("connection=none", "result=refused", "vendor=http"): 1,
        ("connection=phone", "result=ok", "vendor=twilio"): 2,
    }
    assert found["trunkline_hold_seconds_count", "decision=reject", "kind=approval"] == 1
    assert found["trunkline_rate_limit_wait_seconds_count", "cause=queue", "connection=phone"] == 2
    assert sum(value for key, value in found.items() if key[0] == "trunkline_runs_total") == 1


async def test_a_run_that_is_put_out_of_memory_has_not_ended(engine: Engine, exporter: Address) -> None:
    engine.define(
        "name: quiet\ntrigger: {event: order.paid}\nactions:\n  - {id: held, actionType: http_request, "
        "config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {approvers: [lead@example.com]}}\n"
    )
    run = await engine.start("quiet")
    [hold] = await engine.held(run)
    await engine.stop()  # every run leaves its memory, and is canceled there
    found = await scrape(exporter)
    assert {key: value for key, value in found.items() if value} == {
        ("trunkline_holds_opened_total", "kind=approval"): 1
    }
    await engine.serve()
    await engine.decide(run, hold=hold["hold"], decision="reject", by="lead@example.com")
    await engine.finish(run)
    found = await scrape(exporter)
    assert {key: value for key, value in found.items() if value and not key[0].startswith("trunkline_hold_")} == {
        ("trunkline_holds_opened_total", "kind=approval"): 1,
        ("trunkline_runs_total", "outcome=rejected"): 1,
        ("trunkline_steps_total", "class=never", "status=rejected"): 1,
    }
