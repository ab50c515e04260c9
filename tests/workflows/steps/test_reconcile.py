"""Unknown outcomes: looked up at the vendor before anybody is asked, and after a reset before anything is sent again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Literal

import pytest
import pytest_asyncio
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle

from tests.engine import JSON, Engine, step
from workers.sandbox import Sandbox, connections

TEXTS = """
name: texts
trigger: {event: test.fired, data: [texts]}
actions:
  - id: each
    forEach: "{{texts}}"
    actions:
      - {id: text, label: Text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: "{{item}}"}, onFailure: continue, saveAs: receipt}
    collect: "{{variables.receipt.id}}"
    saveAs: ids
"""


@pytest_asyncio.fixture
async def sandbox(engine: Engine) -> AsyncIterator[Sandbox]:
    async with Sandbox(port=0) as sandbox:
        engine.connections = connections(sandbox.url)
        yield sandbox


def accepted(sandbox: Sandbox, vendor: Literal["slack", "twilio"]) -> list[Any]:
    return [r for r in sandbox.requests(vendor) if r.accepted and r.request.method == "POST"]


async def test_a_text_that_arrived_although_its_answer_got_lost_is_found(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(TEXTS)
    sandbox.fail("twilio", drop="after")
    report = await engine.run("texts", engine.event({"texts": ["Sorry!"]}))
    assert report["outcome"] == "completed"
    assert len(accepted(sandbox, "twilio")) == 1
    assert report["variables"]["ids"][0].startswith("SM")
    assert step(report, "each[0].text")["found"] is True, "the report says how it is known"


async def test_a_text_that_did_not_arrive_stays_unknown(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(TEXTS)
    sandbox.fail("twilio", status=500)
    report = await engine.run("texts", engine.event({"texts": ["Sorry!"]}))
    assert step(report, "each[0].text")["status"] == "unknown"
    assert not accepted(sandbox, "twilio")


async def test_a_match_that_another_step_has_claimed_settles_nothing(engine: Engine, sandbox: Sandbox) -> None:
    text = '{from: "+15550100100", to: "+15550123123", text: Same}'
    engine.define(f"""
        name: twice
        trigger: {{event: test.fired}}
        actions:
          - {{id: first, actionType: send_sms, config: {text}}}
          - {{id: ask, actionType: http_request, config: {{method: GET, url: RECEIVER/ask}}, requireApproval: true}}
          - {{id: second, actionType: send_sms, config: {text}}}
    """)
    handle = await engine.start("twice")
    await engine.held(handle)
    sandbox.fail("twilio", status=500)
    await engine.decide(handle, hold="ask", decision="approve", by="ann")
    report = await engine.finish(handle)
    assert step(report, "first")["status"] == "succeeded"
    assert step(report, "second")["status"] == "unknown", "the vendor lists one such text, and it is the first step's"


async def test_a_post_is_found_by_its_key(engine: Engine, sandbox: Sandbox) -> None:
    engine.define("""
        name: post
        trigger: {event: test.fired}
        actions:
          - {label: Tell, actionType: send_slack_message, config: {channel: "#support", text: Hello}, saveAs: post}
    """)
    sandbox.fail("slack", drop="after", path="/slack/chat.postMessage")
    report = await engine.run("post")
    assert len(accepted(sandbox, "slack")) == 1
    assert report["outcome"] == "completed", step(report, "Tell")
    assert set(report["variables"]["post"]) == {"channel", "ts"}


RESET = """
name: reset
trigger: {event: test.fired}
actions:
  - {label: Look, actionType: http_request, config: {method: GET, url: RECEIVER/look}}
  - {label: Text, id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}}
  - {label: Post, id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}}
  - {label: New, id: new, actionType: http_request, config: {method: POST, url: RECEIVER/new, body: {}}}
