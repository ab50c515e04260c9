"""What a run does once a step, or the whole of it, has ended badly."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import pytest
from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError

from tests.engine import JSON, Engine, step
from workflows.run.walk import Walk

POST = "actionType: http_request, config: {method: POST, url: RECEIVER"


def bodies(engine: Engine, path: str) -> list[Any]:
    return [request.body for request in engine.receiver.to(path)]


def posted(engine: Engine) -> list[str]:
    return [request.path for request in engine.receiver.requests]


def statuses(report: JSON, *names: str) -> list[str]:
    return [step(report, name)["status"] for name in names]


async def test_actions_run_first_and_the_failure_stands(engine: Engine) -> None:
    engine.define("""
name: stands
trigger: {event: test.fired}
actions:
  - label: Pay
    actionType: http_request
    config: {method: POST, url: RECEIVER/pay}
    onFailure:
      - when: refused
        actions:
          - {label: Undo, actionType: http_request, config: {method: POST, url: RECEIVER/undo, body: {type: "{{failure.type}}", status: "{{failure.status}}", attempts: "{{failure.attempts}}", said: "{{failure.message}}", own: "{{steps.pay.status}}"}}}
  - {label: Ship, actionType: http_request, config: {method: POST, url: RECEIVER/ship}}
""")
    engine.receiver.answer("/pay", 422)
    report = await engine.run("stands")
    assert report["outcome"] == "failed"
    assert statuses(report, "Pay", "Undo", "Ship") == ["failed", "succeeded", "skipped"]
    assert step(report, "Undo")["parent"] == "pay"
    assert [entry["id"] for entry in report["steps"]] == ["pay", "undo", "ship"]
    error = step(report, "Pay")["error"]
    assert bodies(engine, "/undo") == [
        {"type": "Refused", "status": 422, "attempts": 1, "said": error["message"], "own": "failed"}
    ]


@pytest.mark.parametrize(("undo", "outcome", "ship"), [(200, "completed", "succeeded"), (400, "failed", "skipped")])
async def test_continue_goes_on_only_where_the_actions_went_well(
    engine: Engine, undo: int, outcome: str, ship: str
) -> None:
    engine.define("""
name: goes-on
trigger: {event: test.fired}
actions:
  - label: Pay
    actionType: http_request
    config: {method: POST, url: RECEIVER/pay}
    onFailure:
      - when: any
        actions: [{label: Undo, actionType: http_request, config: {method: POST, url: RECEIVER/undo}, saveAs: undone}]
        do: continue
  - {label: Ship, actionType: http_request, config: {method: POST, url: RECEIVER/ship, body: {was: "{{steps.pay.status}}", undone: "{{variables.undone.status}}"}}}
""")
    engine.receiver.answer("/pay", 422)
    engine.receiver.answer("/undo", undo)
    report = await engine.run("goes-on")
    assert report["outcome"] == outcome
    assert statuses(report, "Pay", "Ship") == ["failed", ship]
    assert "422" in step(report, "Pay")["error"]["message"]
    if undo == 200:
        assert bodies(engine, "/ship") == [{"was": "failed", "undone": 200}]
    else:
        assert "400" in step(report, "Undo")["error"]["message"], "what failed after that is reported too"
        assert not engine.receiver.to("/ship")


@pytest.mark.parametrize(
    ("rules", "ran"),
    [
        ("[{when: any, actions: UNDO}]", []),
        ("[{when: timeout, actions: UNDO}]", []),
        ("[{when: any, actions: UNDO, do: continue}]", []),
        ("[{when: any, actions: UNDO}, {when: unknown, actions: LOOK}]", ["/look"]),
        ("[{when: [any, unknown], actions: UNDO}]", ["/undo"]),
        ("[{when: unknown, actions: UNDO}]", ["/undo"]),
        ("[{when: unknown, do: retry, attempts: 1, delay: 0}, {when: any, actions: UNDO}]", []),
        ("[{when: unknown, do: retry, attempts: 1, delay: 0}, {when: unknown, actions: UNDO}]", ["/undo"]),
    ],
)
async def test_actions_for_any_failure_leave_alone_what_may_have_happened(
    engine: Engine, rules: str, ran: list[str]
) -> None:
    rules = rules.replace("UNDO", f"[{{label: Undo, {POST}/undo}}}}]").replace(
        "LOOK", f"[{{label: Look, {POST}/look}}}}]"
    )
    engine.define(f"""
