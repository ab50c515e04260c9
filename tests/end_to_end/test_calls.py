"""One automation runs another: a child under the step's key, waited for across whatever happens to the caller."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.engine import JSON, Engine, step
from tests.workers.command import on
from workflows.run import walk

Run = WorkflowHandle[Any, Any]

HELD = """
    name: asked
    trigger: {event: ticket.opened, data: [customer]}
    actions:
      - {id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/ask}, requireApproval: true}
    result: {customer: "{{customer.id}}", by: "{{steps.ask.status}}"}
"""


def calling(name: str, automation: str, more: str = "", data: str = "{customer: {id: c7}}") -> str:
    return f"""
    name: {name}
    trigger: {{event: test.fired}}
    actions:
      - id: call
        actionType: run_automation
        config: {{automation: {automation}, data: {data}}}
        saveAs: called{more}
    """


async def child_of(engine: Engine, caller: Run) -> Run:
    """Return the run that a caller has called, once it is there."""
    for _ in range(200):
        report = await caller.query("report")
        run = next((entry["calls"] for entry in report["steps"] if "calls" in entry), None)
        if run is not None and await begun(engine.client.get_workflow_handle(run)):
            return engine.client.get_workflow_handle(run)
        await asyncio.sleep(0.05)
    raise AssertionError(report)


async def begun(run: Run) -> bool:
    try:
        await run.describe()
    except RPCError:
        return False
    return True


async def approve(engine: Engine, run: Run) -> None:
    hold = (await engine.held(run))[0]["hold"]
    assert (await engine.decide(run, hold=hold, decision="approve", by="ann"))["result"] == "accepted"


async def test_the_caller_gets_what_the_other_run_tells(engine: Engine) -> None:
    engine.define("""
        name: open-ticket
        trigger: {event: ticket.opened, data: [customer], live: false}
        actions:
          - {actionType: http_request, config: {method: POST, url: RECEIVER/tickets}, saveAs: made}
        result: {id: "{{customer.id}}", status: "{{variables.made.status}}"}
    """)
    engine.define(calling("caller", "open-ticket"))
    engine.define(calling("picky", "open-ticket", more="\n        pick: {id: result.id, none: result.nothing}"))
    report = await engine.run("caller")
    key = step(report, "call")["key"]
    run = f"open-ticket/{key}"
    result = {"outcome": "completed", "result": {"id": "c7", "status": 200}, "workflowId": run}
    assert report["variables"]["called"] == result
    assert step(report, "call")["calls"] == run
    child = engine.client.get_workflow_handle(run)
    described = await child.describe()
    assert described.parent_id == engine.handles[0].id
    history = await child.fetch_history()
    given = history.events[0].workflow_execution_started_event_attributes.input.payloads[0].data.decode()
    assert f'"source":"/runs/{engine.handles[0].id}"' in given
    assert '"type":"automation.called"' in given
    assert f'"id":"{key}"' in given
    assert (await child.result())["result"] == result["result"]
    picked = await engine.run("picky")
    assert picked["variables"]["called"] == {"id": "c7"}
    assert step(picked, "call")["missing"] == ["result.nothing"]


async def test_a_run_that_fails_fails_the_step_and_one_that_is_refused_does_not(engine: Engine) -> None:
    engine.define("""
        name: broken
        trigger: {event: x.y, live: false}
        actions:
          - branch:
              - conditions: {all: [{field: event.data.how, operator: equals, value: rejected}]}
                actions: [{stop: rejected, reason: No.}]
            otherwise: [{stop: failed, reason: Nothing works.}]
    """)
    engine.define("""
        name: caller
        trigger: {event: test.fired}
        actions:
          - paths:
              - actions:
                  - id: fails
                    actionType: run_automation
                    config: {automation: broken}
                    onFailure: [{when: refused, actions: [{wait: 0}], do: continue}]
              - actions:
                  - {id: refused, actionType: run_automation, config: {automation: broken, data: {how: rejected}}, saveAs: refused}
              - actions:
                  - {id: nobody, actionType: run_automation, config: {automation: nobodys}, onFailure: continue}
              - actions:
                  - {id: odd, actionType: run_automation, config: {automation: "{{event.odd}}"}, onFailure: continue}
              - actions:
                  - {id: left, actionType: run_automation, config: {automation: broken, wait: false}, saveAs: left}
    """)
    report = await engine.run("caller", engine.event(odd="no/name"))
    assert report["outcome"] == "completed"
    assert step(report, "odd")["error"]["message"].endswith("'no/name' is none.")
    assert step(report, "fails")["error"]["type"] == "Refused"
    assert step(report, "fails")["error"]["message"].endswith("failed: Nothing works.")
    assert report["variables"]["refused"]["outcome"] == "rejected"
    assert "There is no automation 'nobodys'" in step(report, "nobody")["error"]["message"]
    assert report["variables"]["left"]["outcome"] is None
    assert report["variables"]["left"]["workflowId"] == step(report, "left")["calls"]


async def test_a_cancel_follows_and_is_waited_for(engine: Engine) -> None:
    engine.define(HELD)
    engine.define(calling("caller", "asked"))
    caller = await engine.start("caller")
    child = await child_of(engine, caller)
    await engine.held(child)
    await caller.cancel()
    report = await engine.finish(caller)
    assert (report["outcome"], step(report, "call")["status"]) == ("canceled", "canceled")
    assert (await child.query("report"))["outcome"] == "canceled"


async def test_a_caller_that_was_reset_gets_the_end_of_the_first_run(engine: Engine) -> None:
    """The reset drops the child's beginning, or only its end; there is one child all the same."""
    engine.define(HELD)
    engine.define(calling("caller", "asked"))
    for event in (4, 10):
        caller = await engine.start("caller")
        child = await child_of(engine, caller)
        await engine.held(child)
        await engine.reset(caller.id, await task_at(caller, event))
        await approve(engine, child)
        report = await engine.finish(engine.client.get_workflow_handle(caller.id))
        assert report["variables"]["called"]["result"] == {"customer": "c7", "by": "succeeded"}
        assert report["variables"]["called"]["workflowId"] == child.id
    assert len(engine.receiver.to("/ask")) == 2


