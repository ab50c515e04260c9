"""What a run says about its conditions: why something was skipped, and what held with nothing to compare."""

from __future__ import annotations

from tests.engine import Engine, step

TOLERANT = """
name: tolerant
trigger: {event: test.fired}
conditions: {field: order.flags, operator: not_contains, value: test}
actions:
  - label: Not blocked
    conditions: {field: order.id, operator: not_in, value: "{{order.blocked}}"}
    wait: 0s
  - label: Only errors
    conditions: {all: [{field: order.code, operator: contains, value: 404}, {field: order.id, operator: greater_than, value: "9"}]}
    wait: 0s
  - label: Large
    conditions: {field: order.id, operator: greater_than, value: 60}
    wait: 0s
  - label: Choose
    branch:
      - conditions: {field: order.id, operator: equals, value: 1}
        actions: [{stop: failed}]
      - conditions: {not: {field: order.tags, operator: contains, value: vip}}
        actions: [{wait: 0s}]
  - label: None
    branch:
      - conditions: {field: order.id, operator: equals, value: 1}
        actions: [{stop: failed}]
  - label: Each
    forEach: "{{order.lines}}"
    actions:
      - label: Never
        conditions: {field: item, operator: equals, value: 1}
        wait: 0s
  - label: Until
    wait: {until: "{{order.at}}"}
"""


async def test_a_run_says_why_steps_are_skipped_and_what_it_could_not_compare(engine: Engine) -> None:
    engine.define(TOLERANT)
    order = {"id": "10", "code": "Error 404", "lines": [5, 6], "at": "Sat, 21 Nov 2020 10:15:00 +0100"}
    report = await engine.run("tolerant", engine.event({"order": order}))
    assert report["outcome"] == "completed"
    assert report["missing"] == ["order.flags is missing, so `not_contains` holds"]
    assert step(report, "Not blocked")["missing"] == ["order.blocked is missing, so `not_in` holds"]
    assert step(report, "Only errors")["status"] == "succeeded"
    large = step(report, "Large")
    assert (large["status"], large["reason"]) == ("skipped", '`order.id` is "10", not greater than 60.')
    assert step(report, "Choose")["missing"] == ["order.tags is missing, so `not` over `contains` holds"]
    assert step(report, "None")["reason"] == '`order.id` is "10", not 1.'
    assert step(report, "Until")["status"] == "succeeded"
    assert not [entry for entry in report["steps"] if entry["id"].startswith("each[")]


async def test_an_empty_text_has_no_items(engine: Engine) -> None:
    engine.define("""
        name: nothing
        trigger: {event: test.fired}
        actions: [{label: Each, forEach: "{{lines}}", actions: [{stop: failed}]}]
    """)
    assert (await engine.run("nothing", engine.event({"lines": ""})))["outcome"] == "completed"
