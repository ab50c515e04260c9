"""Messages in which a hold can be decided: each says so once it is closed, however the run went on meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from temporalio import workflow

from tests.engine import Engine, step
from workers.sandbox import Sandbox
from workers.sandbox.slack_clicks import buttons
from workers.sandbox.vendors.slack import SlackVendor
from workflows.run.walk import Walk

NOTIFY = "notify: [{actionType: send_slack_approval, config: {channel: '#refunds'}, on: [opened]}]"
HELD = f"""
name: held
trigger: {{event: test.fired, data: [order]}}
actions:
  - id: refund
    label: Refund
    actionType: http_request
    config: {{method: POST, url: RECEIVER/refund}}
    requireApproval: {{approvers: [ann], {NOTIFY}}}
"""


@pytest_asyncio.fixture
async def sandbox(engine: Engine) -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as running:
        engine.connections["team-slack"]["baseUrl"] = f"{running.url}/slack/"
        yield running


def messages(sandbox: Sandbox) -> list[dict[str, Any]]:
    vendor = sandbox._app.vendors["slack"]
    assert isinstance(vendor, SlackVendor)
    return [*vendor.messages]


async def posted(sandbox: Sandbox, count: int = 1) -> None:
    for _ in range(400):
        if len(messages(sandbox)) >= count:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(messages(sandbox))


def said(sandbox: Sandbox) -> str:
    """Return the only message, which has no buttons any more."""
    (message,) = messages(sandbox)
    assert not [*buttons(message)]
    return json.dumps(message)


async def test_a_hold_that_is_decided_while_its_message_is_being_posted(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(HELD)
    sandbox.fail("slack", path="/slack/chat.postMessage", delay=0.7)
    handle = await engine.start("held")
    await engine.held(handle)
    assert (await engine.decide(handle, hold="refund", by="ann", decision="approve"))["result"] == "accepted"
    report = await engine.finish(handle)
    assert "Approved by ann." in said(sandbox)
    assert [one["on"] for one in step(report, "refund")["notified"]] == ["opened", "decided"]


async def test_a_release_that_is_superseded_says_that_nothing_was_sent(engine: Engine, sandbox: Sandbox) -> None:
    policy = f"{{approvers: [ann], recheck: true, {NOTIFY}}}"
    engine.define(f"""
        name: superseded
        trigger: {{event: test.fired}}
        paths:
          - actions:
              - {{id: refund, actionType: http_request, config: {{method: POST, url: RECEIVER/refund}}, requireApproval: {policy}, conditions: {{field: variables.done, operator: is_empty}}}}
          - actions:
              - {{wait: 200ms}}
              - {{id: elsewhere, actionType: http_request, config: {{method: GET, url: RECEIVER/elsewhere}}, saveAs: done}}
    """)
    handle = await engine.start("superseded")
    await posted(sandbox)
    while step(await handle.query("report"), "elsewhere")["status"] != "succeeded":
        await asyncio.sleep(0.05)
    await engine.decide(handle, hold="refund", by="ann", decision="approve")
    await engine.finish(handle)
    assert "conditions no longer held when it was released, so nothing was sent" in said(sandbox)


async def test_a_run_that_is_canceled_while_a_message_is_being_posted(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(HELD)
    sandbox.fail("slack", path="/slack/chat.postMessage", delay=0.7)
    handle = await engine.start("held")
    await engine.held(handle)
    await handle.cancel()
    assert (await engine.finish(handle))["outcome"] == "canceled"
    assert "Withdrawn before anybody decided" in said(sandbox)


async def test_a_step_that_stops_the_run_withdraws_what_others_ask(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(f"""
        name: stopped
        trigger: {{event: test.fired, data: [order]}}
        paths:
          - actions:
              - {{id: refund, actionType: http_request, config: {{method: POST, url: RECEIVER/refund}}, requireApproval: {{approvers: [ann], {NOTIFY}}}}}
          - actions:
              - {{id: first, actionType: http_request, config: {{method: POST, url: RECEIVER/first}}, requireApproval: {{approvers: [ann], {NOTIFY}}}}}
              - {{stop: completed, reason: Done}}
    """)
    handle = await engine.start("stopped")
    await posted(sandbox, 2)
    await engine.decide(handle, hold="first", by="ann", decision="approve")
    assert (await engine.finish(handle))["outcome"] == "completed"
    texts = sorted(json.dumps(one) for one in messages(sandbox))
    assert ["Approved by ann." in texts[0], "Withdrawn before anybody" in texts[1]] == [True, True]
    assert not [one for one in messages(sandbox) if [*buttons(one)]]


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run continue as new once it knows where its message stands."""

    def must(self: Walk) -> bool:
        kept = any(hold.posted for hold in self.state.holds.open())
        return self.continuing_as_new or (kept and workflow.info().continued_run_id is None)

    monkeypatch.setattr(Walk, "must_continue_as_new", must)