async def task_at(run: Run, least: int) -> int:
    """Return the first event from there on with which a workflow task ended."""
    history = await run.fetch_history()
    return next(
        event.event_id
        for event in history.events
        if event.event_id >= least and event.HasField("workflow_task_completed_event_attributes")
    )


async def test_calls_are_five_deep_at_most(engine: Engine) -> None:
    engine.define("""
        name: deeper
        trigger: {event: test.fired}
        actions:
          - {id: call, actionType: run_automation, config: {automation: deeper}, saveAs: called, onFailure: continue}
        result: {below: "{{variables.called.result}}", error: "{{steps.call.status}}"}
    """)
    report: JSON = await engine.run("deeper")
    depth, found = 0, report["result"]
    while found["below"] is not None:
        depth, found = depth + 1, found["below"]
    assert depth == 5
    assert found["error"] == "failed"


async def test_a_timeout_of_the_step_cancels_the_run(engine: Engine) -> None:
    engine.define(HELD)
    engine.define(calling("caller", "asked", more="\n        timeout: 500"))
    caller = await engine.start("caller")
    report = await engine.finish(caller)
    error = step(report, "call")["error"]
    assert error["type"] == "Timeout"
    assert error["message"].endswith("took longer than 500ms, the step's `timeout`, and was canceled.")
    child = engine.client.get_workflow_handle(step(report, "call")["calls"])
    assert (await child.query("report"))["outcome"] == "canceled"


async def test_a_held_call_waits_for_people_before_it_begins(engine: Engine) -> None:
    engine.define(HELD)
    engine.define(calling("caller", "asked", more="\n        requireApproval: true"))
    caller = await engine.start("caller")
    hold = (await engine.held(caller))[0]
    assert hold["request"]["config"] == {"automation": "asked", "data": {"customer": {"id": "c7"}}}
    await approve(engine, caller)
    await approve(engine, await child_of(engine, caller))
    assert (await engine.finish(caller))["outcome"] == "completed"


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs continue as new after forty events."""
    from temporalio import workflow

    def must(self: walk.Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 40

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)


LONG = """
    name: NAME
    trigger: {event: test.fired}
    actions:
      - paths:
          - actions:
              - {id: call, actionType: run_automation, config: {automation: asked, data: {customer: {id: c7}}},
                 pick: {by: result.by}, saveAs: called, requireApproval: true}
          - actions: [STEPS]