name: unsure
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay}}, onFailure: {rules}}}
  - {{label: Ship, {POST}/ship}}}}
""")
    engine.receiver.drop("/pay")
    engine.receiver.drop("/pay")
    report = await engine.run("unsure")
    assert report["outcome"] == "failed"
    assert statuses(report, "Pay", "Ship") == ["unknown", "skipped"]
    assert [path for path in posted(engine) if path != "/pay"] == ran


async def test_what_was_unknown_once_stays_so_although_its_retry_is_refused(engine: Engine) -> None:
    engine.define(f"""
name: once-unknown
trigger: {{event: test.fired}}
actions:
  - label: Pay
    {POST.replace(", ", chr(10) + "    ", 1)}/pay}}
    onFailure:
      - {{when: unknown, do: retry, attempts: 1, delay: 0}}
      - {{when: any, actions: [{{label: Undo, {POST}/undo}}}}]}}
""")
    engine.receiver.drop("/pay")
    engine.receiver.answer("/pay", 409)
    report = await engine.run("once-unknown")
    assert step(report, "Pay")["status"] == "unknown"
    assert posted(engine) == ["/pay", "/pay"]


async def test_a_result_that_was_lost_is_not_undone_as_if_nothing_had_happened(engine: Engine) -> None:
    engine.state_limit = 5_000
    engine.define(f"""
name: too-much
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/echo, body: {{much: "{{{{d}}}}"}}}}, saveAs: paid, onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo}}}}]}}]}}
""")
    report = await engine.run("too-much", engine.event({"d": "x" * 18_000}))
    assert step(report, "Pay")["error"]["type"] == "TooLarge"
    assert posted(engine) == ["/echo"]


async def test_a_request_that_cannot_be_made_is_a_failure_like_others(engine: Engine) -> None:
    engine.define(f"""
name: unmade
trigger: {{event: test.fired}}
missingVariables: fail
actions:
  - {{label: Pay, {POST}/pay, body: {{n: "{{{{nothing}}}}"}}}}, onFailure: [{{when: refused, do: stop}}, {{when: any, do: retry}}, {{when: any, actions: [{{label: Tell, {POST}/tell, body: {{why: "{{{{failure.type}}}} {{{{failure.attempts}}}}", status: "{{{{failure.status}}}}"}}}}}}], do: hold}}]}}
""")
    report = await engine.run("unmade")
    assert report["outcome"] == "failed"
    assert bodies(engine, "/tell") == [{"why": "MissingVariable 0", "status": None}]


async def test_a_hold_after_the_actions_lets_people_try_again(engine: Engine) -> None:
    engine.define(f"""
name: held-after
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay, body: {{n: 1}}}}, onFailure: [{{when: refused, actions: [{{label: Tell, {POST}/tell}}}}], do: hold}}]}}
  - {{label: Ship, {POST}/ship}}}}
