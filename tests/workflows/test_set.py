"""Steps that give variables values, and constants, in runs on a real server."""

from __future__ import annotations

from tests.engine import Engine, step

ROUTED = """
name: routed
trigger: {event: alert.raised, data: [alert]}
constants:
  tiers: {high: {channel: "#urgent", within: 5}, low: {channel: "#later", within: 60}}
  limit: 2
conditions: {field: "constants.tiers[alert.severity]", operator: exists}
fairness: "{{constants.tiers[alert.severity].channel}}"
actions:
  - set:
      tier: "{{constants.tiers[alert.severity]}}"
      found: "{{alert.title | match: 'order #([0-9]+)', 'i'}}"
      body: "{{alert.body | parse_json}}"
      count: 0
  - {id: add, set: {count: "{{variables.count | plus: 1}}", before: "{{variables.count}}"}}
  - {id: never, conditions: {field: variables.tier.within, operator: greater_than, value: 50}, set: {count: 99}}
  - forEach: "{{alert.items}}"
    id: each
    actions:
      - set: {count: "{{variables.count | plus: item}}", own: "{{item}}"}
    collect: "{{variables.count}}"
    saveAs: counts
  - conditions: {field: variables.count, operator: less_than, value: "{{constants.limit}}"}
    actionType: http_request
    config: {method: POST, url: RECEIVER/echo, body: {order: "{{variables.found.captures[0]}}", to: "{{variables.tier.channel}}"}}
"""


async def test_values_are_set_from_constants_texts_and_variables(engine: Engine) -> None:
    engine.define(ROUTED)
    data = {"alert": {"severity": "high", "title": "Order #42 failed", "body": "no json", "items": [10, 20]}}
    handle = await engine.start("routed", engine.event(data, type="alert.raised"))
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert report["variables"] == {
        "tier": {"channel": "#urgent", "within": 5},
        "found": {"match": "Order #42", "captures": ["42"], "index": 0, "original": "Order #42 failed"},
        "body": None,
        "count": 1,
        "before": 0,
        "counts": [11, 21],
    }
    first = report["steps"][0]
    assert (first["id"], first["kind"], first["status"]) == ("set", "set", "succeeded")
    assert first["label"] == "Set tier, found, body and count"
    assert first["missing"] == ["alert.body"]
    assert step(report, "never")["status"] == "skipped"
    assert [request.body for request in engine.receiver.to("/echo")] == [{"order": "42", "to": "#urgent"}]
    history = await handle.fetch_history()
    scheduled = [event for event in history.events if event.HasField("activity_task_scheduled_event_attributes")]
    assert len(scheduled) == 1, "steps that set cost no activity"


async def test_constants_decide_whether_an_event_concerns_an_automation(engine: Engine) -> None:
    engine.define(ROUTED)
    report = await engine.run("routed", engine.event({"alert": {"severity": "other"}}, type="alert.raised"))
    assert report["outcome"] == "skipped"


async def test_what_the_run_has_no_room_for_sets_nothing(engine: Engine) -> None:
    engine.define("""
        name: full
        trigger: {event: test.fired, data: [text]}
        actions:
          - set: {a: "{{text}}", small: 1}
          - {id: more, set: {small: 2, b: "{{text}}{{text}}"}}
          - {id: after, set: {small: 3}}
    """)
    report = await engine.finish(await engine.start("full", engine.event({"text": "x" * 400_000})))
    assert report["outcome"] == "failed"
    assert step(report, "more")["error"]["type"] == "TooLarge"
    assert (report["variables"]["small"], step(report, "after")["status"]) == (1, "skipped")
    assert "b" not in report["variables"]
