"""Buttons in Slack: who may press them, what the run says, who is told, and what becomes of the message."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from tests.engine import Engine, step
from tests.workers.gateway.workspace import NEW, OLD, Workspace, workspace
from workers.gateway.errands import Errands
from workers.sandbox import Sandbox
from workers.sandbox.slack_clicks import buttons
from workers.sandbox.slack_people import STANDINGS

OWN_KEY = base64.b64encode(os.urandom(32)).decode()
SIGNING: dict[str, Any] = {"signingKey": {"id": "gateway", "hmac": OWN_KEY}}
NOTIFY = "notify: [{actionType: send_slack_approval, config: {channel: '#refunds'}, on: [opened, reminder, decided]}]"
SEND = "actionType: http_request, config: {method: POST, url: RECEIVER/NAME, body: {note: '{{order.note}}'}}"


def hold(name: str, policy: str) -> str:
    return f"- actions: [{{id: {name}, label: {name}, {SEND.replace('NAME', name)}, requireApproval: {{{policy}, {NOTIFY}}}}}]"


CAREFUL = f"""
name: careful
trigger: {{event: test.fired, data: [order]}}
actions:
  - paths:
      {hold("refund", "approvers: [ann@example.com, bob@example.com], quorum: 2, verified: true")}
      {hold("other", "approvers: [ann@example.com], rejectNeedsReason: true")}
      {hold("plain", "approvers: [ann@example.com]")}
      {hold("elsewhere", "approvers: [ann@example.com], remindAfter: 400")}
      {hold("late", "approvers: [ann@example.com], expiresAfter: 300")}
      - actions: [{{id: broken, label: broken, {SEND.replace("NAME", "broken")}, onFailure: hold}}]