""")
    for status in (422, 400, 200):
        engine.receiver.answer("/pay", status)
    handle = await engine.start("held-after")
    (hold,) = await engine.held(handle)
    report = await handle.query("report")
    assert (hold["kind"], hold["step"]) == ("failure", "pay")
    assert "422" in hold["error"]["message"]
    assert posted(engine) == ["/pay", "/tell"], "the actions run first"
    assert statuses(report, "Pay", "Tell") == ["held", "succeeded"]
    assert "error" not in step(report, "Pay")
    assert (await engine.decide(handle, hold=hold["hold"], decision="retry", by="op"))["result"] == "accepted"
    while (await engine.held(handle))[0]["hold"] == hold["hold"]:
        await asyncio.sleep(0.05)
    (again,) = await engine.held(handle)
    assert "400" in again["error"]["message"]
    await engine.decide(handle, hold=again["hold"], decision="retry", by="op")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert statuses(report, "Pay", "Tell", "Ship") == ["succeeded", "succeeded", "succeeded"]
    assert "error" not in step(report, "Pay")
    assert posted(engine) == ["/pay", "/tell", "/pay", "/pay", "/ship"], "a rule's actions run once"


@pytest.mark.parametrize(
    ("step_has", "decision", "ran", "status"),
    [
        ("onFailure: [{when: any, do: hold, actions: UNDO}]", "stop", 1, "failed"),
        ("onFailure: [{when: unknown, do: hold}, {when: any, actions: UNDO}]", "stop", 0, "unknown"),
        ("retry: {onUnknown: hold}, onFailure: [{when: unknown, actions: UNDO}]", "stop", 1, "unknown"),
        ("retry: {onUnknown: hold}, onFailure: [{when: any, actions: UNDO}]", "stop", 0, "unknown"),
        ("retry: {onUnknown: hold}, onFailure: [{when: unknown, actions: UNDO}]", "skip", 0, "skipped"),
    ],
)
async def test_a_failure_that_people_let_stand_has_its_actions_too(
    engine: Engine, step_has: str, decision: str, ran: int, status: str
) -> None:
    step_has = step_has.replace("UNDO", f"[{{label: Undo, {POST}/undo}}}}]")
    engine.define(f"""
name: let-stand
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay}}, {step_has}}}
""")
    if status == "failed":
        engine.receiver.answer("/pay", 422)
    else:
        engine.receiver.drop("/pay")
    handle = await engine.start("let-stand")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision=decision, by="op")
    report = await engine.finish(handle)
    assert step(report, "Pay")["status"] == status
    assert len(engine.receiver.to("/undo")) == ran


REFUSABLE = f"""
name: refusable
trigger: {{event: test.fired}}
actions:
  - label: Change
    actionType: http_request
    config: {{method: POST, url: RECEIVER/change}}
    requireApproval: {{approvers: [ann, bob], quorum: 2, expiresAfter: 1h}}
    onRejected:
      actions: [{{label: Say no, {POST}/no, body: {{was: "{{{{steps.change.status}}}}"}}}}}}]
  - {{label: Ship, {POST}/ship}}}}
"""


@pytest.mark.parametrize(("no", "outcome"), [(200, "rejected"), (400, "failed")])
async def test_a_refusal_has_its_actions_and_stays_a_refusal(engine: Engine, no: int, outcome: str) -> None:
    engine.define(REFUSABLE)
    engine.receiver.answer("/no", no)
    handle = await engine.start("refusable")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision="approve", by="ann")
    await engine.decide(handle, hold=hold["hold"], decision="reject", by="bob")
    report = await engine.finish(handle)
    assert report["outcome"] == outcome
    assert statuses(report, "Change", "Ship") == ["rejected", "skipped"]
    assert bodies(engine, "/no") == [{"was": "rejected"}]
    assert step(report, "Say no")["parent"] == "change"


async def test_an_approval_leaves_the_actions_for_a_refusal_alone(engine: Engine) -> None:
    engine.define(REFUSABLE)
    handle = await engine.start("refusable")
    (hold,) = await engine.held(handle)
    for who in ("ann", "bob"):
        await engine.decide(handle, hold=hold["hold"], decision="approve", by=who)
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert statuses(report, "Change", "Say no", "Ship") == ["succeeded", "skipped", "succeeded"]
    assert posted(engine) == ["/change", "/ship"]


async def test_a_lost_answer_after_an_approval_is_no_refusal(engine: Engine) -> None:
    engine.define(REFUSABLE)
    engine.receiver.drop("/change")
    handle = await engine.start("refusable")
    (hold,) = await engine.held(handle)
    for who in ("ann", "bob"):
        await engine.decide(handle, hold=hold["hold"], decision="approve", by=who)
    report = await engine.finish(handle)
    assert (report["outcome"], step(report, "Change")["status"]) == ("failed", "unknown")
    assert posted(engine) == ["/change"]


async def test_actions_of_actions_are_held_refused_and_reacted_to_themselves(engine: Engine) -> None:
    engine.define(f"""
