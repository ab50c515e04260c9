"""Alerts and dashboard: PromQL that is right, over metrics that a worker and a gateway of ours tell."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from tests.engine import Engine
from tests.starts import Processes
from tests.workers.gateway.doors import served
from workers.process.measures import Measures
from workers.process.telemetry import measured_runtime

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "monitoring"
ALERTS = FOLDER / "alerts.yaml"

WINDOWS = re.compile(r"\$__\w+")
"""Grafana's own variables, for which it writes a duration."""

TOKEN = "token-0123456789abcdef-0123456789abcdef"  # made up
GATEWAY = f"events: {{verify: {{bearer: [{TOKEN}]}}}}\n"

RUN = """
name: seen
trigger: {event: order.paid}
actions:
  - {id: text, actionType: send_sms, config: {from: "+15550100", to: "+15550123", text: Hi}}
  - {id: held, actionType: http_request, config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {approvers: [lead@example.com]}}
"""


@workflow.defn
class Stalled:
    """A run whose code has a defect."""

    @workflow.run
    async def run(self) -> None:
        raise RuntimeError("a defect")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / "dashboard.json").read_text())["panels"]
    return found


def expressions() -> list[str]:
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [*(rule["expr"] for rule in rules()), *(WINDOWS.sub("5m", expression) for expression in shown)]


def selectors(expression: Any) -> Iterator[Any]:
    """Yield every selector of a parsed expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        yield expression
    for name in ("lhs", "rhs", "expr", "vector_selector", "param"):
        if (inner := getattr(expression, name, None)) is not None:
            yield from selectors(inner)
    for inner in getattr(expression, "args", None) or ():
        yield from selectors(inner)


def named() -> dict[str, set[str]]:
    """Return every metric that a rule or panel names, with the labels by which it is chosen."""
    found: dict[str, set[str]] = {}
    for expression in expressions():
        for selector in selectors(promql_parser.parse(expression)):
            found.setdefault(selector.name, set()).update(matcher.name for matcher in selector.matchers.matchers)
    return found


def test_a_selector_is_found_wherever_it_stands() -> None:
    text = "histogram_quantile(0.9, sum by (le) (rate(a_bucket[5m]))) > 1 and -b{x='1'} > 0.5 * (absent(c))"
    assert {one.name for one in selectors(promql_parser.parse(text))} == {"a_bucket", "b", "c"}


def test_every_alert_says_what_is_so_and_the_docs_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]
    assert len(set(names)) == len(names)
    section = (
        (ROOT / "docs" / "operating.md").read_text().partition("### Alerts and a dashboard")[2].partition("\n### ")[0]
    )
    documented = re.findall(r"^\| `(Trunkline\w+)` \|", section, re.MULTILINE)
    assert documented == names
    for rule in rules():
        assert rule["labels"]["severity"] in {"critical", "warning"}
        assert set(rule["annotations"]) == {"summary", "description"}


def test_the_dashboard_hangs_together() -> None:
    ids = [panel["id"] for panel in panels()]
    assert len(set(ids)) == len(ids)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()}
    assert len(places) == len(ids)
    assert all(panel["description"] and panel["datasource"]["uid"] == "${datasource}" for panel in panels())


def test_promtool_takes_the_rules(processes: Processes) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed")
    processes.run([promtool, "check", "rules", ALERTS], check=True)


async def test_every_metric_that_is_named_is_in_a_scrape_of_ours(engine: Engine, tmp_path: Path) -> None:
    """With every label by which a rule or panel chooses it."""
    runtime, exporter = measured_runtime()
    plain = engine.client
    engine.client = await Client.connect(
        plain.service_client.config.target_host, runtime=runtime, data_converter=plain.data_converter
    )
    engine.meter = runtime.metric_meter
    engine.connections["phone"]["rateLimit"] = {"requestsPerSecond": 50}
    engine.define(RUN)
    queue = f"{engine.task_queue}-defect"
    stalled = Worker(engine.client, task_queue=queue, workflows=[Stalled], workflow_runner=UnsandboxedWorkflowRunner())
    async with stalled:
        broken = await engine.client.start_workflow("Stalled", id=queue, task_queue=queue)
        failed = await engine.start("no-such-automation")
        event = engine.event({}, type="order.paid")
        async with served(engine.client, tmp_path, GATEWAY, task_queue=engine.task_queue) as gateway:
            kind = {"Content-Type": "application/cloudevents+json", "Authorization": f"Bearer {TOKEN}"}
            assert (await gateway.post("/events", json.dumps(event).encode(), **kind)).status == 202
            dispatched = engine.client.get_workflow_handle(f"event/{event['id']}")
            await dispatched.result()
            run = engine.client.get_workflow_handle(f"seen/{event['id']}")
            [hold] = await engine.held(run)
            gateway.gateway.counters.decided("page", "accepted")
            said = await _until_waiting(gateway.gateway)
            await engine.decide(run, hold=hold["hold"], decision="reject", by="lead@example.com")
            await engine.finish(run)
            await engine.finish(failed)
            async with aiohttp.ClientSession() as session, session.get(f"http://{exporter}/metrics") as answer:
                said += await answer.text()
        await broken.terminate()
    told: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(said):
        for sample in family.samples:
            told.setdefault(sample.name, set()).update(sample.labels)
    assert {name: labels for name, labels in named().items() if not labels <= told.get(name, {"absent"})} == {}
    assert not named().keys() - told.keys()


async def _until_waiting(gateway: Any) -> str:
    """Return what a gateway tells once Temporal's list, which lags a moment behind, knows the hold."""
    for _ in range(100):
        gateway._waiting._until = 0.0  # ask again
        said = str(await gateway.metrics())
        if "oldest_open_hold_age" in said:
            return said
    raise AssertionError("nothing waits")


def test_instruments_have_the_names_that_are_documented() -> None:
    """Whoever adds one says in the documentation what it counts."""
    import inspect

    made = re.findall(r'"(trunkline_\w+)", "', inspect.getsource(Measures))
    text = (ROOT / "docs" / "operating.md").read_text()
    assert [name for name in dict.fromkeys(made) if f"`{name}" not in text] == []
