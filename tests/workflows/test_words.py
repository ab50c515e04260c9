"""Steps that repeat and that race, on a real server: what is in flight, what is reset, and what objects are like."""

from __future__ import annotations

from tests.engine import Engine, step
from tests.workflows.steps.test_resume import resumed, statuses

LOST = """
name: lost
trigger: {event: test.fired}
actions:
  - id: race
    first: true
    paths:
      - label: Slow
        actions:
          - {id: slow, actionType: http_request, config: {method: POST, url: RECEIVER/slow}}
          - {id: never, actionType: http_request, config: {method: POST, url: RECEIVER/never}}
      - label: Quick
        actions:
          - {id: rest, wait: 2s}
          - {id: prices, actionType: http_request, config: {method: GET, url: RECEIVER/prices}, saveAs: prices}
  - id: each
    forEach: "{{variables.prices.body}}"
    actions: [{set: {seen: "{{item.key}}"}}]
    collect: "{{variables.seen}}"
    saveAs: order
"""


async def test_what_a_loser_was_sending_is_unknown_and_objects_keep_their_order(engine: Engine) -> None:
    engine.define(LOST)
    engine.receiver.stall("/slow", 30)
    engine.receiver.answer("/prices", body={"b": 1, "a": 2, "c": 3})
    report = await engine.run("lost")
    assert report["outcome"] == "completed"
    assert report["variables"]["order"] == ["b", "a", "c"]
    found = statuses(report)
    assert (found["slow"], found["never"], found["race.slow"]) == ("unknown", "skipped", "canceled")
    assert report["tolerated"] == ["slow"]
    assert engine.receiver.to("/never") == []


POLL = """
name: poll
trigger: {event: test.fired}
actions:
  - id: poll
    repeat:
      - {id: look, actionType: http_request, config: {method: GET, url: RECEIVER/job}, saveAs: job}
      - {id: note, actionType: http_request, config: {method: POST, url: RECEIVER/note}}
    until: {field: variables.job.body.state, operator: equals, value: done}
    every: 100ms
    atMost: 400ms
  - {id: after, actionType: http_request, config: {method: POST, url: RECEIVER/after}}
"""


async def test_a_repeat_that_has_failed_goes_on_after_a_reset(engine: Engine) -> None:
    engine.define(POLL)
    engine.receiver.answer("/job", body={"state": "new"})
    engine.receiver.answer("/note", 400)
    engine.receiver.answer("/note", 200)
    handle = await engine.start("poll")
    report = await engine.finish(handle)
    assert statuses(report) == {
        "poll": "failed",
        "poll[0].look": "succeeded",
        "poll[0].note": "failed",
        "after": "skipped",
    }
    report = await engine.finish(await resumed(engine, handle.id))
    assert step(report, "poll")["error"]["type"] == "Timeout", "a pass that failed is done again, and time counts anew"
    passes = step(report, "poll")["counts"]["succeeded"]
    assert passes >= 1
    assert len(engine.receiver.to("/note")) == passes + 1
    engine.receiver.answers["/job"].clear()
    engine.receiver.answer("/job", body={"state": "done"})
    report = await engine.finish(await resumed(engine, handle.id))
    assert (report["outcome"], step(report, "poll")["counts"]) == ("completed", {"succeeded": passes + 1})
    assert len({request.headers["idempotency-key"] for request in engine.receiver.to("/note")}) == passes + 2
    engine.handles.clear()
