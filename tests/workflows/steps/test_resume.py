"""A failed run is resumed by a reset to its last task: failed steps begin again, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType

from tests.engine import JSON, Engine, step
from workflows.run.walk import Walk


async def resumed(engine: Engine, workflow_id: str) -> Any:
    """Reset a run to its last workflow task, as `trunkline rerun` does."""
    history = await engine.client.get_workflow_handle(workflow_id).fetch_history()
    completed = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    return await engine.reset(workflow_id, completed[-1])


async def replayed(engine: Engine, workflow_id: str) -> None:
    async for run in engine.client.list_workflows(f'WorkflowId = "{workflow_id}"'):
        await engine.replay_history(await engine.client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history())
    engine.handles.clear()


def statuses(report: JSON) -> dict[str, str]:
    return {entry["id"]: entry["status"] for entry in report["steps"]}


MANY = """
name: many
trigger: {event: test.fired, data: [numbers, way]}
paths:
  - actions:
      - {id: first, actionType: http_request, config: {method: POST, url: RECEIVER/first}}
      - {id: broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}, saveAs: answer}
      - {id: then, actionType: http_request, config: {method: POST, url: RECEIVER/then}}
  - actions:
      - branch:
          - conditions: {all: [{field: way, operator: equals, value: this}]}
            actions:
              - id: each
                forEach: "{{numbers}}"
                actions:
                  - {id: one, actionType: http_request, config: {method: POST, url: "RECEIVER/one/{{item}}", body: {}}, saveAs: got}
                  - {id: two, actionType: http_request, config: {method: POST, url: "RECEIVER/two/{{item}}", body: {was: "{{variables.got.status}}"}}}
      - {id: after, actionType: http_request, config: {method: POST, url: RECEIVER/after}}
"""  # one step a line


async def test_all_failed_steps_begin_again_and_nothing_finished_is_sent_twice(engine: Engine) -> None:
    engine.define(MANY)
    for path in ("/broken", "/two/2"):
        engine.receiver.answer(path, 400)
        engine.receiver.answer(path, 200)
    handle = await engine.start("many", engine.event({"numbers": [1, 2, 3], "way": "this"}))
    assert (await engine.finish(handle))["outcome"] == "failed"
    again = await resumed(engine, handle.id)
    report = await engine.finish(again)
    assert report["outcome"] == "completed", report
    assert set(statuses(report).values()) == {"succeeded"}
    assert not any("error" in entry for entry in report["steps"])
    sent = [request.path for request in engine.receiver.requests]
    twice = {"/broken", "/two/2"}
    assert {path: sent.count(path) for path in sent} == {path: 2 if path in twice else 1 for path in sent}
    assert len(set(sent)) == 10
    keys = [r.headers["idempotency-key"] for r in engine.receiver.to("/broken")]
    assert keys[0] != keys[1], "after a definite failure it is another request"
    assert engine.receiver.to("/two/2")[1].body == {"was": 200}, "an iteration keeps its variables"
    await replayed(engine, handle.id)


BEHIND = """
name: behind
trigger: {event: test.fired, data: [way]}
paths:
  - actions:
      - branch:
          - conditions: {all: [{field: way, operator: equals, value: this}]}
            actions:
              - {id: sent, actionType: http_request, config: {method: POST, url: RECEIVER/sent, parseResponse: false}}
              - {id: tolerated, actionType: http_request, config: {method: POST, url: RECEIVER/tolerated}, onFailure: continue}
              - {id: after, actionType: http_request, config: {method: POST, url: RECEIVER/after}}
