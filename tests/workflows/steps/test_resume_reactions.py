"""A failed run that is resumed, where actions followed its failures: what of them has run is not sent again."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from tests.engine import JSON, Engine, step
from tests.workflows.steps.test_resume import replayed, resumed

POST = "actionType: http_request, config: {method: POST, url: RECEIVER"


def answers(engine: Engine, path: str, *statuses: int) -> None:
    for status in statuses:
        engine.receiver.answer(path, status)


def count(engine: Engine, *paths: str) -> list[int]:
    return [len(engine.receiver.to(path)) for path in paths]


def statuses(report: JSON, *names: str) -> list[str]:
    return [step(report, name)["status"] for name in names]


async def failed(engine: Engine, name: str, **event: Any) -> Any:
    handle = await engine.start(name, engine.event(event))
    assert (await engine.finish(handle))["outcome"] == "failed"
    return handle


async def test_of_the_actions_after_a_failure_those_that_failed_begin_again(engine: Engine) -> None:
    engine.define(f"""
name: half-undone
trigger: {{event: test.fired, data: [items]}}
actions:
  - label: Each
    forEach: "{{{{items}}}}"
    actions:
      - {{label: Pay, {POST}/pay}}, onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo}}}}, {{label: Tell, {POST}/tell, body: {{status: "{{{{failure.status}}}}"}}}}}}], do: continue}}]}}
      - {{label: Ship, {POST}/ship, body: {{was: "{{{{steps.pay.status}}}}"}}}}}}
""")
    answers(engine, "/pay", 422, 409)
    answers(engine, "/tell", 400, 200)
    handle = await failed(engine, "half-undone", items=[1])
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "completed", report
    assert count(engine, "/pay", "/undo", "/tell", "/ship") == [2, 1, 2, 1]
    assert [request.body["status"] for request in engine.receiver.to("/tell")] == [422, 409]
    assert engine.receiver.to("/ship")[0].body == {"was": "failed"}
    for path in ("/pay", "/tell"):
        first, second = engine.receiver.to(path)
        assert first.headers["idempotency-key"] != second.headers["idempotency-key"]
    await replayed(engine, handle.id)


WHOLE = f"""
name: whole
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay}}, onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo}}}}]}}]}}
  - {{label: Ship, {POST}/ship, body: {{was: "{{{{steps.pay.status}}}}", undo: "{{{{steps.undo.status}}}}"}}}}}}
onFailure: {{actions: [{{label: Tell, {POST}/tell, body: {{status: "{{{{failure.status}}}}"}}}}}}STOP]}}
"""


@pytest.mark.parametrize("stop", ["", ", {stop: completed, reason: Told}"])
async def test_a_run_that_goes_well_when_resumed_has_completed(engine: Engine, stop: str) -> None:
    engine.define(WHOLE.replace("STOP", stop))
    answers(engine, "/pay", 422, 200)
    handle = await failed(engine, "whole")
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "completed", report
    assert "reason" not in report
    assert statuses(report, "Pay", "Undo", "Ship", "Tell") == ["succeeded"] * 4
    assert engine.receiver.to("/ship")[0].body == {"was": "succeeded", "undo": "succeeded"}
    assert count(engine, "/pay", "/undo", "/ship", "/tell") == [2, 1, 1, 1]
    await replayed(engine, handle.id)


@pytest.mark.parametrize(("tell", "told"), [((200,), [422]), ((400, 200), [422, 418])])
async def test_a_run_that_fails_again_does_what_is_left_of_its_own_actions(
    engine: Engine, tell: tuple[int, ...], told: list[int]
) -> None:
    engine.define(WHOLE.replace("STOP", ""))
    answers(engine, "/pay", 422, 418)
    answers(engine, "/tell", *tell)
    handle = await failed(engine, "whole")
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "failed"
    assert statuses(report, "Pay", "Undo", "Ship", "Tell") == ["failed", "succeeded", "skipped", "succeeded"]
    assert [request.body["status"] for request in engine.receiver.to("/tell")] == told
    assert count(engine, "/pay", "/undo", "/ship") == [2, 1, 0]
    await replayed(engine, handle.id)


async def test_a_run_that_is_reset_to_where_it_failed_begins_its_steps_again_before_its_own_actions(
    engine: Engine,
) -> None:
    engine.define(WHOLE.replace("STOP", ""))
    answers(engine, "/pay", 422, 418)
    handle = await failed(engine, "whole")
    history = await handle.fetch_history()
    tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    again = await engine.reset(handle.id, tasks[-2])
    (hold,) = await engine.held(again)
    assert hold["step"] == "tell", "which was sent in what the reset has taken back"
    assert count(engine, "/pay", "/undo", "/tell") == [2, 1, 1]
    await engine.decide(again, hold=hold["hold"], decision="retry", by="op")
    assert (await engine.finish(again))["outcome"] == "failed"
    assert [request.body["status"] for request in engine.receiver.to("/tell")] == [422, 418]
    await replayed(engine, handle.id)


async def test_a_refusal_stands_and_the_actions_after_it_begin_again(engine: Engine) -> None:
    engine.define(f"""
