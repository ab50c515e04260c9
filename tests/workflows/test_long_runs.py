"""Runs that outgrow one history: they continue as new and lose nothing."""

from __future__ import annotations

import asyncio
from datetime import datetime

import pytest

from tests.engine import Engine, step
from workflows.run import walk
from workflows.view.attributes import HELD_SINCE
from workflows.view.memo import PREFIX


def steps(count: int, path: str = "RECEIVER/s") -> str:
    return "\n".join(
        f"  - {{id: s{n}, actionType: http_request, config: {{method: GET, url: {path}/{n}}}}}" for n in range(count)
    )


async def test_nine_hundred_sequential_actions(engine: Engine) -> None:
    engine.define(f"name: long\ntrigger: {{event: test.fired}}\nactions:\n{steps(900)}\n")
    handle = await engine.start("long")
    report = await engine.finish(handle, 300)
    assert report["outcome"] == "completed"
    assert [entry["status"] for entry in report["steps"]] == ["succeeded"] * 900
    assert [r.path for r in engine.receiver.requests] == [f"/s/{n}" for n in range(900)]
    assert (await handle.describe()).run_id != handle.first_execution_run_id, "it continued as new"


async def test_five_hundred_parallel_paths(engine: Engine) -> None:
    paths = "\n".join(
        f"  - actions: [{{id: s{n}, actionType: http_request, config: {{method: GET, url: RECEIVER/s/{n}}}}}]"
        for n in range(500)
    )
    engine.define(f"name: wide\ntrigger: {{event: test.fired}}\npaths:\n{paths}\n")
    report = await engine.finish(await engine.start("wide"), 120)
    assert report["outcome"] == "completed"
    assert len(engine.receiver.requests) == 500
    assert len({r.path for r in engine.receiver.requests}) == 500