"""


async def reset(engine: Engine, handle: WorkflowHandle[Any, Any], task: int) -> WorkflowHandle[Any, Any]:
    """Reset a run to its n-th workflow task and return the new run."""
    history = await engine.client.get_workflow_handle(handle.id).fetch_history()
    tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    return await engine.reset(handle.id, tasks[task])


async def test_after_a_reset_what_ran_is_found_or_held_and_what_did_not_run_is_sent(
    engine: Engine, sandbox: Sandbox
) -> None:
    engine.define(RESET)
    engine.receiver.answer("/new", 400)
    engine.receiver.answer("/new", 200)
    handle = await engine.start("reset")
    report = await engine.finish(handle)
    keys = {entry["id"]: entry["key"] for entry in report["steps"]}
    assert report["outcome"] == "failed"
    again = await reset(engine, handle, 1)
    (hold,) = await engine.held(again)
    assert hold["hold"] == "post", "the text was found at its vendor; nobody can look for the POST"
    assert "reset" in hold["error"]["message"]
    assert len(accepted(sandbox, "twilio")) == 1
    await engine.decide(again, hold="post", decision="skip", by="op")
    report = await engine.finish(again)
    assert report["outcome"] == "completed"
    assert {entry["id"]: entry["key"] for entry in report["steps"]} == keys, "keys survive a reset"
    assert len(engine.receiver.to("/post")) == 1
    assert len(engine.receiver.to("/new")) == 2, "it was refused before, so it runs"
    assert len(accepted(sandbox, "twilio")) == 1
    history = await again.fetch_history()
    await engine.replay_history(history)


async def test_a_reset_to_the_very_beginning_sends_nothing_twice(engine: Engine, sandbox: Sandbox) -> None:
    engine.define("""
        name: first
        trigger: {event: test.fired}
        actions:
          - {label: Text, id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}}
          - {label: Post, id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}}
    """)
    handle = await engine.start("first")
    await engine.finish(handle)
    again = await reset(engine, handle, 0)
    (hold,) = await engine.held(again)
    assert hold["hold"] == "post"
    await engine.decide(again, hold="post", decision="skip", by="op")
    assert (await engine.finish(again))["outcome"] == "completed"
    assert len(engine.receiver.to("/post")) == 1
    assert len(accepted(sandbox, "twilio")) == 1
    await engine.replay_history(await again.fetch_history())


async def test_a_reset_before_anything_dangerous_ran_asks_nobody(engine: Engine, sandbox: Sandbox) -> None:
    engine.define("""
        name: early
        trigger: {event: test.fired}
        actions:
          - {label: Look, actionType: http_request, config: {method: GET, url: RECEIVER/look}}
          - {id: pause, wait: 1h}
          - {label: Text, id: text, actionType: send_sms, config: {from: "+15550100100", to: "+15550123123", text: Sorry}}
    """)
    engine.define(RESET)
    handle = await engine.start("early")
    while not engine.receiver.to("/look"):
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    again = await reset(engine, handle, 0)
    for _ in range(100):
        report: JSON = await again.query("report")
        if report["steps"] and step(report, "pause")["status"] == "running":
            break
        await asyncio.sleep(0.05)
    assert step(report, "pause")["status"] == "running"
    await again.cancel()
    assert (await engine.finish(again))["outcome"] == "canceled"


@pytest.mark.parametrize("choice", ["retry", "skip"])
async def test_on_unknown_hold_asks_an_operator(engine: Engine, choice: str) -> None:
    engine.define("""
        name: asks
        trigger: {event: test.fired}
        actions:
          - {label: Post, id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}, retry: {onUnknown: hold}}
    """)
    engine.receiver.drop("/post")
    engine.receiver.answer("/post", 200)
    handle = await engine.start("asks")
    (hold,) = await engine.held(handle)
    assert hold["kind"] == "failure"
    await engine.decide(handle, hold="post", decision=choice, by="op")
    assert (await engine.finish(handle))["outcome"] == "completed"
    sent = engine.receiver.to("/post")
    assert len(sent) == (2 if choice == "retry" else 1)
    assert len({r.headers["idempotency-key"] for r in sent}) == 1


async def test_on_unknown_retry_sends_again_under_the_same_key(engine: Engine) -> None:
    engine.define("""
        name: again
        trigger: {event: test.fired}
        actions:
          - {label: Post, id: post, actionType: http_request, config: {method: POST, url: RECEIVER/post, body: {}}, retry: {onUnknown: retry, initialInterval: 200}}
    """)
    engine.receiver.drop("/post")
    engine.receiver.answer("/post", 200)
    assert (await engine.run("again"))["outcome"] == "completed"
    assert len({r.headers["idempotency-key"] for r in engine.receiver.to("/post")}) == 1
    assert len(engine.receiver.to("/post")) == 2


async def test_a_vendor_in_trouble_is_asked_until_it_answers(engine: Engine, sandbox: Sandbox) -> None:
    engine.define("""
        name: trouble
        trigger: {event: test.fired}
        actions:
          - {label: Tell, actionType: send_slack_message, config: {channel: C0123456789, text: Hello}}
    """)
    sandbox.fail("slack", drop="after")
    sandbox.fail("slack", path="/slack/conversations.history", status=429, retry_after=0, times=2)
    sandbox.fail("slack", path="/slack/conversations.history", status=500)
    report = await engine.run("trouble")
    assert step(report, "Tell")["found"] is True
    assert len(accepted(sandbox, "slack")) == 1


async def test_the_same_text_of_a_step_beside_it_is_not_taken_for_its_own(engine: Engine, sandbox: Sandbox) -> None:
    text = '{from: "+15550100100", to: "+15550123123", text: Same}'
    engine.define(f"""
        name: twins
        trigger: {{event: test.fired}}
        paths:
          - actions: [{{id: one, actionType: send_sms, config: {text}, onFailure: continue}}]
          - actions: [{{id: two, actionType: send_sms, config: {text}, onFailure: continue}}]
    """)
    sandbox.fail("twilio", status=500)
    sandbox.fail("twilio", delay=3)
    report = await engine.run("twins")
    assert len(accepted(sandbox, "twilio")) == 1
    assert sorted(step(report, name)["status"] for name in ("one", "two")) == ["succeeded", "unknown"]


async def test_the_same_text_of_an_earlier_run_is_not_taken_for_its_own(engine: Engine, sandbox: Sandbox) -> None:
    engine.define(TEXTS)
    await engine.run("texts", engine.event({"texts": ["Same"]}))
    await asyncio.sleep(3.5)
    sandbox.fail("twilio", status=500)
    report = await engine.run("texts", engine.event({"texts": ["Same"]}))
    assert len(accepted(sandbox, "twilio")) == 1
    assert step(report, "each[0].text")["status"] == "unknown"