name: deep
trigger: {{event: test.fired}}
actions:
  - label: Pay
    actionType: http_request
    config: {{method: POST, url: RECEIVER/pay}}
    onFailure:
      - when: any
        do: continue
        actions:
          - label: Undo
            actionType: http_request
            config: {{method: POST, url: RECEIVER/undo}}
            requireApproval: {{approvers: [ann]}}
            onRejected: {{actions: [{{label: Keep, {POST}/keep, body: {{pay: "{{{{failure.status}}}}"}}}}, onFailure: [{{when: any, actions: [{{label: Inner, {POST}/inner, body: {{own: "{{{{failure.status}}}}"}}}}}}], do: continue}}]}}]}}
  - {{label: Ship, {POST}/ship}}}}
""")
    engine.receiver.answer("/pay", 422)
    engine.receiver.answer("/keep", 418)
    handle = await engine.start("deep")
    (hold,) = await engine.held(handle)
    assert hold["step"] == "undo"
    await engine.decide(handle, hold=hold["hold"], decision="reject", by="ann")
    report = await engine.finish(handle)
    assert report["outcome"] == "failed", "what was to make up for the failure was refused, so nothing goes on"
    assert statuses(report, "Pay", "Undo", "Keep", "Inner", "Ship") == [
        "failed", "rejected", "failed", "succeeded", "skipped",
    ]  # fmt: skip
    assert bodies(engine, "/keep") == [{"pay": 422}]
    assert bodies(engine, "/inner") == [{"own": 418}], "the nearest failure is the one that is meant"
    assert [entry.get("parent") for entry in report["steps"]] == [None, "pay", "undo", "keep", None]


async def test_a_stop_in_the_actions_of_one_path_ends_the_run(engine: Engine) -> None:
    engine.define(f"""
name: stops
trigger: {{event: test.fired}}
paths:
  - actions: [{{label: Pay, {POST}/pay}}, onFailure: [{{when: any, actions: [{{label: Tell, {POST}/tell}}}}, {{stop: rejected, reason: No money}}]}}]}}]
  - actions: [{{label: Later, wait: 1h}}]
""")
    engine.receiver.answer("/pay", 422)
    report = await engine.run("stops")
    assert (report["outcome"], report["reason"]) == ("rejected", "No money")
    assert statuses(report, "Pay", "Tell", "Later") == ["failed", "succeeded", "canceled"]


async def test_statuses_inside_of_a_loop_are_those_of_the_iteration(engine: Engine) -> None:
    engine.define(f"""
name: looped
trigger: {{event: test.fired, data: [items]}}
actions:
  - label: Each
    forEach: "{{{{items}}}}"
    actions:
      - {{label: Pay, actionType: http_request, config: {{method: POST, url: "RECEIVER/pay/{{{{item}}}}"}}, onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo, body: {{item: "{{{{item}}}}", status: "{{{{failure.status}}}}"}}}}}}], do: continue}}]}}
      - {{label: Note, {POST}/note, body: {{item: "{{{{item}}}}", pay: "{{{{steps.pay.status}}}}", undo: "{{{{steps.undo.status}}}}"}}}}}}
    collect: "{{{{steps.pay.status}}}}"
    saveAs: all
  - {{label: Last, {POST}/last, body: {{all: "{{{{variables.all}}}}", each: "{{{{steps.each.status}}}}"}}}}}}
""")
    engine.receiver.answer("/pay/2", 422)
    report = await engine.run("looped", engine.event({"items": [1, 2, 3]}))
    assert report["outcome"] == "completed"
    assert bodies(engine, "/undo") == [{"item": 2, "status": 422}]
    assert bodies(engine, "/note") == [
        {"item": 1, "pay": "succeeded", "undo": "skipped"},
        {"item": 2, "pay": "failed", "undo": "succeeded"},
        {"item": 3, "pay": "succeeded", "undo": "skipped"},
    ]
    assert bodies(engine, "/last") == [{"all": ["succeeded", "failed", "succeeded"], "each": "succeeded"}]
    assert step(report, "each[1].undo")["parent"] == "each[1].pay"


async def test_a_status_decides_about_a_compensation(engine: Engine) -> None:
    engine.define(f"""
