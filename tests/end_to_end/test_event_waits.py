"""Runs that wait for events, on a real server."""

from __future__ import annotations

import asyncio
import uuid
from base64 import b64encode
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.engine import JSON, Engine, step
from tests.histories.features import KEY
from trunkline.keyed import SUBSCRIPTIONS
from workers.client import dispatch
from workers.definitions.automations import Automations
from workers.payloads.keyed_hash import KeyedHash

WAITING = """
name: NAME
trigger: {event: test.fired, data: [ticket]}
actions:
  - id: answer
    wait:
      event: survey.*
      where:
        all:
          - {field: wanted.ticket.id, operator: equals, value: "{{ticket.id}}"}
          - {field: wanted.score, operator: greater_than, value: 3}
      atMost: AT_MOST
    saveAs: answer
"""


def survey(engine: Engine, ticket: Any, score: int, **more: Any) -> JSON:
    """Return the event of an answered survey."""
    return engine.event({"ticket": {"id": ticket}, "score": score}, type="survey.answered", **more)


async def emit(engine: Engine, event: JSON) -> list[JSON]:
    """Let an event happen, as a gateway does, and return what became of it."""
    found: list[JSON] = await engine.client.execute_workflow(
        "event", event, id=f"event/{uuid.uuid4().hex}", task_queue=engine.task_queue
    )
    return found


async def running(run: WorkflowHandle[Any, Any], name: str) -> None:
    """Wait until a step of a run is under way."""
    for _ in range(200):
        steps = (await run.query("report"))["steps"]
        if any(one["id"] == name and one["status"] == "running" for one in steps):
            return
        await asyncio.sleep(0.02)
    raise AssertionError(await run.query("report"))


async def test_every_run_that_waits_for_an_event_gets_it(engine: Engine) -> None:
    ticket = uuid.uuid4().int % 10**12
    names = [engine.define(WAITING.replace("NAME", name).replace("AT_MOST", "1d")) for name in ("first", "second")]
    waiting = [await engine.start(name, engine.event({"ticket": {"id": ticket}})) for name in names]
    other = await engine.start("first", engine.event({"ticket": {"id": ticket + 1}}))
    for run in (*waiting, other):
        await running(run, "answer")
    bad = survey(engine, ticket, 1)
    lines = await emit(engine, bad)
    assert {line["workflowId"] for line in lines if line.get("delivered")} == {run.id for run in waiting}
    good = survey(engine, str(ticket), 5)
    lines = await emit(engine, good)
    assert [line for line in lines if line.get("delivered")] == [
        {"automation": run.id.partition("/")[0], "workflowId": run.id, "started": False, "delivered": True}
        for run in sorted(waiting, key=lambda run: run.id)
    ]
    for run in waiting:
        report = await engine.finish(run)
        assert report["variables"]["answer"] == good
        assert step(report, "answer")["status"] == "succeeded"
    assert not any(line.get("delivered") for line in await emit(engine, survey(engine, ticket, 5))), "they have ended"
    assert step(await other.query("report"), "answer")["status"] == "running"
    event = survey(engine, ticket + 1, 4)
    matches = Automations(engine.folder, engine.actions).matching(event)
    [*_, line] = await dispatch.emit(engine.client, matches, event, task_queue=engine.task_queue)
    assert line.to_json() == {"automation": "first", "workflowId": other.id, "started": False, "delivered": True}
    await engine.finish(other)


async def test_an_event_that_does_not_come_is_nothing(engine: Engine) -> None:
    engine.define(WAITING.replace("NAME", "vain").replace("AT_MOST", "1s"))
    report = await engine.run("vain", engine.event({"ticket": {"id": 7}}))
    assert (report["variables"], step(report, "answer")["status"]) == ({"answer": None}, "succeeded")
    assert report["outcome"] == "completed"


EARLY = """
name: early
trigger: {event: order.placed, data: [order]}
actions:
  - {id: pause, wait: 1s}
  - {id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/tickets}, saveAs: made}
  - paths:
      - label: Known
        actions:
          - id: paid
            wait: {event: order.*, where: {field: wanted.order.id, operator: equals, value: "{{order.id}}"}, atMost: 1m, since: start}
            saveAs: paid
          - id: again
            wait: {event: order.paid, where: {field: wanted.order.id, operator: equals, value: "{{order.id}}"}, atMost: 1s, since: start}
            saveAs: again
      - label: Told later
        actions:
          - id: solved
            wait: {event: ticket.solved, where: {all: [{field: wanted.ticket.id, operator: equals, value: "{{made.body.id}}"}]}, atMost: 1m, since: start}
            saveAs: solved
"""