"""


@pytest.mark.usefixtures("short_histories")
async def test_a_caller_that_continued_as_new_gets_the_end_and_its_cancel_follows(engine: Engine) -> None:
    engine.define(HELD)
    posts = ", ".join("{actionType: http_request, config: {method: POST, url: RECEIVER/s}}" for _ in range(12))
    engine.define(LONG.replace("NAME", "patient").replace("STEPS", posts))
    engine.define(LONG.replace("NAME", "dropped").replace("STEPS", posts))
    callers = [await engine.start(name) for name in ("patient", "dropped")]
    for caller in callers:
        await approve(engine, caller)
    children = [await child_of(engine, caller) for caller in callers]
    for caller in callers:
        for _ in range(200):
            now = engine.client.get_workflow_handle(caller.id)
            report = await now.query("report")
            if [entry["status"] for entry in report["steps"]].count("succeeded") >= 12:
                break
            await asyncio.sleep(0.05)
        assert (await now.describe()).run_id != caller.first_execution_run_id, "it continued as new"
    told = await on(engine, "report", callers[0].id)
    assert f"waits for the run {children[0].id}" in told.out
    assert "held for approval" in told.out, "what the called run holds"
    rows = {row["run"]: row["states"] for row in (await on(engine, "runs", "--json")).json}
    assert rows[callers[0].id] == ["waiting"]
    await approve(engine, children[0])
    await engine.client.get_workflow_handle(callers[1].id).cancel()
    report = await engine.finish(callers[0])
    assert report["variables"]["called"] == {"by": "succeeded"}
    canceled = await engine.finish(engine.client.get_workflow_handle(callers[1].id))
    assert step(canceled, "call")["status"] == "canceled"
    assert (await children[1].query("report"))["outcome"] == "canceled"
    assert len(engine.receiver.to("/ask")) == 1


async def test_a_called_run_that_was_reset_counts_and_one_that_was_terminated_fails_the_step(engine: Engine) -> None:
    engine.define(HELD)
    engine.define(calling("caller", "asked"))
    first, second = await engine.start("caller"), await engine.start("caller")
    child, other = await child_of(engine, first), await child_of(engine, second)
    await engine.held(child)
    await engine.reset(child.id, 4)
    await approve(engine, engine.client.get_workflow_handle(child.id))
    assert (await engine.finish(first))["variables"]["called"]["outcome"] == "completed"
    await other.terminate("for the test")
    report = await engine.finish(second)
    assert step(report, "call")["error"]["message"].startswith(f"The run {other.id} failed")


async def test_a_caller_that_is_resumed_takes_the_run_that_was_resumed_before_it(engine: Engine) -> None:
    engine.define("""
        name: fragile
        trigger: {event: x.y, live: false}
        actions:
          - {actionType: http_request, config: {method: POST, url: RECEIVER/once}}
          - {actionType: http_request, config: {method: POST, url: RECEIVER/fragile}, saveAs: answer}
        result: {status: "{{variables.answer.status}}"}
    """)
    engine.define(calling("caller", "fragile"))
    engine.receiver.answer("/fragile", 400)
    engine.receiver.answer("/fragile", 200)
    caller = await engine.start("caller")
    report = await engine.finish(caller)
    child = step(report, "call")["calls"]
    assert report["outcome"] == "failed"
    for run in (child, caller.id):
        ended = await on(engine, "rerun", run)
        assert ended.code == 0, ended.err
        report = await engine.finish(engine.client.get_workflow_handle(run))
        assert report["outcome"] == "completed"
    assert report["variables"]["called"] == {"outcome": "completed", "result": {"status": 200}, "workflowId": child}
    assert len(engine.receiver.to("/once")) == 1


async def test_an_encrypted_call_is_counted_and_answered(engine: Engine) -> None:
    engine.hold_keys("k1:" + "A" * 43 + "=")
    engine.define("""
        name: inner
        trigger: {event: x.y, data: [secret], live: false}
        actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/inner}}]
        result: {got: "{{secret}}"}
    """)
    engine.define("""
        name: outer
        trigger: {event: x.y, data: [secret], live: false}
        actions:
          - {id: call, actionType: run_automation, config: {automation: inner, data: {secret: "{{secret}}"}}, saveAs: told}
        result: {got: "{{variables.told.result.got}}"}
    """)
    engine.define(calling("caller", "outer", data="{secret: canary-4712}"))
    caller = await engine.start("caller")
    report = await engine.finish(caller)
    assert report["variables"]["called"]["result"] == {"got": "canary-4712"}
    child = engine.client.get_workflow_handle(step(report, "call")["calls"])
    for run in (caller, child):
        raw = b"".join([event.SerializeToString() async for event in run.fetch_history_events()])
        assert b"canary-4712" not in raw
        await engine.replay_history(await run.fetch_history())


async def test_a_result_that_cannot_be_told_fails_the_run(engine: Engine) -> None:
    engine.define("""
        name: strict
        trigger: {event: test.fired, data: [order]}
        missingVariables: fail
        actions: [{wait: 0}]
        result: {id: "{{order.id}}"}
    """)
    engine.define("""
        name: lenient
        trigger: {event: test.fired, data: [order]}
        conditions: {field: event.id, operator: exists}
        actions: [{wait: 0}]
        result: {id: "{{order.id}}"}
    """)
    strict = await engine.run("strict")
    assert (strict["outcome"], strict["reason"]) == (
        "failed",
        "The automation's `result` cannot be told: This run has no order.id.",
    )
    lenient = await engine.run("lenient")
    assert (lenient["outcome"], lenient["result"], lenient["missing"]) == ("completed", {"id": None}, ["order.id"])
