"""What a worker counts of its runs, in the scrape of real ones: once each, whatever is replayed or continued."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from tests.engine import Engine
from workers.process.measures import Counted
from workers.process.telemetry import measured_runtime
from workers.settings import ListenAddress
from workflows.run.walk import Walk

RUNS = """
name: measured
trigger: {event: order.paid, data: [amount]}
actions:
  - {id: ask, actionType: http_request, config: {method: GET, url: RECEIVER/ask}}
  - {id: each, forEach: "{{amount}}", as: one, actions: [{id: text, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: "{{one}}"}}]}
  - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}, onFailure: continue}
  - {id: held, actionType: http_request, config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {approvers: [lead@example.com]}}
"""


async def scrape(address: ListenAddress) -> dict[tuple[str, ...], float]:
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
async def exporter(engine: Engine) -> AsyncIterator[ListenAddress]:
    """The exporter of an engine that measures."""
    runtime, address = measured_runtime()
    engine.client = await Client.connect(
        engine.client.service_client.config.target_host, runtime=runtime, data_converter=engine.client.data_converter
    )
    engine.meter = runtime.metric_meter
    yield address


async def test_what_runs_do_is_counted_once(engine: Engine, exporter: ListenAddress) -> None:
    engine.cached = 2  # each of three runs leaves the memory again and again
    engine.connections["phone"]["rateLimit"] = {"requestsPerSecond": 50}
    engine.define(RUNS)
    engine.receiver.answer("/post", 400)
    runs = [await engine.start("measured", engine.event({"amount": [1, 2]})) for _ in range(3)]
    holds = [(await engine.held(run))[0] for run in runs]
    before = await scrape(exporter)
    assert before["trunkline_holds_opened_total", "kind=approval"] == 3
    assert before["trunkline_runs_total", "outcome=completed"] == 0, "what alerts look at begins with 0"
    assert before["trunkline_unknown_outcomes_total",] == 0
    for run, hold in zip(runs, holds, strict=True):
        await engine.decide(run, hold=hold["hold"], decision="reject", by="lead@example.com")
        assert (await engine.finish(run))["outcome"] == "rejected"
    for _ in range(50):
        found = await scrape(exporter)
        if found["trunkline_runs_total", "outcome=rejected"] == 3:
            break
        await asyncio.sleep(0.1)
    assert {key[1:]: value for key, value in found.items() if value and key[0] == "trunkline_steps_total"} == {
        ("class=safe", "status=succeeded"): 3,
        ("class=never", "status=succeeded"): 6,
        ("class=never", "status=failed"): 3,
        ("class=never", "status=rejected"): 3,
    }
    assert {key[1:]: value for key, value in found.items() if value and key[0] == "trunkline_sends_total"} == {
        ("connection=none", "result=ok", "vendor=http"): 3,
        ("connection=none", "result=refused", "vendor=http"): 3,
        ("connection=phone", "result=ok", "vendor=twilio"): 6,
    }
    assert found["trunkline_hold_seconds_count", "decision=reject", "kind=approval"] == 3
    assert found["trunkline_rate_limit_wait_seconds_count", "cause=queue", "connection=phone"] == 6
    assert sum(value for key, value in found.items() if key[0] == "trunkline_runs_total") == 3


async def test_a_run_that_is_put_out_of_memory_has_not_ended(engine: Engine, exporter: ListenAddress) -> None:
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


LONG = """
name: long
trigger: {event: order.paid, data: [amount]}
actions:
  - paths:
      - actions:
          - {id: held, actionType: http_request, config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {approvers: [lead@example.com]}}
      - actions:
          - {id: each, forEach: "{{amount}}", as: one, actions: [{id: ask, actionType: http_request, config: {method: GET, url: "RECEIVER/ask/{{one}}"}}]}
  - {id: last, actionType: http_request, config: {method: GET, url: RECEIVER/last}}
"""


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs continue as new after forty events."""

    def must(walk: Walk) -> bool:
        return walk.continuing_as_new or workflow.info().get_current_history_length() > 40

    monkeypatch.setattr(Walk, "must_continue_as_new", must)


@pytest.mark.usefixtures("short_histories")
async def test_what_continues_as_new_counts_once_and_a_reset_counts_what_happens_again(
    engine: Engine, exporter: ListenAddress
) -> None:
    engine.cached = 0  # every task replays its history
    engine.define(LONG)
    run = await engine.start("long", engine.event({"amount": list(range(12))}))
    while len(engine.receiver.requests) < 12:
        await asyncio.sleep(0.1)
    [hold] = await engine.held(run)
    await engine.decide(run, hold=hold["hold"], decision="approve", by="lead@example.com")
    assert (await engine.finish(run))["outcome"] == "completed"
    assert (await run.describe()).run_id != run.first_execution_run_id, "it continued as new"
    before = counted(await scrape(exporter))
    assert before == {
        ("trunkline_runs_total", "outcome=completed"): 1,
        ("trunkline_steps_total", "class=safe", "status=succeeded"): 13,
        ("trunkline_steps_total", "class=never", "status=succeeded"): 1,
        ("trunkline_holds_opened_total", "kind=approval"): 1,
        ("trunkline_hold_seconds_count", "decision=approve", "kind=approval"): 1,
        ("trunkline_sends_total", "connection=none", "result=ok", "vendor=http"): 14,
    }
    latest = (await run.describe()).run_id
    history = await engine.client.get_workflow_handle(run.id, run_id=latest).fetch_history()
    tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    again = await engine.reset(run.id, tasks[-2], latest)  # the task that has asked for `last`
    assert (await engine.finish(again))["outcome"] == "completed"
    after = counted(await scrape(exporter))
    assert {key: value - before[key] for key, value in after.items() if value != before[key]} == {
        ("trunkline_runs_total", "outcome=completed"): 1,
        ("trunkline_steps_total", "class=safe", "status=succeeded"): 1,
        ("trunkline_sends_total", "connection=none", "result=ok", "vendor=http"): 1,
    }, "the run has ended twice, and nothing before the reset's point happened again"


def counted(found: dict[tuple[str, ...], float]) -> dict[tuple[str, ...], float]:
    """Return what is not 0, without the sums of histograms."""
    return {key: value for key, value in found.items() if value and not key[0].endswith("_sum")}


def test_what_a_run_tells_again_was_counted() -> None:
    counted = Counted(2)
    assert [counted.first("one", fact) for fact in (1, 2, 1, 2, 3)] == [True, True, False, False, True]
    assert counted.first("two", 1)
    assert not counted.first("one", 3)
    assert counted.first("three", 1), "of so many runs it remembers the latest"
    assert [counted.first(run, 1) for run in ("three", "two", "one")] == [False, False, True]