async def test_events_since_the_start_count_and_each_once(engine: Engine) -> None:
    order, ticket = uuid.uuid4().hex, uuid.uuid4().hex
    engine.define(EARLY.replace("made.body", "variables.made.body"))
    engine.receiver.answer("/tickets", 200, {"id": ticket})
    placed = engine.event({"order": {"id": order}}, type="order.placed")
    await engine.serve()
    [line] = [one for one in await emit(engine, placed) if one["started"]]
    run = engine.client.get_workflow_handle(line["workflowId"])
    engine.handles.append(run)
    await running(run, "pause")
    paid = engine.event({"order": {"id": order}}, type="order.paid")
    solved = engine.event({"ticket": {"id": ticket}}, type="ticket.solved")
    await emit(engine, engine.event({"ticket": {"id": "another"}}, type="ticket.solved"))
    for event in (placed, paid, paid, solved):
        await emit(engine, event)
    report = await engine.finish(run)
    assert report["variables"]["paid"] == paid, "not the event that it began with"
    assert report["variables"]["again"] is None, "an event is taken once"
    assert report["variables"]["solved"] == solved


async def test_a_run_that_was_reset_waits_on_with_everything_encrypted(engine: Engine) -> None:
    engine.hold_keys(KEY)
    ticket = uuid.uuid4().hex
    engine.define(WAITING.replace("NAME", "secret").replace("AT_MOST", "1d"))
    run = await engine.start("secret", engine.event({"ticket": {"id": ticket}}))
    await running(run, "answer")
    await emit(engine, survey(engine, ticket, 1))
    now = await engine.reset(run.id, 4)
    await running(now, "answer")
    await emit(engine, survey(engine, ticket, 2))
    good = survey(engine, ticket, 5)
    assert [line["workflowId"] for line in await emit(engine, good) if line.get("delivered")] == [run.id]
    assert (await engine.finish(now))["variables"]["answer"] == good
    parts = ("runs", "survey.*", "wanted.ticket.id", f"text {ticket}")
    lists = [f"{SUBSCRIPTIONS}/{keyed.of(*parts)}" for keyed in (KeyedHash([KEY]), KeyedHash())]
    history = await engine.client.get_workflow_handle(lists[0]).fetch_history()
    assert b64encode(b"json/plain").decode() not in history.to_json()
    with pytest.raises(RPCError, match="not found"):
        await engine.client.get_workflow_handle(lists[1]).describe()


async def test_what_is_no_event_changes_nothing(engine: Engine) -> None:
    engine.define(WAITING.replace("NAME", "patient").replace("AT_MOST", "1d"))
    run = await engine.start("patient", engine.event({"ticket": {"id": 7}}))
    await running(run, "answer")
    for arguments in ([], ["text"], [None, None], [{"type": "survey.answered"}], [{"data": 7}]):
        await run.signal("deliver", args=arguments)
        await run.signal("gate", args=arguments)
    await run.signal("gate", {"skipped": "Because."})
    by_hand = {"type": "survey.answered", "id": "by-hand", "data": {"ticket": {"id": 7}, "score": 9}}
    await run.signal("deliver", by_hand)
    answer = (await engine.finish(run))["variables"]["answer"]
    assert (answer["id"], answer["source"]) == ("by-hand", "manual")


SEVERAL = """
name: several
trigger: {event: test.fired, data: [orders]}
actions:
  - paths:
      - label: One
        actions:
          - {id: one, wait: {event: team.*, where: {field: wanted.team, operator: equals, value: "{{event.id}}"}, atMost: 1d}, saveAs: one}
      - label: Two
        actions:
          - {id: two, wait: {event: team.*, where: {field: wanted.team, operator: equals, value: "{{event.id}}"}, atMost: 1d}, saveAs: two}
      - label: Each
        actions:
          - id: each
            forEach: "{{orders}}"
            parallel: 3
            as: order
            actions:
              - {id: paid, wait: {event: order.paid, where: {field: wanted.id, operator: equals, value: "{{order}}"}, atMost: 1d, since: start}, saveAs: paid}
            collect: "{{variables.paid.data.id}}"
            saveAs: paid
"""


async def test_each_step_that_waits_takes_an_event_of_its_own(engine: Engine) -> None:
    engine.define(SEVERAL)
    orders = [f"{name}-{uuid.uuid4().hex}" for name in "abc"]
    run = await engine.start("several", engine.event({"orders": orders}, id=uuid.uuid4().hex))
    await running(run, "two")
    for order in reversed(orders):
        await emit(engine, engine.event({"id": order}, type="order.paid"))
    team = (await run.query("report"))["event"]["id"]
    events = [engine.event({"team": team, "number": number}, type="team.met") for number in (1, 1, 2)]
    for event in (events[0], events[0], events[2]):
        await emit(engine, event)
    report = await engine.finish(run)
    assert report["variables"]["paid"] == orders
    taken = {report["variables"][name]["data"]["number"] for name in ("one", "two")}
    assert taken == {1, 2}, "whoever waited longer has the earlier one, and each one of its own"