name: deposits
trigger: {{event: test.fired}}
actions:
  - {{label: Deposit, {POST}/deposit}}, onFailure: continue}}
  - label: Give it back
    conditions: {{field: steps.deposit.status, operator: equals, value: failed}}
    actionType: http_request
    config: {{method: POST, url: RECEIVER/back}}
""")
    engine.receiver.drop("/deposit")
    engine.receiver.answer("/deposit", 422)
    report = await engine.run("deposits")
    assert (report["outcome"], report["tolerated"]) == ("completed", ["deposit"])
    assert statuses(report, "Deposit", "Give it back") == ["unknown", "skipped"]
    report = await engine.run("deposits")
    assert statuses(report, "Deposit", "Give it back") == ["failed", "succeeded"]
    assert "tolerated" not in report


WHOLE = f"""
name: whole
trigger: {{event: test.fired}}
paths:
  - actions: [{{label: Pay, {POST}/pay}}}}, {{label: Ship, {POST}/ship}}}}]
  - actions: [{{label: Pause, wait: 1}}, {{label: Beside, {POST}/beside}}}}]
onFailure:
  actions:
    - {{label: Tell, {POST}/tell, body: {{pay: "{{{{steps.pay.status}}}}", ship: "{{{{steps.ship.status}}}}", why: "{{{{failure.type}}}} {{{{failure.status}}}} {{{{failure.attempts}}}}"}}}}}}
    - {{label: Last, {POST}/last}}}}
"""


@pytest.mark.parametrize(("tell", "last"), [(200, "succeeded"), (400, "skipped")])
async def test_a_failed_run_does_its_own_actions_once_all_paths_are_done(engine: Engine, tell: int, last: str) -> None:
    engine.define(WHOLE)
    engine.receiver.answer("/pay", 422)
    engine.receiver.answer("/tell", tell)
    report = await engine.run("whole")
    assert report["outcome"] == "failed", "which it stays"
    assert sorted(posted(engine)[:2]) == ["/beside", "/pay"]
    assert posted(engine)[2] == "/tell"
    assert bodies(engine, "/tell") == [{"pay": "failed", "ship": "skipped", "why": "Refused 422 1"}]
    assert statuses(report, "Pay", "Ship", "Beside", "Last") == ["failed", "skipped", "succeeded", last]


async def test_a_run_that_went_well_was_refused_or_canceled_does_not(engine: Engine) -> None:
    define = f"""
name: NAME
trigger: {{event: test.fired}}
actions: [{{label: Pay, {POST}/pay}}, requireApproval: {{approvers: [ann]}}}}]
onFailure: {{actions: [{{label: Tell, {POST}/tell}}}}]}}
"""
    for decision, outcome in (("approve", "completed"), ("reject", "rejected"), ("", "canceled")):
        engine.define(define.replace("NAME", outcome))
        handle = await engine.start(outcome)
        (hold,) = await engine.held(handle)
        if decision:
            await engine.decide(handle, hold=hold["hold"], decision=decision, by="ann")
        else:
            await handle.cancel()
        report = await engine.finish(handle)
        assert (report["outcome"], step(report, "Tell")["status"]) == (outcome, "skipped")
    assert posted(engine) == ["/pay"]


async def test_a_run_that_stops_as_failed_does_its_own_actions_too(engine: Engine) -> None:
    engine.define(f"""
name: stopped
trigger: {{event: test.fired}}
paths:
  - actions: [{{label: Pause, wait: 1h}}]
  - actions: [{{stop: failed, reason: Sold out}}]
onFailure: {{actions: [{{label: Tell, {POST}/tell, body: {{why: "{{{{failure.message}}}}"}}}}}}, {{stop: completed, reason: All is well}}]}}
""")
    report = await engine.run("stopped")
    assert (report["outcome"], report["reason"]) == ("failed", "Sold out")
    assert bodies(engine, "/tell") == [{"why": "Sold out"}]
    assert step(report, "Pause")["status"] == "canceled"


async def test_a_cancel_during_the_actions_leaves_the_failure_as_it_is(engine: Engine) -> None:
    engine.define(f"""
