"""Limits toward vendors, and whose actions go first, on a real server with real workers."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from temporalio import activity, workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.common import Priority, RetryPolicy
from temporalio.testing import WorkflowEnvironment

from activities.catalog import catalog, connection_kinds
from activities.connections import Connections
from activities.errors import Refused
from tests.engine import JSON, Engine, step
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan
from workers.payloads.converter import DATA_CONVERTER
from workers.process.limits import Limits, running
from workflows.compiled import program
from workflows.run import walk
from workflows.run.routing import fairness_key

RATE = 10
MANY = 40
BURST = 12
"""The server shares a rate out to four partitions, each of which may begin a few actions at once."""

NOW = datetime(2030, 1, 31, tzinfo=UTC)

OTHER = {"kind": "twilio", "accountSid": "AC1", "authToken": "other-token-1234567890"}

MESSAGES = """
name: messages
trigger: {event: test.fired, data: [numbers]}
paths:
  - actions:
      - forEach: "{{numbers}}"
        parallel: 100
        actions: [{actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "{{item}}"}}]
  - actions:
      - forEach: "{{numbers}}"
        parallel: 100
        actions: [{actionType: send_slack_message, config: {channel: "#ops", text: "{{item}}"}}]
"""

ONE = """
name: one
trigger: {event: test.fired, data: [customer]}
actions:
  - {id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "Hi"}}
"""


async def events(handle: WorkflowHandle[Any, Any]) -> list[Any]:
    return list((await handle.fetch_history()).events)


async def scheduled(handle: WorkflowHandle[Any, Any]) -> dict[str, Any]:
    """Return what each activity was scheduled with, by its id."""
    found = [event.activity_task_scheduled_event_attributes for event in await events(handle)]
    return {one.activity_id: one for one in found if one.activity_id}


async def begun(handle: WorkflowHandle[Any, Any], action: str) -> tuple[list[float], set[str]]:
    """Return when each activity of an action began, and which workers ran them."""
    all_events = await events(handle)
    ids = {e.event_id for e in all_events if e.activity_task_scheduled_event_attributes.activity_type.name == action}
    started = [e for e in all_events if e.activity_task_started_event_attributes.scheduled_event_id in ids]
    times = sorted(e.event_time.ToMicroseconds() / 1e6 for e in started)
    return times, {e.activity_task_started_event_attributes.identity for e in started}


@pytest_asyncio.fixture
async def second(engine: Engine, temporal: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Engine]:
    """A second worker on the same task queue, with the same automations and connections."""
    folder = tmp_path / "second"
    folder.mkdir()
    async with Engine(temporal, folder) as other:
        other.folder, other.task_queue, other.connections = engine.folder, engine.task_queue, engine.connections
        other.client = await Client.connect(
            temporal.client.service_client.config.target_host, data_converter=DATA_CONVERTER, identity="second"
        )
        yield other


async def test_a_rate_holds_across_workers_and_slows_nothing_else(engine: Engine, second: Engine) -> None:
    engine.connections["phone"]["rateLimit"] = {"requestsPerSecond": RATE}
    engine.define(MESSAGES)
    await second.serve()
    handle = await engine.start("messages", engine.event({"numbers": list(range(MANY))}))
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    texts, workers = await begun(handle, "send_sms")
    posts, _ = await begun(handle, "send_slack_message")
    assert len(texts) == len(posts) == MANY
    assert len(workers) == 2, "both workers take from the one queue"
    span = texts[-1] - texts[0]
    assert (MANY - BURST) / RATE * 0.7 <= span <= MANY / RATE * 3, f"{MANY} at {RATE}/s took {span:.1f} s"
    window = 2
    most = max(sum(first <= one < first + window for one in texts) for first in texts)
    assert most <= RATE * window + BURST
    assert posts[-1] - posts[0] < span, "the other connection waited for nothing"


async def test_concurrency_caps_what_a_worker_has_in_flight(engine: Engine) -> None:
    engine.connections["team-slack"]["concurrency"] = 2
    engine.define(MESSAGES)
    flying: dict[str, int] = {"now": 0, "most": 0}

    async def slow(_: web.Request) -> web.StreamResponse:
        flying["now"] += 1
        flying["most"] = max(flying.values())
        await asyncio.sleep(0.15)
        flying["now"] -= 1
        return web.json_response({"ok": True, "channel": "C1", "ts": "1.2", "message": {"text": "x"}})

    engine.receiver.answers["/slack/chat.postMessage"] = [slow]
    report = await engine.run("messages", engine.event({"numbers": list(range(10))}))
    assert report["outcome"] == "completed"
    assert flying["most"] == 2
    assert len(engine.receiver.to("/twilio")) == 10


async def test_a_step_queues_where_the_connection_it_uses_is_limited(engine: Engine) -> None:
    engine.connections["bulk"] = {**engine.connections["phone"], "rateLimit": {"requestsPerSecond": 50}}
    engine.connections["defaults"] = {"send_sms": "bulk"}
    engine.connections["team-slack"]["concurrency"] = 5
    number = 'from: "+15550100100", to: "+15550123123", text: Hi'
    engine.define(f"""