"""  # one step a line


async def test_a_step_in_the_background_begins_again_though_what_holds_it_went_well(engine: Engine) -> None:
    engine.define(BEHIND)
    engine.receiver.answer("/sent", 400)
    engine.receiver.answer("/sent", 200)
    engine.receiver.answer("/tolerated", 400)
    handle = await engine.start("behind", engine.event({"way": "this"}))
    assert (await engine.finish(handle))["outcome"] == "failed"
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "completed", report
    sent = [request.path for request in engine.receiver.requests]
    assert {path: sent.count(path) for path in sent} == {"/sent": 2, "/tolerated": 1, "/after": 1}
    assert statuses(report)["tolerated"] == "failed"
    await replayed(engine, handle.id)


async def test_a_run_that_fails_again_has_failed_and_may_be_resumed_again(engine: Engine) -> None:
    engine.define("""
        name: stubborn
        trigger: {event: test.fired}
        actions:
          - {id: first, actionType: http_request, config: {method: POST, url: RECEIVER/first}}
          - {id: broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}}
    """)
    engine.receiver.answer("/broken", 400)
    engine.receiver.answer("/broken", 404)
    engine.receiver.answer("/broken", 200)
    handle = await engine.start("stubborn")
    await engine.finish(handle)
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "failed"
    assert "404" in step(report, "broken")["error"]["message"]
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "completed"
    assert len(engine.receiver.to("/first")) == 1
    keys = {r.headers["idempotency-key"] for r in engine.receiver.to("/broken")}
    assert len(keys) == 3
    await replayed(engine, handle.id)


async def test_what_may_have_been_done_is_asked_about_before_it_is_sent_again(engine: Engine) -> None:
    engine.define("""
        name: doubtful
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}}
          - {id: then, actionType: http_request, config: {method: POST, url: RECEIVER/then}}
    """)
    engine.receiver.drop("/post")
    engine.receiver.answer("/post")
    handle = await engine.start("doubtful")
    report = await engine.finish(handle)
    assert statuses(report)["post"] == "unknown"
    again = await resumed(engine, handle.id)
    (hold,) = await engine.held(again)
    assert (hold["kind"], hold["step"]) == ("failure", "post")
    assert len(engine.receiver.to("/post")) == 1
    await engine.decide(again, hold=hold["hold"], decision="retry", by="op")
    assert (await engine.finish(again))["outcome"] == "completed"
    first, second = engine.receiver.to("/post")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    await replayed(engine, handle.id)


async def test_a_step_that_people_approved_is_approved_anew(engine: Engine) -> None:
    engine.define("""
        name: approved
        trigger: {event: test.fired}
        actions:
          - {id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post}, requireApproval: {approvers: [ann]}}
    """)
    engine.receiver.answer("/post", 400)
    engine.receiver.answer("/post", 200)
    handle = await engine.start("approved")
    await engine.held(handle)
    await engine.decide(handle, hold="post", decision="approve", by="ann")
    assert (await engine.finish(handle))["outcome"] == "failed"
    again = await resumed(engine, handle.id)
    (hold,) = await engine.held(again)
    assert hold["hold"] == "post#2"
    assert len(engine.receiver.to("/post")) == 1
    await engine.decide(again, hold="post#2", decision="approve", by="ann")
    assert (await engine.finish(again))["outcome"] == "completed"
    await replayed(engine, handle.id)


async def test_a_run_that_continued_as_new_is_resumed_where_it_failed(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    def must(self: Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 20

    monkeypatch.setattr(Walk, "must_continue_as_new", must)
    engine.define(MANY)
    for path in ("/broken", "/two/2"):
        engine.receiver.answer(path, 400)
        engine.receiver.answer(path, 200)
    handle = await engine.start("many", engine.event({"numbers": [1, 2, 3], "way": "this"}))
    assert (await engine.finish(handle))["outcome"] == "failed"
    assert (await engine.client.get_workflow_handle(handle.id).describe()).run_id != handle.first_execution_run_id
    report = await engine.finish(await resumed(engine, handle.id))
    assert report["outcome"] == "completed", report
    sent = [request.path for request in engine.receiver.requests]
    assert {path for path in sent if sent.count(path) > 1} == {"/broken", "/two/2"}
    await replayed(engine, handle.id)
