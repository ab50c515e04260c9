"""Features that are found by a key: waits for events, gates and kept values, and the small workflows behind them."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.client import WorkflowHandle

from tests.engine import JSON, Engine
from trunkline.keyed import Admission, Change, Entrance, Wish
from workers.client.gates import Gates
from workers.client.subscriptions import Subscriptions
from workers.payloads.keyed_hash import KeyedHash
from workers.process.kept_values import TemporalKeptValues

Run = WorkflowHandle[Any, Any]

WAITING = """
name: recorded
trigger: {event: test.fired, data: [order]}
actions:
  - id: paid
    wait:
      event: order.*
      where: {all: [{field: wanted.order.id, operator: equals, value: "{{order.id}}"}, {field: wanted.paid, operator: equals, value: 1}]}
      atMost: 1d
      since: start
    saveAs: paid
  - {id: look, wait: {event: ticket.solved, where: {field: wanted.id, operator: equals, value: 7}, atMost: 1s}}
"""

QUEUED = """
name: recorded
trigger: {event: test.fired, data: [order]}
perKey: {key: "{{order.id}}", mode: queue}
actions:
  - {id: paid, wait: {event: order.paid, where: {field: wanted.id, operator: equals, value: "{{event.id}}"}, atMost: 1d}}
"""


async def _running(run: Run) -> None:
    for _ in range(400):
        steps = (await run.query("report"))["steps"]
        if steps and steps[0]["status"] == "running":
            return
        await asyncio.sleep(0.05)
    raise AssertionError(await run.query("report"))


async def _emit(engine: Engine, event: JSON) -> Run:
    run = await engine.client.start_workflow("event", event, id=f"event/{event['id']}", task_queue=engine.task_queue)
    await run.result()
    return run


async def awaited_event(engine: Engine) -> Run:
    """A run that continues as new while other events come, until the one that it waits for does."""
    engine.define(WAITING)
    run = await engine.start("recorded", engine.event({"order": {"id": 7}}))
    await _running(run)
    first = (await run.describe()).run_id
    while (await run.describe()).run_id == first:
        await _emit(engine, engine.event({"order": {"id": 7}}, type="order.changed"))
    await _emit(engine, engine.event({"order": {"id": 7}, "paid": 1}, type="order.paid"))
    await engine.finish(run)
    return run


async def _two(engine: Engine) -> tuple[Run, Run, Run]:
    """Return a dispatched event that found a run of its key under way, the two runs, both ended."""
    engine.define(QUEUED)
    await engine.serve()
    for name in ("one", "two"):
        dispatched = await _emit(engine, engine.event({"order": {"id": 7}}, id=name))
    one, two = (engine.client.get_workflow_handle(f"recorded/{name}") for name in ("one", "two"))
    for name, run in (("one", one), ("two", two)):
        await _running(run)
        event = engine.event({"id": name}, type="order.paid", id=f"paid-{name}")
        delivered = await _emit(engine, event)
        await engine.finish(run)
        dispatched = delivered if name == "one" else dispatched
    return dispatched, one, two


async def dispatched(engine: Engine) -> Run:
    """An event that is brought to a run that waits for it, and starts nothing."""
    return (await _two(engine))[0]


async def gated_run(engine: Engine) -> Run:
    """A run that waits until another one for the same key has ended."""
    return (await _two(engine))[2]


async def dispatched_to_gate(engine: Engine) -> Run:
    """An event that starts a run which waits at its gate."""
    await _two(engine)
    return engine.client.get_workflow_handle("event/two")


async def gate(engine: Engine) -> Run:
    """The gate of runs that wait for each other, replace each other, and are gone."""
    await _two(engine)
    gates = Gates(engine.client, KeyedHash())
    run = ""
    for run, mode in (("recorded/a", "queue"), ("recorded/b", "queue"), ("recorded/c", "restart")):
        admission: Admission = {"key": "7", "mode": mode}  # type: ignore[typeddict-item] # one of the modes
        await gates.enter(Entrance(run=run, automation="recorded", admission=admission))
        await asyncio.sleep(0.2)
    skipping = Entrance(run="recorded/d", automation="recorded", admission={"key": "7", "mode": "skip"})
    await gates.enter(skipping)
    return engine.client.get_workflow_handle(gates.ids(skipping)[0])


async def kept_value(engine: Engine) -> Run:
    """A kept value that is counted, stored, read and asked for twice, until its history is long."""
    await engine.serve()
    kept = TemporalKeptValues(engine.client, KeyedHash())
    for number in range(12):
        change: Change = {"step": f"s{number % 10}", "lasts": 3_600_000, "add": 1}
        await kept.remember("recorded", "k", change)
        await kept.recall("recorded", "k")
    return engine.client.get_workflow_handle(kept.ids("recorded", "k")[0])


async def subscriptions(engine: Engine) -> Run:
    """A list that runs join and leave, until its history is long."""
    await engine.serve()
    found = Subscriptions(engine.client, KeyedHash())
    place = ""
    for number in range(12):
        until = f"2036-11-28T09:00:{number:02}.000Z"
        wish = Wish(event="order.*", field="wanted.id", value=7, run=f"r/{number}", automation="r", until=until)
        place = await found.subscribe(wish)
        if number % 2:
            await found.leave(place, f"r/{number}")
    return engine.client.get_workflow_handle(place)