name: chosen
trigger: {{event: test.fired}}
actions:
  - {{id: default, actionType: send_sms, config: {{{number}}}}}
  - {{id: named, actionType: send_sms, config: {{{number}, connection: bulk}}}}
  - {{id: connector, actionType: send_sms, config: {{{number}, connectorId: phone}}}}
  - {{id: free, actionType: send_sms, config: {{{number}, connection: phone}}}}
  - {{id: only, actionType: send_slack_message, config: {{channel: "#ops", text: Hi}}}}
  - {{id: spelt, actionType: send_slack_message, config: {{channel: "#ops", text: Hi, connectorId: team-slack}}}}
  - {{id: none, actionType: http_request, config: {{method: GET, url: RECEIVER/x}}}}
""")
    handle = await engine.start("chosen")
    assert (await engine.finish(handle))["outcome"] == "completed"
    queues = {name: one.task_queue.name for name, one in (await scheduled(handle)).items()}
    own = engine.task_queue
    bulk, slack = f"{own}/bulk", f"{own}/team-slack"
    assert queues == {
        "default": bulk,
        "named": bulk,
        "connector": own,
        "free": own,
        "only": slack,
        "spelt": slack,
        "none": own,
    }


async def test_all_workers_of_a_process_end_within_one_grace(temporal: WorkflowEnvironment) -> None:
    names = [f"limit-{n}" for n in range(3)]
    queue = f"grace-{uuid.uuid4().hex[:8]}"
    connections = Connections({n: {**OTHER, "concurrency": 1} for n in names}, connection_kinds(catalog()), {})
    taken: list[str] = []

    @activity.defn
    async def hang() -> None:
        taken.append(activity.info().task_queue)
        await asyncio.sleep(60)

    client = await Client.connect(temporal.client.service_client.config.target_host)
    workers = Limits(connections, catalog(), queue).workers(
        client, [hang], graceful_shutdown_timeout=timedelta(seconds=1.5)
    )
    loop = asyncio.get_running_loop()
    async with running(workers):
        for name in names:
            await client.start_activity(
                hang,
                id=f"{queue}/{name}",
                task_queue=f"{queue}/{name}",
                start_to_close_timeout=timedelta(minutes=1),
                retry_policy=RetryPolicy(maximum_attempts=1),
            )
        while len(taken) < len(names):
            await asyncio.sleep(0.02)
        told = loop.time()
    assert sorted(taken) == [f"{queue}/{name}" for name in names]
    assert 1.4 <= loop.time() - told < 3, "one grace, not one after the other"


async def test_a_look_goes_before_what_waits_in_the_queue(engine: Engine) -> None:
    engine.connections["phone"]["concurrency"] = 5
    engine.define(ONE)
    engine.receiver.drop(f"/twilio/2010-04-01/Accounts/{engine.connections['phone']['accountSid']}/Messages.json")
    handle = await engine.start("one")
    for _ in range(100):
        looks = [one for one in (await scheduled(handle)).values() if one.activity_type.name == "send_sms:look"]
        if looks:
            break
        await asyncio.sleep(0.05)
    assert (looks[0].task_queue.name, looks[0].priority.priority_key) == (f"{engine.task_queue}/phone", 1)
    await handle.terminate()


async def test_a_run_keeps_the_queue_it_was_planned_with(engine: Engine) -> None:
    engine.connections["phone"]["concurrency"] = 5
    engine.define(ONE.replace('text: "Hi"}', 'text: "Hi"}, requireApproval: {approvers: [ada]}, retry: {within: 1s}'))
    handle = await engine.start("one")
    (hold,) = await engine.held(handle)
    await engine.stop()
    del engine.connections["phone"]["concurrency"]
    await engine.serve()
    await engine.decide(handle, hold=hold["hold"], decision="approve", by="ada")
    error = step(await engine.finish(handle), "text")["error"]
    assert error["type"] == "Unavailable"
    assert "none polls its task queue" in error["message"]
    assert not engine.receiver.requests


@pytest.fixture
def handed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs continue as new after their first step, once."""

    def must(self: walk.Walk) -> bool:
        return self.continuing_as_new or ("first" in self.state.variables and workflow.info().continued_run_id is None)

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)