name: refused
trigger: {{event: test.fired}}
actions:
  - {{label: Change, {POST}/change}}, requireApproval: {{approvers: [ann]}}, onRejected: {{actions: [{{label: Say, {POST}/say}}}}, {{label: No, {POST}/no}}}}]}}}}
""")
    answers(engine, "/no", 400, 200)
    handle = await engine.start("refused")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision="reject", by="ann")
    assert (await engine.finish(handle))["outcome"] == "failed"
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "rejected"
    assert statuses(report, "Change", "Say", "No") == ["rejected", "succeeded", "succeeded"]
    assert "onRejected" not in step(report, "Change")
    assert count(engine, "/change", "/say", "/no") == [0, 1, 2]
    await replayed(engine, handle.id)


async def test_a_run_that_stopped_as_failed_ends_so_again(engine: Engine) -> None:
    engine.define(f"""
name: stopped
trigger: {{event: test.fired}}
paths:
  - actions: [{{label: Pay, {POST}/pay}}}}]
  - actions: [{{wait: 1}}, {{stop: failed, reason: Sold out}}]
onFailure: {{actions: [{{label: Tell, {POST}/tell}}}}]}}
""")
    answers(engine, "/pay", 422)
    handle = await failed(engine, "stopped")
    report = await engine.finish(await resumed(engine, handle.id))
    assert (report["outcome"], report["reason"]) == ("failed", "Sold out")
    assert count(engine, "/pay", "/tell") == [1, 1]
    await replayed(engine, handle.id)


async def test_what_was_carried_out_although_it_failed_is_asked_about(engine: Engine) -> None:
    engine.state_limit = 5_000
    engine.define(f"""
name: too-much
trigger: {{event: test.fired}}
actions: [{{label: Pay, {POST}/echo, body: {{much: "{{{{d}}}}"}}}}, saveAs: paid}}]
""")
    handle = await failed(engine, "too-much", d="x" * 18_000)
    again = await resumed(engine, handle.id)
    (hold,) = await engine.held(again)
    assert (hold["kind"], count(engine, "/echo")) == ("failure", [1])
    await engine.decide(again, hold=hold["hold"], decision="skip", by="op")
    assert (await engine.finish(again))["outcome"] == "completed"
    assert count(engine, "/echo") == [1]
    await replayed(engine, handle.id)


async def test_what_an_earlier_life_may_have_done_keeps_its_key_until_that_is_settled(engine: Engine) -> None:
    engine.define(f"""
name: keyed
trigger: {{event: test.fired}}
actions:
  - label: Pay
    {POST.replace(", ", chr(10) + "    ", 1)}/pay, idempotent: true}}
    retry: {{maximumAttempts: 1}}
""")
    engine.receiver.drop("/pay")
    answers(engine, "/pay", 429, 200)
    handle = await failed(engine, "keyed")
    report = await engine.finish(await resumed(engine, handle.id))
    assert statuses(report, "Pay") == ["unknown"], "that it is busy now says nothing of what it did before"
    assert (await engine.finish(await resumed(engine, handle.id)))["outcome"] == "completed"
    assert len({request.headers["idempotency-key"] for request in engine.receiver.to("/pay")}) == 1
    await replayed(engine, handle.id)


async def test_conditions_that_could_not_be_judged_are_judged_when_the_step_begins_again(engine: Engine) -> None:
    engine.define(f"""
name: unjudged
trigger: {{event: test.fired, data: [n]}}
actions:
  - {{label: Pay, {POST}/pay}}, conditions: {{field: event.id, operator: equals, value: "{{{{ 1 | divided_by: n }}}}"}}}}
""")
    handle = await failed(engine, "unjudged", n=0)
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "failed", "they cannot be judged now either, and nothing is sent"
    assert count(engine, "/pay") == [0]
    await replayed(engine, handle.id)
