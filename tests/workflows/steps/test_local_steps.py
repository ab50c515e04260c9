"""Steps that a run's own worker carries out: what a history has of them, how they fail, and what is sent again."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import WorkflowHandle

from tests.engine import JSON, Engine, step
from workers.client.recordings import recording
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.rehearsal.backtest.backtesting import Backtest, Past
from workflows.run.local_steps import LARGEST, MOST, ROOM, LocalSteps

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)


def test_a_stretch_is_bounded_until_the_clock_moves() -> None:
    steps = LocalSteps()
    for _ in range(MOST):
        assert steps.begin(AT)
        steps.end(1)
    assert not steps.begin(AT), "so many were done; the next one goes the usual way"
    assert steps.begin(AT + timedelta(seconds=1)), "a task has ended since, and all is written down"
    side_by_side = sum(steps.begin(AT + timedelta(seconds=1)) for _ in range(MOST)) + 1
    assert side_by_side == ROOM // LARGEST, "each may give as much as one may"
    steps.end(0)
    assert steps.begin(AT + timedelta(seconds=2))
    assert not steps.begin(AT + timedelta(seconds=2)), "what is under way counts in the next stretch too"


async def kinds(run: WorkflowHandle[Any, Any]) -> Counter[str]:
    history = await run.fetch_history()
    found = Counter(str(event.WhichOneof("attributes")).removesuffix("_event_attributes") for event in history.events)
    for event in history.events:
        if "data" in event.marker_recorded_event_attributes.details:
            data = event.marker_recorded_event_attributes.details["data"].payloads[0].data
            found["local"] += b'"activity_type":"http_request"' in data
    return found


async def test_local_steps_fail_wait_and_are_held_like_others(engine: Engine) -> None:
    engine.define("""
        name: local
        trigger: {event: test.fired}
        actions:
          - {label: Ask, id: ask, actionType: http_request, local: true, config: {method: GET, url: RECEIVER/ask}, saveAs: ask,
             retry: {initialInterval: 100ms}}
          - {label: Refused, id: refused, actionType: http_request, local: true, config: {method: GET, url: RECEIVER/refused},
             onFailure: [{when: http_4xx, do: continue, actions: [
               {label: After, id: after, actionType: http_request, local: true,
                config: {method: PUT, url: RECEIVER/after, body: "{{failure.status}}"}}]}]}
          - label: Each
            forEach: "{{event.data.list}}"
            parallel: 3
            actions:
              - {label: Put, id: put, actionType: http_request, local: true,
                 config: {method: POST, url: RECEIVER/put, idempotent: true, body: {n: "{{item}}", left: "{{variables.ask.headers.x-left}}"}}}
          - {label: Asked, id: asked, actionType: http_request, local: true, config: {method: GET, url: RECEIVER/held}, onFailure: hold}
    """)
    engine.receiver.answer("/ask", 503, headers={"Retry-After": "1"})
    engine.receiver.answer("/ask", headers={"x-left": "7", "date": "today"})
    engine.receiver.answer("/refused", 404)
    engine.receiver.answer("/held", 400)
    engine.receiver.answer("/held")
    event = engine.event({"list": list(range(30))})
    run = await engine.start("local", event)
    [hold] = await engine.held(run)
    receipt = await engine.decide(run, hold=hold["hold"], decision="retry", by="ann", digest=hold["digest"])
    assert receipt["result"] == "accepted"
    report = await engine.finish(run)
    assert report["outcome"] == "completed", report
    assert (step(report, "ask")["attempts"], report["variables"]["ask"]["headers"]) == (2, {"x-left": "7"})
    assert [request.body for request in engine.receiver.to("/after")] == [404]
    assert sorted(request.body["n"] for request in engine.receiver.to("/put")) == list(range(30))
    assert len({request.headers["idempotency-key"] for request in engine.receiver.to("/put")}) == 30
    found = await kinds(run)
    assert 1 <= found["activity_task_scheduled"] <= 4, "after so many in a row the next ones go the usual way"
    assert found["local"] >= 30, found
    assert found["timer_started"] >= 1, "a pause between attempts is a timer: nothing waits for it"
    read = await recording(engine.client, run.id)
    steps = Counter(one.step.partition("[")[0] for one in read.answers)
    assert steps == {"ask": 1, "refused": 1, "after": 1, "each": 30, "asked": 2}
    assert [one.config["url"].rpartition("/")[2] for one in read.answers[:3]] == ["ask", "refused", "after"]
    assert (read.answers[0].headers, read.answers[1].failure is not None) == (["x-left"], True)
    made, problems = load(_loaded(engine), Source(), engine.actions)
    assert made is not None, problems
    [same] = Backtest(definition=made, actions=engine.actions).compare([Past(event=event, run=read)])
    assert same.verdict == "same"
    await engine.replay()


def _loaded(engine: Engine) -> JSON:
    import yaml

    found: JSON = yaml.safe_load((engine.folder / "local.yaml").read_text())
    return found


async def test_what_comes_while_local_steps_end_a_run_has_them_sent_again_under_their_keys(engine: Engine) -> None:
    engine.define("""
        name: again
        trigger: {event: test.fired}
        actions:
          - {label: One, actionType: http_request, local: true, config: {method: POST, url: RECEIVER/one, idempotent: true}}
          - {label: Two, actionType: http_request, local: true, config: {method: POST, url: RECEIVER/two, idempotent: true}}
    """)
    engine.receiver.stall("/two", 1)
    engine.receiver.answer("/two")
    run = await engine.start("again")
    while not engine.receiver.to("/two"):
        await asyncio.sleep(0.02)
    await run.signal("approve", {"hold": "none", "by": "ann"})
    report = await engine.finish(run)
    assert report["outcome"] == "completed"
    for path, entry in (("/one", "One"), ("/two", "Two")):
        keys = [request.headers["idempotency-key"] for request in engine.receiver.to(path)]
        assert (len(keys), set(keys)) == (2, {step(report, entry)["key"]})
    await engine.replay()


async def test_a_cancellation_waits_for_the_local_step_that_is_under_way(engine: Engine) -> None:
    engine.define("""
        name: canceled
        trigger: {event: test.fired}
        actions:
          - {label: Wait, wait: 1ms}
          - {label: One, actionType: http_request, local: true, config: {method: GET, url: RECEIVER/one}}
          - {label: Two, actionType: http_request, config: {method: GET, url: RECEIVER/two}}
          - {label: Three, actionType: http_request, config: {method: GET, url: RECEIVER/three}}
    """)
    engine.receiver.stall("/one", 1)
    engine.receiver.stall("/two", 20)
    run = await engine.start("canceled")
    while not engine.receiver.to("/one"):
        await asyncio.sleep(0.02)
    await run.cancel()
    report = await engine.finish(run)
    assert report["outcome"] == "canceled"
    assert step(report, "One")["status"] == "succeeded"
    assert not engine.receiver.to("/three")
    await engine.replay()