@pytest.mark.usefixtures("handed_over")
async def test_runs_that_continue_as_new_keep_queue_and_turn(engine: Engine) -> None:
    engine.connections["phone"]["concurrency"] = 5
    engine.define("""
name: carried
trigger: {event: test.fired, data: [customer]}
priority: 2
fairness: "{{customer.tenant}} {{now}}"
actions:
  - {actionType: http_request, config: {method: GET, url: RECEIVER/x}, saveAs: first}
  - wait: 300ms
  - {id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "Hi"}}
""")
    handle = await engine.start("carried", engine.event({"customer": {"tenant": "acme"}}))
    assert (await engine.finish(handle))["outcome"] == "completed"
    first = engine.client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
    (before,) = (await scheduled(first)).values()
    (after,) = (await scheduled(engine.client.get_workflow_handle(handle.id))).values()
    assert after.task_queue.name == f"{engine.task_queue}/phone"
    assert before.priority == after.priority
    assert after.priority.fairness_key.startswith("acme 20")
    assert after.priority.priority_key == 2


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("acme", "acme"),
        (7, "7"),
        (True, "true"),
        (None, None),
        ("", None),
        ({"b": 1, "a": "ü"}, '{"a": "ü", "b": 1}'),
        ("half \ud83d", "half ?"),
        ("x" * 64, "x" * 64),
    ],
)
def test_whatever_tells_tenants_apart_becomes_a_key(given: Any, key: str | None) -> None:
    made = program(_plan(fairness="{{customer.tenant}}"))
    assert fairness_key(made, {"customer": {"tenant": given}}, NOW) == key


def test_long_keys_fit_and_stay_apart() -> None:
    made = program(_plan(fairness="{{customer.tenant}}"))
    keys = [fairness_key(made, {"customer": {"tenant": "é" * 100 + end}}, NOW) or "" for end in "ab"]
    assert keys[0] != keys[1]
    assert all(key.startswith("ééé") and len(key.encode()) <= 64 for key in keys)


async def test_priority_and_fairness_are_seen_in_the_run_and_its_history(engine: Engine) -> None:
    engine.define(ONE.replace("actions:", 'priority: 1\nfairness: "{{customer.tenant}}"\nactions:'))
    handle = await engine.start("one", engine.event({"customer": {"tenant": "acme"}}))
    assert (await engine.finish(handle))["outcome"] == "completed"
    priority = (await scheduled(handle))["text"].priority
    assert (priority.priority_key, priority.fairness_key) == (1, "acme")

    event = engine.event({"customer": {"tenant": "other"}})
    dispatched = await engine.start("event", event)
    (answer,) = await dispatched.result()
    run = engine.client.get_workflow_handle(answer["workflowId"])
    await run.result()
    described = (await run.describe()).raw_description.workflow_execution_info.priority
    assert (described.priority_key, described.fairness_key) == (1, "other"), "the run itself waits its turn too"


async def test_where_the_automation_says_nothing_a_plain_clients_word_counts(engine: Engine) -> None:
    engine.define(ONE)
    priority = Priority(priority_key=4, fairness_key="acme")
    handle = await engine.start("one", engine.event({"customer": {}}), priority=priority)
    assert (await engine.finish(handle))["outcome"] == "completed"
    one = (await scheduled(handle))["text"]
    assert (one.priority.priority_key, one.priority.fairness_key) == (0, ""), "Temporal takes the run's own"
    assert one.task_queue.name == engine.task_queue