name: interrupted
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay}}, onFailure: [{{when: any, actions: [{{label: Pause, wait: 1h}}, {{label: After, {POST}/after}}}}]}}, {{when: unknown, actions: [{{label: Other, {POST}/other}}}}]}}]}}
onFailure: {{actions: [{{label: Tell, {POST}/tell}}}}]}}
""")
    engine.receiver.answer("/pay", 422)
    handle = await engine.start("interrupted")
    report = await handle.query("report")
    while not report["steps"] or step(report, "Pause")["status"] != "running":
        await asyncio.sleep(0.05)
        report = await handle.query("report")
    assert statuses(report, "Pay", "Pause", "After", "Other") == ["failed", "running", "pending", "skipped"]
    await handle.cancel()
    report = await engine.finish(handle)
    assert report["outcome"] == "canceled"
    assert statuses(report, "Pay", "Pause", "Tell") == ["failed", "canceled", "skipped"]
    assert "422" in step(report, "Pay")["error"]["message"]


async def test_what_was_sent_without_waiting_reacts_by_itself(engine: Engine) -> None:
    engine.define(f"""
name: behind
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay, parseResponse: false}}, onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo}}}}, {{label: More, {POST}/more, parseResponse: false}}}}], do: continue}}]}}
  - {{label: Ship, {POST}/ship}}}}
""")
    engine.receiver.answer("/pay", 422)
    report = await engine.run("behind")
    assert report["outcome"] == "completed"
    assert statuses(report, "Pay", "Undo", "More", "Ship") == ["failed", "succeeded", "succeeded", "succeeded"]


LONG = f"""
name: long
trigger: {{event: test.fired}}
paths:
  - actions:
      - label: Pay
        actionType: http_request
        config: {{method: POST, url: RECEIVER/pay}}
        onFailure:
          - when: refused
            do: hold
            actions:
STEPS
              - {{label: Undo, {POST}/undo, body: {{status: "{{{{failure.status}}}}", said: "{{{{failure.message}}}}"}}}}, requireApproval: {{approvers: [ann]}}}}
  - actions:
      - label: Change
        actionType: http_request
        config: {{method: POST, url: RECEIVER/change}}
        requireApproval: {{approvers: [ann]}}
        onRejected:
          actions:
STEPS
            - {{label: No, {POST}/no}}}}
onFailure:
  actions:
STEPS
    - {{label: Tell, {POST}/tell, body: {{was: "{{{{failure.status}}}}", change: "{{{{steps.change.status}}}}"}}}}}}
