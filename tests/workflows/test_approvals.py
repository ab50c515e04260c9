"""Holding, releasing and refusing, on a real server."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
import rfc8785
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue

from tests.engine import Engine, step

HELD = """
name: held
trigger: {event: test.fired}
actions:
  - label: Danger
    id: danger
    actionType: http_request
    config: {method: POST, url: RECEIVER/danger, headers: {Authorization: "Bearer {{secrets.shop_token}}"}, body: {id: "{{event.id}}"}}
    requireApproval: APPROVAL
  - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
"""


@pytest.fixture(autouse=True)
def secret(engine: Engine) -> None:
    engine.environment["TRUNKLINE_SECRET_SHOP_TOKEN"] = "canary-0123456789"


async def test_a_held_step_shows_what_it_would_send_and_sends_it_once_approved(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "true"))
    event = engine.event()
    handle = await engine.start("held", event)
    (hold,) = await engine.held(handle)
    assert hold["hold"] == "danger"
    assert hold["label"] == "Danger"
    assert hold["kind"] == "approval"
    assert hold["approvers"] == []
    assert hold["request"]["config"]["headers"] == {"Authorization": "Bearer {{secrets.shop_token}}"}
    assert hold["request"]["secrets"] == [{"path": "/headers/Authorization", "name": "shop_token", "start": 7}]
    assert hold["digest"] == hashlib.sha256(rfc8785.dumps(hold["request"])).hexdigest()
    assert not engine.receiver.requests
    report = await handle.query("report")
    assert step(report, "Danger")["status"] == "held"
    assert step(report, "After")["status"] == "pending"
    await handle.signal("approve", {"hold": hold["hold"], "by": "ann@example.com", "digest": hold["digest"]})
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert step(report, "Danger")["decision"]["by"] == "ann@example.com"
    (sent,) = engine.receiver.to("/danger")
    assert sent.headers["authorization"] == "Bearer canary-0123456789"
    assert sent.body == {"id": event["id"]}
    assert await handle.query("holds") == []


async def test_a_refusal_ends_the_path_and_the_run_is_rejected_not_failed(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "true"))
    handle = await engine.start("held")
    (hold,) = await engine.held(handle)
    receipt = await engine.decide(handle, hold=hold["hold"], decision="reject", by="bob", reason="too much")
    assert receipt["result"] == "accepted"
    report: dict[str, Any] = await handle.result()
    assert report["outcome"] == "rejected"
    assert step(report, "Danger")["status"] == "rejected"
    assert "too much" in step(report, "Danger")["error"]["message"]
    assert step(report, "After")["status"] == "skipped"
    assert not engine.receiver.requests


async def test_only_approvers_may_decide(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "{approvers: [lead@example.com, '{{event.owner}}']}"))
    handle = await engine.start("held", engine.event(owner="own@example.com"))
    (hold,) = await engine.held(handle)
    assert hold["approvers"] == ["lead@example.com", "own@example.com"]
    assert (await engine.decide(handle, hold="danger", decision="approve", by="eve"))["result"] == "not_allowed"
    assert (await engine.decide(handle, hold="danger", decision="approve", by=" Lead@Example.com "))[
        "result"
    ] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert [entry["result"] for entry in report["audit"]] == ["not_allowed", "accepted"]


async def test_nobody_to_approve_fails_the_step(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "{approvers: ['{{event.owner}}']}"))
    report = await engine.run("held")
    assert report["outcome"] == "failed"
    assert "approvers" in step(report, "Danger")["error"]["message"]
    assert not engine.receiver.requests


async def test_a_missing_secret_ends_the_step_before_anybody_is_asked(engine: Engine) -> None:
    engine.environment.clear()
    engine.define(HELD.replace("APPROVAL", "true"))
    report = await engine.run("held")
    assert report["outcome"] == "failed"
    assert "shop_token" in step(report, "Danger")["error"]["message"]
    assert "decision" not in step(report, "Danger")


async def test_what_is_not_what_the_action_takes_ends_the_step_before_anybody_is_asked(engine: Engine) -> None:
    engine.define("""
        name: wrong
        trigger: {event: test.fired, data: [to]}
        actions:
          - {label: Text, actionType: send_sms, config: {from: "+15550100100", to: "{{to}}", text: Hi}, requireApproval: true}
    """)
    report = await engine.run("wrong", engine.event({"to": "not a number"}))
    assert report["outcome"] == "failed"
    assert "E.164" in step(report, "Text")["error"]["message"]


async def test_what_cannot_be_sealed_ends_the_step_before_anybody_is_asked(engine: Engine) -> None:
    engine.define("""
        name: huge
        trigger: {event: test.fired, data: [n]}
        actions:
          - {label: Call, actionType: http_request, config: {method: POST, url: RECEIVER/x, body: {n: "{{n}}"}}, requireApproval: true}
    """)
    report = await engine.run("huge", engine.event({"n": 2**60}))
    assert step(report, "Call")["error"]["type"] == "Unsealable"
    assert not engine.receiver.requests


async def test_nobody_decides_in_time(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "{expiresAfter: 500}"))
    handle = await engine.start("held")
    (hold,) = await engine.held(handle)
    assert "deadline" in hold
    report = await engine.finish(handle)
    assert report["outcome"] == "rejected"
    assert step(report, "Danger")["status"] == "expired"
    assert not engine.receiver.requests


@pytest.mark.parametrize(
    ("decision", "result"),
    [
        ({}, "invalid"),
        ({"hold": "danger"}, "invalid"),
        ({"hold": "danger", "decision": "approve"}, "invalid"),
        ({"hold": "danger", "by": "ann"}, "invalid"),
        ({"hold": "danger", "by": "ann", "decision": True}, "invalid"),
        ({"hold": "danger", "by": "ann", "decision": "true"}, "invalid"),
        ({"hold": "danger", "by": "ann", "decision": "retry"}, "invalid"),
        ({"hold": "danger", "by": "", "decision": "approve"}, "invalid"),
        ({"hold": "danger", "by": "x" * 300, "decision": "approve"}, "invalid"),
        ({"hold": "other", "by": "ann", "decision": "approve"}, "not_found"),
        ({"hold": ["danger"], "by": "ann", "decision": "approve"}, "invalid"),
        ({"hold": "danger", "by": "ann", "decision": "approve", "digest": "0" * 64}, "digest_mismatch"),
        ({"hold": "danger", "by": "ann", "decision": "approve", "reason": 10**400}, "invalid"),
        ("approve", "invalid"),
        (None, "invalid"),
        (1, "invalid"),
        ([{"hold": "danger", "by": "ann", "decision": "approve"}], "invalid"),
    ],
)
async def test_only_a_literal_decision_for_a_named_open_hold_counts(engine: Engine, decision: Any, result: str) -> None:
    engine.define(HELD.replace("APPROVAL", "true"))
    handle = await engine.start("held")
    await engine.held(handle)
    receipt = await handle.execute_update("decide", decision)
    assert receipt["result"] == result, receipt
    assert len(receipt["message"]) > 10
    await handle.signal("approve", decision if not isinstance(decision, dict) else {**decision, "hold": "nope"})
    await handle.signal("approve", args=[])
    await handle.signal("reject", args=["danger", "ann"])
    assert len(await handle.query("holds")) == 1
    assert (await engine.decide(handle, hold="danger", decision="approve", by="ann"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert len(report["audit"]) == 5


async def test_a_payload_that_is_no_json_changes_nothing(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "true"))
    handle = await engine.start("held")
    await engine.held(handle)
    for payload in (
        Payload(metadata={"encoding": b"binary/plain"}, data=b"\xff\x00"),
        Payload(metadata={"encoding": b"json/plain"}, data=b"{not json"),
        Payload(metadata={"encoding": b"json/plain"}, data=b"[" * 5000 + b"]" * 5000),
        Payload(metadata={"encoding": b"json/plain"}, data=b"1" * 5000),
        Payload(metadata={}, data=b""),
    ):
        await handle.signal("approve", RawValue(payload))
        assert (await handle.execute_update("decide", RawValue(payload)))["result"] == "invalid"
    await engine.decide(handle, hold="danger", decision="approve", by="ann")
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert [entry["result"] for entry in report["audit"]] == ["invalid"] * 10 + ["accepted"]


async def test_a_second_decision_is_told_so(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "true"))
    engine.receiver.stall("/after", 2)
    handle = await engine.start("held")
    await engine.held(handle)
    await engine.decide(handle, hold="danger", decision="approve", by="ann")
    assert (await engine.decide(handle, hold="danger", decision="approve", by="ANN"))["result"] == "duplicate"
    assert (await engine.decide(handle, hold="danger", decision="reject", by="bob"))["result"] == "already_decided"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    assert len(engine.receiver.to("/danger")) == 1


FAILING = """
name: failing
trigger: {event: test.fired}
actions:
  - {label: Call, id: call, actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {}}, onFailure: hold}
  - {label: After, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
"""


async def test_a_failed_step_is_held_and_retried_with_a_new_key(engine: Engine) -> None:
    engine.define(FAILING)
    engine.receiver.answer("/call", 400, {"error": "bad"})
    engine.receiver.answer("/call", 200)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    assert hold["kind"] == "failure"
    assert "400" in hold["error"]["message"]
    assert (await engine.decide(handle, hold=hold["hold"], decision="approve", by="op"))["result"] == "invalid"
    assert (await engine.decide(handle, hold=hold["hold"], decision="retry", by="op"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    keys = [r.headers["idempotency-key"] for r in engine.receiver.to("/call")]
    assert len(set(keys)) == 2
    assert step(report, "Call")["key"] == keys[1]


async def test_a_retry_after_an_unknown_outcome_keeps_the_key(engine: Engine) -> None:
    engine.define(FAILING)
    engine.receiver.drop("/call")
    engine.receiver.answer("/call", 200)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision="retry", by="op")
    assert (await engine.finish(handle))["outcome"] == "completed"
    assert len({r.headers["idempotency-key"] for r in engine.receiver.to("/call")}) == 1


@pytest.mark.parametrize(
    ("decision", "outcome", "status", "after"),
    [("skip", "completed", "skipped", "succeeded"), ("stop", "failed", "failed", "skipped")],
)
async def test_a_failed_step_is_skipped_or_stopped(
    engine: Engine, decision: str, outcome: str, status: str, after: str
) -> None:
    engine.define(FAILING)
    engine.receiver.answer("/call", 400)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    await engine.decide(handle, hold=hold["hold"], decision=decision, by="op")
    report = await engine.finish(handle)
    assert report["outcome"] == outcome
    assert step(report, "Call")["status"] == status
    assert step(report, "After")["status"] == after


async def test_an_action_that_fails_while_its_run_is_canceled_opens_no_hold(engine: Engine) -> None:
    engine.define(FAILING)
    engine.receiver.stall("/call", 1, status=400)
    handle = await engine.start("failing")
    while not engine.receiver.requests:
        await asyncio.sleep(0.02)
    await handle.cancel()
    report = await engine.finish(handle, 20)
    assert report["outcome"] == "canceled"
    assert step(report, "Call")["status"] in {"canceled", "failed"}
    assert step(report, "After")["status"] == "skipped"
    assert await handle.query("holds") == []


async def test_an_action_that_fails_while_a_stop_ends_its_run_opens_no_hold(engine: Engine) -> None:
    engine.define("""
        name: stopped
        trigger: {event: test.fired}
        paths:
          - actions:
              - {label: Call, actionType: http_request, config: {method: GET, url: RECEIVER/call}, onFailure: hold}
          - actions:
              - wait: 300ms
              - stop: completed
    """)
    engine.receiver.stall("/call", 1, status=400)
    report = await engine.finish(await engine.start("stopped"), 20)
    assert report["outcome"] == "completed"


async def test_holds_find_a_run_in_temporals_list(engine: Engine) -> None:
    engine.define(HELD.replace("APPROVAL", "{approvers: [lead@example.com]}"))
    handle = await engine.start("held")
    await engine.held(handle)
    query = (
        f"TrunklineHolds = 'danger' AND TrunklineApprovers = 'lead@example.com' AND TaskQueue = '{engine.task_queue}'"
    )
    for _ in range(100):
        found = [run.id async for run in engine.client.list_workflows(query)]
        if found:
            break
        await asyncio.sleep(0.05)
    assert found == [handle.id]
    await engine.decide(handle, hold="danger", decision="approve", by="lead@example.com")
    await engine.finish(handle)
    for _ in range(100):
        done = f"TrunklineOutcome = 'completed' AND TrunklineHolds IS NULL AND TaskQueue = '{engine.task_queue}'"
        if [run.id async for run in engine.client.list_workflows(done)]:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the ended run is not found by its outcome")