async def test_a_fairness_that_cannot_be_rendered_fails_the_run_with_a_sentence(engine: Engine) -> None:
    engine.define(ONE.replace("actions:", 'fairness: "{{100 | divided_by: customer.size}}"\nactions:'))
    handle = await engine.start("one", engine.event({"customer": {"size": 0}}))
    report = await engine.finish(handle)
    assert report["outcome"] == "failed"
    assert not engine.receiver.requests


@pytest.mark.parametrize(
    ("more", "code", "word"),
    [
        ({"priority": 0}, "out-of-range", "at least 1"),
        ({"priority": 6}, "out-of-range", "at most 5"),
        ({"priority": "1"}, "wrong-type", "whole number"),
        ({"fairness": "{{customer.tenant"}, "bad-template", ""),
        ({"fairness": "{{secrets.tenant}}"}, "misplaced-secret", ""),
        ({"fairness": "{{variables.tenant}}"}, "unknown-variable", "tenant"),
    ],
)
def test_what_cannot_be_is_a_problem(more: JSON, code: str, word: str) -> None:
    found = check(_definition(**more), Source(), catalog())[1]
    assert [one.code for one in found] == [code]
    assert word in str(found[0])


def test_a_plan_whose_actions_have_no_limit_says_nothing_of_limits() -> None:
    assert _limits({"phone": OTHER}).of(_plan()) == {}
    assert _limits({"chat": {"kind": "slack", "token": "t", "concurrency": 1}}).of(_plan()) == {}
    several = {"phone": OTHER, "bulk": {**OTHER, "concurrency": 3}}
    assert _limits(several).of(_plan()) == {"queues": {"bulk": "main/bulk"}, "chosen": {}}


def test_what_writes_records_knows_its_connection_also_without_a_limit() -> None:
    tags = {"actionType": "add_tags", "config": {"tags": "vip", "ticketId": "7"}}
    plan = _plan(actions=[tags])
    desk = {"kind": "zammad", "baseUrl": "https://help.example.com", "token": "t"}
    assert plan["block"][0]["writes"] == {"/ticketId": "ticket"}
    assert _limits({"desk": desk}).of(plan) == {"queues": {}, "chosen": {"add_tags": "desk"}}
    assert _limits({"desk": desk, "other": desk}).of(plan) == {}, "the step would have to name one"


@pytest.mark.parametrize(
    "limit",
    [
        {"rateLimit": {"requestsPerSecond": 0.5}},
        {"rateLimit": {"requestsPerSecond": "fast"}},
        {"rateLimit": {"perSecond": 5}},
        {"rateLimit": 5},
        {"concurrency": 0},
    ],
)
def test_a_limit_that_is_none_refuses_the_connection_instead_of_letting_everything_through(limit: JSON) -> None:
    connections = Connections({"phone": {**OTHER, **limit}}, connection_kinds(catalog()), {})
    assert len(connections.problems()) == 1
    assert connections.limited() == {}
    with pytest.raises(Refused, match="is not right"):
        connections.get("phone")


def test_limits_may_come_from_the_environment() -> None:
    entry = {**OTHER, "rateLimit": {"requestsPerSecond": "${RATE}"}, "concurrency": "${MOST}"}
    made = Connections({"p": entry}, connection_kinds(catalog()), {"RATE": "2.5", "MOST": "4"}).limited()["p"]
    assert made.rate_limit is not None
    assert (made.rate_limit.requests_per_second, made.concurrency) == (2.5, 4)


def _definition(**more: Any) -> JSON:
    text = {"actionType": "send_sms", "config": {"from": "+15550100100", "to": "+15550123123", "text": "Hi"}}
    return {"name": "a", "trigger": {"event": "x.y", "data": ["customer"]}, "actions": [text], **more}


def _plan(**more: Any) -> Any:
    data = _definition(**more)
    made, found = check(data, Source(), catalog())
    assert made is not None, found
    return make_plan(made, data, catalog())


def _limits(entries: JSON) -> Limits:
    return Limits(Connections(entries, connection_kinds(catalog()), {}), catalog(), "main")