"""


def steps(count: int, prefix: str, indent: int) -> str:
    return "\n".join(f"{' ' * indent}- {{id: {prefix}{n}, {POST}/{prefix}/{n}}}}}" for n in range(count))


@pytest.mark.parametrize("longest", [100_000, 40])
async def test_reactions_survive_continue_as_new_evictions_and_resets(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, longest: int
) -> None:
    """A run that reacts everywhere is reset to each of its workflow tasks, and sends nothing twice."""

    def must(self: Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > longest

    monkeypatch.setattr(Walk, "must_continue_as_new", must)
    engine.cached = 1
    text = LONG
    for prefix, indent in (("a", 14), ("b", 12), ("c", 4)):
        text = text.replace("STEPS", steps(6, prefix, indent), 1)
    engine.define(text)
    engine.receiver.answer("/pay", 422)
    handle = await engine.start("long")
    report = await decided(engine, handle)
    assert report["outcome"] == "failed"
    assert statuses(report, "Pay", "Undo", "Change", "No", "Tell") == [
        "failed", "succeeded", "rejected", "succeeded", "succeeded",
    ]  # fmt: skip
    assert bodies(engine, "/tell") == [{"was": 422, "change": "rejected"}]
    assert bodies(engine, "/undo")[0]["status"] == 422
    before = once(engine)
    assert sorted(before.values()) == [1] * (3 * 6 + 3)
    run, runs = handle.first_execution_run_id, 0
    while run is not None:
        history = await engine.client.get_workflow_handle(handle.id, run_id=run).fetch_history()
        following = history.events[-1].workflow_execution_continued_as_new_event_attributes.new_execution_run_id or None
        tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
        for event in tasks[: -1 if following is None else None : 5]:
            again = await engine.reset(handle.id, event, run)
            assert (await decided(engine, again))["outcome"] in {"failed", "completed", "rejected"}
            assert once(engine) == before, f"run {runs}, event {event}"
        run, runs = following, runs + 1
    assert (runs > 1) == (longest < 100)


def once(engine: Engine) -> Counter[str]:
    """Return how often everything was posted but what was certainly refused, which a reset may do again."""
    return Counter(path for path in posted(engine) if path != "/pay")


async def decided(engine: Engine, run: Any) -> JSON:
    """Decide whatever is held until the run has ended: what a reset asks about is skipped."""
    last = asyncio.ensure_future(engine.finish(run))
    while not last.done():
        try:
            holds = await run.query("holds")
        except Exception:  # noqa: BLE001 # a run that was just reset, or is being continued
            holds = []
        for hold in holds:
            reset = "reset" in hold.get("error", {}).get("message", "")
            decision = "skip" if reset else {"undo": "approve", "change": "reject"}.get(hold["step"], "stop")
            await engine.decide(run, hold=hold["hold"], decision=decision, by="ann")
        await asyncio.sleep(0.05)
    return last.result()


@pytest.mark.parametrize(
    ("answers", "status", "undone"),
    [
        ((None, 429), "unknown", 0),
        ((429, None, 429), "unknown", 0),
        ((429, 429), "failed", 1),
        ((None, 422), "failed", 1),
        ((429, 422), "failed", 1),
    ],
)
async def test_what_an_earlier_attempt_may_have_done_counts(
    engine: Engine, answers: tuple[int | None, ...], status: str, undone: int
) -> None:
    """None stands for an answer that got lost; a refusal under the same key says that nothing was done before."""
    engine.define(f"""
name: attempts
trigger: {{event: test.fired}}
actions:
  - label: Pay
    actionType: http_request
    config: {{method: POST, url: RECEIVER/pay, idempotent: true}}
    retry: {{maximumAttempts: {len(answers)}, initialInterval: 1}}
    onFailure: [{{when: any, actions: [{{label: Undo, {POST}/undo, body: {{attempts: "{{{{failure.attempts}}}}"}}}}}}]}}]
""")
    for answer in answers:
        if answer is None:
            engine.receiver.drop("/pay")
        else:
            engine.receiver.answer("/pay", answer)
    report = await engine.run("attempts")
    assert step(report, "Pay")["status"] == status
    assert bodies(engine, "/undo") == [{"attempts": len(answers)}] * undone


async def test_a_rule_repeats_under_the_same_key_what_an_earlier_attempt_may_have_done(engine: Engine) -> None:
    engine.define("""
name: same-key
trigger: {event: test.fired}
actions:
  - label: Pay
    actionType: http_request
    config: {method: POST, url: RECEIVER/pay, idempotent: true}
    retry: {maximumAttempts: 2, initialInterval: 1}
    onFailure: [{when: unavailable, do: retry, attempts: 1, delay: 0}]
""")
    engine.receiver.drop("/pay")
    engine.receiver.answer("/pay", 429)
    engine.receiver.answer("/pay")
    report = await engine.run("same-key")
    assert report["outcome"] == "completed"
    keys = [request.headers["idempotency-key"] for request in engine.receiver.to("/pay")]
    assert len(keys) == 3
    assert len(set(keys)) == 1


def readings(report: JSON, *names: str) -> list[tuple[str, str | None]]:
    return [(step(report, name)["status"], step(report, name).get("reason")) for name in names]


async def test_actions_that_had_no_reason_to_run_read_as_not_taken(engine: Engine) -> None:
    engine.define(f"""
