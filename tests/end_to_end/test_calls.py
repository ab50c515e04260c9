"""One automation runs another: a child under the step's key, waited for across whatever happens to the caller."""

from __future__ import annotations

import asyncio
from typing import Any

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from tests.engine import JSON, Engine, step

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
                  - {id: left, actionType: run_automation, config: {automation: broken, wait: false}, saveAs: left}
    """)
    report = await engine.run("caller")
    assert report["outcome"] == "completed"
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