approvals: {{{NOTIFY}}}
"""


@pytest_asyncio.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(0) as running:
        yield running


def shown(engine: Engine, sandbox: Sandbox) -> None:
    engine.connections["team-slack"]["baseUrl"] = f"{sandbox.url}/slack/"
    engine.signing_keys = {"gateway": {"hmac": OWN_KEY}}


async def test_what_people_press_in_slack(engine: Engine, sandbox: Sandbox, tmp_path: Path) -> None:
    shown(engine, sandbox)
    engine.define(CAREFUL)
    engine.receiver.answer("/broken", 400)
    async with workspace(engine.client, sandbox, tmp_path, task_queue=engine.task_queue, **SIGNING) as slack:
        handle = await engine.start("careful", engine.event({"order": {"note": "<!channel> *x* `y`"}}))
        await engine.held(handle, 4)
        await slack.until(lambda: len([*slack.slack.messages]) >= 6)
        await other_doors(engine, handle, slack)
        await strangers(slack)
        await both(slack)
        await reason(slack)
        failed = slack.message("broken")
        assert [one["action_id"] for one in buttons(failed)] == ["retry", "skip", "stop"]
        await slack.press(failed, "skip", "ann@example.com")
        await closed(slack, "broken", "Gone on without it by ann@example.com.")
        assert 'decisions_total{door="slack",result="stranger"} 8' in await slack.served.gateway.metrics()
        assert [*buttons(slack.message("plain"))]
        await handle.cancel()
        report = await engine.finish(handle)
        assert report["outcome"] == "canceled"
        assert "Withdrawn before anybody decided" in json.dumps(slack.message("plain"))
        assert not [one for one in slack.slack.messages if [*buttons(one)]], "nobody can press anything any more"
        assert {name: step(report, name)["status"] for name in ("refund", "other", "elsewhere", "late", "broken")} == {
            "refund": "succeeded",
            "other": "rejected",
            "elsewhere": "succeeded",
            "late": "expired",
            "broken": "skipped",
        }
        assert {one["status"] for entry in report["steps"] for one in entry.get("notified", [])} == {"succeeded"}


async def closed(slack: Workspace, name: str, sentence: str) -> None:
    """Wait until every message about a hold says how it was closed, and none has buttons."""

    def says() -> bool:
        about = [one for one in slack.slack.messages if name in one["text"]]
        return all(sentence in json.dumps(one) and not [*buttons(one)] for one in about)

    await slack.until(says)


async def other_doors(engine: Engine, handle: Any, slack: Workspace) -> None:
    await closed(slack, "late", "Rejected by the policy, as nobody decided in time.")
    await slack.until(lambda: "Still waits for approval: elsewhere" in [one["text"] for one in slack.slack.messages])
    assert (await engine.decide(handle, hold="elsewhere", by="ann@example.com", decision="approve"))[
        "result"
    ] == "accepted"
    await closed(slack, "elsewhere", "Approved by ann@example.com.")
    assert len([one for one in slack.slack.messages if "elsewhere" in one["text"]]) >= 2, "opened, and a reminder"


async def strangers(slack: Workspace) -> None:
    message = slack.message("refund")
    assert "&lt;!channel&gt;" in json.dumps(message)
    assert "<!channel>" not in json.dumps(message)
    for standing in STANDINGS[1:]:
        await slack.press(message, "approve", f"{standing}@example.com", standing)
        await slack.until(lambda: slack.told(f"{standing}@example.com"))  # noqa: B023 # awaited at once
        assert "Nothing was decided" in slack.told(f"{standing}@example.com")[0]


async def both(slack: Workspace) -> None:
    message = slack.message("refund")
    await slack.press(message, "approve", "eve@example.com")
    await slack.until(lambda: slack.told("eve@example.com"))
    assert "eve@example.com may not decide this" in slack.told("eve@example.com")[0]
    await slack.press(message, "approve", "ann@example.com", digest="other")
    await slack.until(lambda: slack.told("ann@example.com"))
    assert "not the one you saw" in slack.told("ann@example.com")[-1]
    await slack.press(message, "approve", "Ann@example.com")
    await slack.until(lambda: slack.told("Ann@example.com"))
    assert "1 of 2 approvals" in slack.told("Ann@example.com")[-1]
    await slack.press(message, "approve", "ann@example.com")
    await slack.until(lambda: len(slack.told("ann@example.com")) == 2)
    assert "You have approved this already" in slack.told("ann@example.com")[-1]
    twice = [slack.pressed(message, "approve", "bob@example.com") for _ in range(2)]
    for one in twice:
        assert (await slack.send(one)).status == 200
    await slack.until(lambda: slack.told("bob@example.com"))
    await slack.until(lambda: not [*buttons(slack.message("refund"))])
    text = json.dumps(slack.message("refund"))
    assert "Approved by Ann@example.com, bob@example.com." in text
    assert [len(slack.told("bob@example.com")), "already" in slack.told("bob@example.com")[0]] == [1, True]
    assert slack.message("refund")["ts"] == message["ts"]


async def reason(slack: Workspace) -> None:
    message = slack.message("other")
    await slack.press(message, "reject", "ann@example.com")
    await slack.until(lambda: slack.slack.screens.views)
    answer = await slack.send(slack.submitted("eve@example.com", "no"))
    assert "may not decide" in answer.json["errors"]["reason"]
    answer = await slack.send(slack.submitted("ann@example.com", "  "))
    assert answer.json == {"response_action": "errors", "errors": {"reason": "A refusal needs a `reason` here."}}
    answer = await slack.send(slack.submitted("ann@example.com", "refunded <!here> already"))
    assert (answer.status, answer.text) == (200, "")
    await slack.until(lambda: not [*buttons(slack.message("other"))])
    assert "refunded &lt;!here&gt; already" in json.dumps(slack.message("other"))
    answer = await slack.send(slack.submitted("ann@example.com", "again"))
    assert "You have decided this already" in answer.json["errors"]["reason"]


async def closed_client() -> Client:
    """A client of a Temporal that does not answer."""
    return await Client.connect("127.0.0.1:1", lazy=True)


VALUE = {"run": "refund/1", "hold": "refund", "digest": "d"}


def posted(slack: Workspace, **value: Any) -> dict[str, Any]:
    """Put a message with buttons into the channel, as a worker would have."""
    told = json.dumps({**VALUE, **value})
    elements = [{"type": "button", "action_id": name, "value": told} for name in ("approve", "reject")]
    message = {"channel": "C0REFUNDS", "text": "Refund", "blocks": [{"type": "actions", "elements": elements}]}
    slack.slack._post(message)
    return slack.message("Refund")


async def test_who_does_not_show_that_it_is_slack_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    async with workspace(await closed_client(), sandbox, tmp_path) as slack:
        nothing: dict[str, Any] = {"type": "shortcut"}
        for secret in (OLD, NEW):
            assert (await slack.send(nothing, secret=secret)).status == 200
        assert (await slack.send(nothing, secret="another")).status == 401
        for seconds in (-330, 330):
            assert (await slack.send(nothing, at=seconds)).status == 401
        assert (await slack.send(nothing, X_Slack_Request_Timestamp="abc")).status == 401
        assert (await slack.send(nothing, X_Slack_Signature="v0=")).status == 401
        assert (await slack.served.post("/slack/interactions", b"payload=%7B%7D")).status == 401
        assert (await slack.served.send("GET", "/slack/interactions")).status == 405
        odd: list[Any] = [
            [],
            {"type": "block_actions"},
            {"type": "block_actions", "actions": [5, {}, {"action_id": "approve", "value": "{"}]},
            {"type": "block_actions", "actions": [{"action_id": "approve", "value": json.dumps({**VALUE, "run": 5})}]},
            {"type": "block_actions", "actions": [{"action_id": "edit", "value": json.dumps(VALUE)}]},
            {"type": "view_submission", "view": {"callback_id": "trunkline_reject", "private_metadata": "[]"}},
            {"type": "view_submission", "view": {"callback_id": "another"}},
        ]
        for payload in odd:
            assert (await slack.send(payload)).status == 200, payload
        assert not slack.slack.screens.private
        described = (await slack.served.send("GET", "/openapi.json")).json
        assert {*described["paths"]["/slack/interactions"]["post"]["responses"]} == {"200", "401", "408", "413", "415"}


async def test_a_temporal_that_is_silent_holds_up_no_answer(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.gateway.slack.deciding.WITHIN", 0.5)
    writers: list[asyncio.StreamWriter] = []

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await reader.read()

    silent = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    host, port = silent.sockets[0].getsockname()
    try:
        async with workspace(await Client.connect(f"{host}:{port}", lazy=True), sandbox, tmp_path) as slack:
            began = time.monotonic()
            await slack.press(posted(slack), "approve", "ann@example.com")
            assert time.monotonic() - began < 0.4
            await slack.until(lambda: slack.told("ann@example.com"))
            assert "Temporal does not answer" in slack.told("ann@example.com")[0]
    finally:
        silent.close()
        for writer in writers:
            writer.close()


async def test_what_cannot_be_decided_now_is_told(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with workspace(await closed_client(), sandbox, tmp_path) as slack:
        message = posted(slack)
        sandbox.fail("slack", path="/slack/users.info", delay=0.3)
        await slack.press(message, "approve", "ann@example.com")
        assert not slack.told("ann@example.com"), "it was answered before Slack said who that is"
        await slack.until(lambda: slack.told("ann@example.com"))
        assert "Temporal does not answer" in slack.told("ann@example.com")[0]

        sandbox.fail(
            "slack",
            path="/slack/users.info",
            status=200,
            body={"ok": False, "error": "missing_scope", "needed": "users:read"},
        )
        await slack.press(message, "approve", "bob@example.com")
        await slack.until(lambda: slack.told("bob@example.com"))
        assert "missing_scope (needed: users:read)" in slack.told("bob@example.com")[0]

        pressed = slack.pressed(message, "approve", "guest@example.com", "guest")
        assert (await slack.send({**pressed, "response_url": f"{sandbox.url}/slack/responses/over"})).status == 200
        await slack.until(lambda: slack.told("guest@example.com"))
        assert sandbox.requests("slack")[-1].request.path == "/slack/chat.postEphemeral", "the other way to tell"

        asking = posted(slack, needsReason=True)
        late = slack.pressed(asking, "reject", "late@example.com")
        slack.slack.screens.tickets[late["trigger_id"]].made -= 4
        assert (await slack.send(late)).status == 200
        await slack.until(lambda: slack.told("late@example.com"))
        assert "expired_trigger_id. Click again" in slack.told("late@example.com")[0]

        await slack.press(asking, "reject", "ann@example.com")
        await slack.until(lambda: slack.slack.screens.views)
        answer = await slack.send(slack.submitted("ann@example.com", "no"))
        assert "Temporal does not answer" in answer.json["errors"]["reason"]
        monkeypatch.setattr("workers.gateway.slack.door.AT_ONCE", 0.05)
        sandbox.fail("slack", path="/slack/users.info", delay=0.3)
        answer = await slack.send(slack.submitted("ann@example.com", "no"))
        assert (answer.status, answer.text) == (200, "")
        await slack.until(lambda: len(slack.told("ann@example.com")) == 2)


async def test_a_click_without_a_worker_is_kept_and_counts_later(
    engine: Engine, sandbox: Sandbox, tmp_path: Path
) -> None:
    shown(engine, sandbox)
    policy = "approvers: [ann@example.com], verified: true"
    engine.define(
        f"name: kept\ntrigger: {{event: test.fired, data: [order]}}\nactions:\n  - paths:\n      {hold('refund', policy)}"
    )
    async with workspace(engine.client, sandbox, tmp_path, task_queue=engine.task_queue, **SIGNING) as slack:
        handle = await engine.start("kept", engine.event({"order": {"note": ""}}))
        await slack.until(lambda: [*slack.slack.messages])
        await engine.held(handle)
        await engine.stop()
        unpolled = "workers.gateway.slack.deciding.polled"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(unpolled, nobody)
            await slack.press(slack.message("refund"), "approve", "ann@example.com")
            await slack.until(lambda: slack.told("ann@example.com"))
        assert "Temporal keeps it" in slack.told("ann@example.com")[0]
        await engine.serve()
        report = await engine.finish(handle)
        assert step(report, "refund")["decision"]["by"] == "ann@example.com", "signed by the gateway's own key"


async def nobody(*_: Any) -> bool:
    return False


async def test_an_errand_that_fails_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("no")

    errands = Errands()
    task = errands.start(fail())
    await errands.finished()
    assert task.done()
    assert "this is a defect" in caplog.text
    waiting = errands.start(asyncio.sleep(60))
    await errands.drop()
    assert waiting.cancelled()


async def test_a_gateway_that_ends_finishes_its_clicks(sandbox: Sandbox, tmp_path: Path) -> None:
    async with workspace(await closed_client(), sandbox, tmp_path, grace=5) as slack:
        sandbox.fail("slack", path="/slack/users.info", delay=0.3)
        await slack.press(posted(slack), "approve", "guest@example.com", "guest")
    assert slack.told("guest@example.com")