name: untaken
trigger: {{event: test.fired}}
actions:
  - {{label: Look, {POST}/look}}, onFailure: [{{when: any, actions: [{{label: Undo look, {POST}/undo}}}}]}}]}}
  - {{label: Pay, {POST}/pay}}, onFailure: [{{when: timeout, actions: [{{label: Wait on, wait: 1}}]}}, {{when: any, actions: [{{label: Undo, {POST}/undo}}}}, {{label: More, {POST}/more}}}}]}}]}}
  - {{label: Ship, {POST}/ship}}}}
onFailure: {{actions: [{{label: Tell, {POST}/tell}}}}, {{label: Last, {POST}/last}}}}]}}
""")
    report = await engine.run("untaken")
    untaken = ("skipped", "not taken")
    assert readings(report, "Undo look", "Wait on", "Undo", "More", "Tell", "Last") == [untaken] * 6
    for path in ("/pay", "/undo", "/tell"):
        engine.receiver.answer(path, 400)
    report = await engine.run("untaken")
    assert readings(report, "Undo look", "Wait on") == [untaken] * 2
    assert readings(report, "Undo", "Tell") == [("failed", None)] * 2
    assert readings(report, "More", "Ship", "Last") == [("skipped", None)] * 3


async def test_conditions_of_actions_after_a_failure_say_why_and_what_was_missing(engine: Engine) -> None:
    engine.define(f"""
name: reasons
trigger: {{event: test.fired}}
actions:
  - label: Pay
    actionType: http_request
    config: {{method: POST, url: RECEIVER/pay}}
    onFailure:
      - when: any
        actions:
          - {{label: Refund, {POST}/refund}}, conditions: {{field: failure.status, operator: greater_than, value: 500}}}}
          - {{label: Tell, {POST}/tell}}, conditions: {{field: order.tags, operator: not_contains, value: quiet}}}}
""")
    engine.receiver.answer("/pay", 422)
    report = await engine.run("reasons")
    refund, tell = step(report, "Refund"), step(report, "Tell")
    assert refund["status"] == "skipped"
    assert "422" in refund["reason"]
    assert tell["status"] == "succeeded"
    assert any("order.tags" in sentence for sentence in tell["missing"])


async def test_a_hold_that_expires_has_the_actions_of_a_refusal(engine: Engine) -> None:
    engine.define(REFUSABLE.replace("expiresAfter: 1h", "expiresAfter: 100"))
    report = await engine.run("refusable")
    assert report["outcome"] == "rejected"
    assert statuses(report, "Change", "Say no", "Ship") == ["expired", "succeeded", "skipped"]
    assert bodies(engine, "/no") == [{"was": "expired"}]


async def test_what_failed_in_the_background_stops_no_path_after_continue_as_new(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    def must(self: Walk) -> bool:
        return self.continuing_as_new or workflow.info().get_current_history_length() > 20

    monkeypatch.setattr(Walk, "must_continue_as_new", must)
    engine.define(f"""
name: left-behind
trigger: {{event: test.fired}}
actions:
  - {{label: Pay, {POST}/pay, parseResponse: false}}}}
{steps(12, "a", 2)}
""")
    engine.receiver.answer("/pay", 422)
    handle = await engine.start("left-behind")
    report = await engine.finish(handle)
    assert (await engine.client.get_workflow_handle(handle.id).describe()).run_id != handle.first_execution_run_id
    assert report["outcome"] == "failed"
    assert [one["status"] for one in report["steps"]] == ["failed"] + ["succeeded"] * 12
    assert posted(engine).count("/pay") == 1


async def test_a_run_that_stops_says_why_and_not_what_it_went_on_after(engine: Engine) -> None:
    engine.define(f"""
name: because
trigger: {{event: test.fired}}
actions:
  - {{label: Look, {POST}/look}}, onFailure: continue}}
  - {{stop: failed, reason: Sold out}}
""")
    engine.receiver.answer("/look", 400)
    handle = await engine.start("because")
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert str(failure.value.cause) == "AutomationFailed: Sold out"