@pytest.fixture
def short_histories(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs continue as new after a hundred events, so that the tests see many hand-overs."""
    from temporalio import workflow

    def must(self: walk.Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 100

    monkeypatch.setattr(walk.Walk, "must_continue_as_new", must)


@pytest.mark.usefixtures("short_histories")
async def test_holds_waits_variables_loops_and_report_survive_the_hand_over(engine: Engine) -> None:
    engine.define(f"""
name: carried
trigger: {{event: test.fired, data: [items]}}
constants: {{more: [1, 2]}}
actions:
  - {{id: first, actionType: http_request, config: {{method: POST, url: RECEIVER/echo, body: {{n: 1}}}}, saveAs: kept}}
  - {{id: sum, set: {{sum: "{{{{variables.kept.body.body.n | plus: constants.more[1]}}}}"}}}}
  - paths:
      - label: Held
        actions:
          - {{id: held, actionType: http_request, config: {{method: GET, url: RECEIVER/held}}, requireApproval: true}}
      - label: Waits
        actions:
          - {{id: pause, wait: 4s}}
          - {{id: waited, actionType: http_request, config: {{method: GET, url: RECEIVER/waited}}}}
      - label: Loops
        actions:
          - id: each
            forEach: "{{{{items}}}}"
            actions:
              - {{id: a, actionType: http_request, config: {{method: POST, url: RECEIVER/echo, body: {{i: "{{{{item}}}}"}}}}, saveAs: answer}}
              - {{id: b, actionType: http_request, config: {{method: GET, url: "RECEIVER/b/{{{{variables.answer.body.body.i}}}}"}}}}
            collect: "{{{{variables.answer.body.body.i}}}}"
            saveAs: all
      - label: Long
        actions:
{steps(40).replace("  - {", "          - {")}
  - {{id: last, actionType: http_request, config: {{method: POST, url: RECEIVER/last, body: {{kept: "{{{{variables.kept.body.body.n}}}}", all: "{{{{variables.all}}}}", sum: "{{{{variables.sum}}}}", more: "{{{{constants.more}}}}"}}}}}}
""")
    handle = await engine.start("carried", engine.event({"items": list(range(30))}))
    (hold,) = await engine.held(handle)
    first = handle.first_execution_run_id
    for _ in range(400):
        latest: object = engine.client.get_workflow_handle(handle.id)
        report = await latest.query("report")  # type: ignore[attr-defined] # any handle has it
        if step(report, "s39")["status"] == "succeeded" and step(report, "each")["status"] == "succeeded":
            break
        await asyncio.sleep(0.05)
    now = engine.client.get_workflow_handle(handle.id)
    assert (await now.describe()).run_id != first, "it continued as new"
    assert await now.query("holds") == [hold], "the hold is the same after the hand-over"
    described = await now.describe()
    assert (await described.memo())[PREFIX + hold["hold"]]["digest"] == hold["digest"], "and stands in the list"
    assert described.typed_search_attributes[HELD_SINCE] == datetime.fromisoformat(hold["openedAt"])
    await now.signal("approve", {"hold": hold["hold"], "by": "ann"})
    report = await engine.finish(handle, 60)
    assert report["outcome"] == "completed"
    assert {entry["status"] for entry in report["steps"]} == {"succeeded"}
    assert engine.receiver.to("/last")[0].body == {"kept": 1, "all": list(range(30)), "sum": 3, "more": [1, 2]}
    sent = [r.path for r in engine.receiver.requests if r.path != "/echo"]
    assert len(sent) == len(set(sent)) == 30 + 40 + 3, "nothing twice, nothing lost"


async def test_runs_that_are_evicted_all_the_time_do_the_same(engine: Engine) -> None:
    engine.cached = 2  # with one, Temporal's core forgets tasks until they time out
    engine.define("""
name: evicted
trigger: {event: test.fired, data: [items]}
actions:
  - paths:
      - label: Held
        actions:
          - {id: held, actionType: http_request, config: {method: POST, url: RECEIVER/held, body: {}}, requireApproval: {expiresAfter: 1h}}
      - label: Waits
        actions:
          - {id: pause, wait: 500}
          - {id: waited, actionType: http_request, config: {method: GET, url: RECEIVER/waited}}
      - label: Loops
        actions:
          - id: each
            forEach: "{{items}}"
            parallel: 3
            actions:
              - {id: a, actionType: http_request, config: {method: GET, url: "RECEIVER/a/{{item}}"}}
  - {id: last, actionType: http_request, config: {method: GET, url: RECEIVER/last}}
""")
    handles = [await engine.start("evicted", engine.event({"items": [1, 2, 3, 4, 5]})) for _ in range(6)]
    for handle in handles:
        (hold,) = await engine.held(handle)
        assert (await engine.decide(handle, hold=hold["hold"], decision="approve", by="ann"))["result"] == "accepted"
    for handle in handles:
        assert (await engine.finish(handle))["outcome"] == "completed"
    assert len(engine.receiver.requests) == 6 * (5 + 3)


@pytest.mark.usefixtures("short_histories")
async def test_votes_edits_reminders_and_pauses_survive_the_hand_over(engine: Engine) -> None:
    engine.define(f"""
name: decided
trigger: {{event: test.fired}}
approvals: {{approvers: [ann, bob, cy], quorum: 2, allowEdit: true, remindAfter: 3s, escalateAfter: 6s, escalateTo: [boss]}}
paths:
  - actions:
      - {{id: held, actionType: http_request, config: {{method: POST, url: RECEIVER/held, body: {{n: 1}}}}, requireApproval: true}}
  - actions:
      - id: again
        actionType: http_request
        config: {{method: GET, url: RECEIVER/again}}
        onFailure: [{{when: http_4xx, do: retry, attempts: 2, delay: 3s}}]
  - actions:
{steps(60).replace("  - {", "      - {")}
""")
    for status in (404, 404, 200):
        engine.receiver.answer("/again", status)
    handle = await engine.start("decided")
    (hold,) = await engine.held(handle)
    edit = {"hold": "held", "by": "ann", "decision": "edit", "edits": {"/body/n": 2}}
    assert (await engine.decide(handle, **edit))["result"] == "needs_more"
    now = engine.client.get_workflow_handle(handle.id)
    while step(await now.query("report"), "s59")["status"] != "succeeded":
        await asyncio.sleep(0.05)
    assert (await now.describe()).run_id != handle.first_execution_run_id, "it continued as new"
    (after,) = await now.query("holds")
    assert after["openedAt"] == hold["openedAt"]
    assert [vote["by"] for vote in after["votes"]] == ["ann"]
    while (await now.query("holds"))[0]["approvers"] != ["ann", "bob", "cy", "boss"]:
        await asyncio.sleep(0.1)
    (after,) = await now.query("holds")
    assert after["remindAt"] > hold["remindAt"]
    answer = await now.execute_update("decide", {"hold": "held", "by": "boss", "decision": "approve"})
    assert answer["result"] == "digest_mismatch"
    said = {"hold": "held", "by": "boss", "decision": "approve", "digest": after["digest"]}
    assert (await now.execute_update("decide", said))["result"] == "accepted"
    report = await engine.finish(handle, 60)
    assert report["outcome"] == "completed"
    assert [request.body for request in engine.receiver.to("/held")] == [{"n": 2}]
    assert len(engine.receiver.to("/again")) == 3
    assert len([r for r in engine.receiver.requests if r.path.startswith("/s/")]) == 60
    assert [entry["result"] for entry in report["audit"]] == ["needs_more", "digest_mismatch", "accepted"]


async def test_a_thousand_holds_wait_beside_each_other(engine: Engine) -> None:
    paths = "\n".join(
        f"  - actions: [{{id: s{n}, actionType: http_request, config: {{method: GET, url: RECEIVER/s/{n}}}, "
        "requireApproval: true}]"
        for n in range(1000)
    )
    engine.define(f"name: parked\ntrigger: {{event: test.fired}}\npaths:\n{paths}\n")
    handle = await engine.start("parked")
    held = await engine.held(handle, 1000)
    assert not engine.receiver.requests
    for hold in held[:5]:
        answer = await engine.decide(handle, hold=hold["hold"], decision="approve", by="ann", digest=hold["digest"])
        assert answer["result"] == "accepted"
    while len(await handle.query("holds")) > 995:
        await asyncio.sleep(0.05)
    await handle.cancel()
    report = await engine.finish(handle, 60)
    assert report["outcome"] == "canceled"
    assert len(engine.receiver.requests) == 5