@pytest.mark.usefixtures("short")
async def test_the_place_of_a_message_survives_a_run_that_continues_and_another_worker(
    engine: Engine, sandbox: Sandbox
) -> None:
    engine.define(HELD)
    handle = await engine.start("held")
    await posted(sandbox)
    for _ in range(200):
        if (await engine.client.get_workflow_handle(handle.id).describe()).run_id != handle.first_execution_run_id:
            break
        await asyncio.sleep(0.02)
    current = engine.client.get_workflow_handle(handle.id)
    await engine.held(current)
    await engine.stop()
    await engine.serve()
    await engine.decide(current, hold="refund", by="ann", decision="reject", reason="<!here> no")
    await engine.finish(handle)
    assert "Rejected by ann." in said(sandbox)
    assert "&lt;!here&gt; no" in said(sandbox)


async def test_a_run_that_was_reset_asks_in_its_message_again(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(HELD)
    handle = await engine.start("held")
    await posted(sandbox)
    await handle.cancel()
    await engine.finish(handle)
    assert "Withdrawn" in said(sandbox)
    events = [event async for event in handle.fetch_history_events()]
    first = next(event.event_id for event in events if event.HasField("workflow_task_completed_event_attributes"))
    again = await engine.reset(handle.id, first)
    await engine.held(again)
    for _ in range(400):
        if [*buttons(messages(sandbox)[0])]:
            break
        await asyncio.sleep(0.02)
    await engine.decide(again, hold="refund", by="ann", decision="approve")
    report = await engine.finish(again)
    assert "Approved by ann." in said(sandbox)
    told = [(one["on"], one["status"]) for one in step(report, "refund")["notified"]]
    assert told == [("opened", "succeeded"), ("opened", "succeeded"), ("decided", "succeeded")]


async def test_what_slack_does_not_update_is_told_in_the_report(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(HELD.replace("on: [opened]", "on: [opened], retry: {initialInterval: 10}"))
    sandbox.fail("slack", path="/slack/chat.update", times=1, drop="before")
    handle = await engine.start("held")
    await posted(sandbox)
    await engine.decide(handle, hold="refund", by="ann", decision="approve")
    await engine.finish(handle)
    assert "Approved by ann." in said(sandbox), "an update whose outcome is unknown is made again"
    sandbox.clear()
    sandbox.fail("slack", path="/slack/chat.update", body={"ok": False, "error": "message_not_found"}, status=200)
    handle = await engine.start("held")
    await posted(sandbox)
    await engine.decide(handle, hold="refund", by="ann", decision="approve")
    report = await engine.finish(handle)
    last = step(report, "refund")["notified"][-1]
    assert (report["outcome"], last["on"], last["status"]) == ("completed", "decided", "failed")
    assert "message_not_found" in last["error"]["message"]


async def test_a_request_that_is_edited_or_handed_over_is_shown_as_it_is_now(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(HELD.replace("approvers: [ann]", "approvers: [ann, bob], operators: [op], allowEdit: needsApproval"))
    handle = await engine.start("held")
    await posted(sandbox)
    (before,) = messages(sandbox)
    edits = {"url": f"{engine.receiver.url}/other"}
    assert (await engine.decide(handle, hold="refund", by="ann", decision="edit", edits=edits))[
        "result"
    ] == "needs_more"
    (hold,) = await engine.held(handle)
    more = {"approvers": ["carl"], "digest": hold["digest"]}
    handed = await engine.decide(handle, hold="refund", by="op", decision="reassign", **more)
    assert handed["result"] == "accepted"
    for _ in range(200):
        if "carl may decide" in json.dumps(messages(sandbox)):
            break
        await asyncio.sleep(0.02)
    (now,) = messages(sandbox)
    assert (now["ts"], now["metadata"], "/other" in json.dumps(now)) == (before["ts"], before["metadata"], True)
    digests = {json.loads(button["value"])["digest"] for button in buttons(now)}
    assert digests.isdisjoint(json.loads(button["value"])["digest"] for button in buttons(before))
    assert digests == {hold["digest"]}
    await engine.decide(handle, hold="refund", by="carl", decision="approve", digest=hold["digest"])
    await engine.finish(handle)
    assert "Approved by carl." in said(sandbox)
    assert engine.receiver.to("/other")
