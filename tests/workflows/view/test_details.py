"""What the stock web UI shows of a run."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from google.protobuf.json_format import Parse
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest

from tests.engine import Engine
from workflows.holds.wording import decider, visible
from workflows.view.details import details

DESK = """
name: desk
trigger: {event: test.fired, data: [contact]}
actions:
  - {label: First, actionType: http_request, config: {method: GET, url: RECEIVER/first}}
  - paths:
      - label: The *team*
        actions:
          - {label: Tell, actionType: http_request, config: {method: GET, url: RECEIVER/tell}}
      - label: The caller
        actions:
          - label: Refund
            id: refund
            actionType: http_request
            config: {method: POST, url: RECEIVER/refund, body: {note: "{{contact.note}}"}}
            requireApproval: {approvers: [lead@example.com], expiresAfter: 1h}
  - {label: Last, actionType: http_request, config: {method: GET, url: RECEIVER/last}}
"""


async def shown(engine: Engine, workflow_id: str) -> str:
    """Ask for current details as the web UI does."""
    answer = await engine.client.workflow_service.query_workflow(
        QueryWorkflowRequest(
            namespace="default",
            execution=WorkflowExecution(workflow_id=workflow_id),
            query=WorkflowQuery(query_type="__temporal_workflow_metadata"),
        )
    )
    return Parse(answer.query_result.payloads[0].data, WorkflowMetadata()).current_details


async def test_says_first_what_it_waits_for_and_what_releases_it(engine: Engine) -> None:
    engine.define(DESK)
    handle = await engine.start("desk", engine.event({"contact": {"note": "``` ## " + "x" * 300}}))
    (hold,) = await engine.held(handle)
    text = await shown(engine, handle.id)
    while "### The \\*team\\* · running" in text:  # it runs beside what is held
        await asyncio.sleep(0.05)
        text = await shown(engine, handle.id)
    assert text.startswith("## Waits for a decision: Refund\n")
    assert "by lead@example.com · until 20" in text
    blocks = re.findall(r"```\n(.*?)\n```", text, re.DOTALL)
    assert all(len(line) <= 60 for line in blocks[0].splitlines()), "what would be sent is wrapped"
    assert blocks[1].replace("\\\n", "").split() == [
        *("trunkline", "approve", handle.id, "refund", "--by", "lead@example.com", "--digest", hold["digest"])
    ]
    signal, update = json.loads(blocks[2]), json.loads(blocks[3])
    assert signal == {"hold": "refund", "by": "you@example.com", "digest": hold["digest"]}
    assert update == {"decision": "approve", **signal}
    assert f"- Digest `{hold['digest']}`" in text
    assert "- Approvals: 0 of 1" in text
    assert f"- Where nobody decides by {hold['deadline'][:16].replace('T', ' ')} UTC, it counts as refused." in text
    assert text.count("`by` is what the sender claims") == 1
    steps = text.partition("## Steps\n")[2]
    assert re.match(r"- ✓ \*\*First\*\* · succeeded · \d\d:\d\d:\d\d\n", steps)
    assert "### The \\*team\\* · succeeded" in steps
    assert "### The caller · running\n- ‖ **Refund** · held" in steps
    assert "### Then\n- · **Last** · pending" in steps
    await handle.signal("approve", signal | {"by": "lead@example.com"})
    await engine.finish(handle)
    after = await shown(engine, handle.id)
    assert after.startswith("## Completed")
    assert "- ✓ **Last** · succeeded" in after


async def test_what_was_tolerated_stands_behind_the_outcome(engine: Engine) -> None:
    engine.define("""
        name: tolerant
        trigger: {event: test.fired}
        actions: [{label: Pay, actionType: http_request, config: {method: POST, url: RECEIVER/pay}, onFailure: continue}]
    """)
    engine.receiver.drop("/pay")
    handle = await engine.start("tolerant")
    await engine.finish(handle)
    assert (await shown(engine, handle.id)).startswith("## Completed, 1 step unknown, tolerated\n")


FAILING = """
name: failing
trigger: {event: test.fired}
actions:
  - {label: Call, id: call, actionType: http_request, config: {method: GET, url: RECEIVER/call}, onFailure: hold}
"""


async def test_a_failure_that_waits_shows_its_error_and_the_update_that_settles_it(engine: Engine) -> None:
    engine.define(FAILING)
    engine.receiver.answer("/call", 404)
    engine.receiver.answer("/call", 200)
    handle = await engine.start("failing")
    (hold,) = await engine.held(handle)
    text = await shown(engine, handle.id)
    assert "It failed: The server answered with status 404" in text
    assert "What was sent:" in text
    assert "by anyone" in text
    blocks = re.findall(r"```\n(.*?)\n```", text, re.DOTALL)
    assert blocks[1].replace("\\\n", "").split()[:4] == ["trunkline", "retry", handle.id, "call"]
    assert "Send a Signal" not in text, "failures are settled by updates only"
    update = json.loads(blocks[2])
    assert update == {"decision": "retry", "hold": "call", "by": "you@example.com", "digest": hold["digest"]}
    assert (await engine.decide(handle, **update))["result"] == "accepted"
    assert (await engine.finish(handle))["outcome"] == "completed"


def test_everything_that_a_hold_says_is_shown_and_nothing_of_it_is_markdown() -> None:
    digest = "ab" * 32
    hold: Any = {
        "hold": "refund",
        "step": "refund",
        "label": "Refund *now*",
        "actionType": "http_request",
        "kind": "approval",
        "request": {
            "actionType": "http_request",
            "connection": "shop`x",
            "config": {"url": "https://example.com"},
            "secrets": [{"path": "/headers/A", "name": "user", "start": 0, "filter": "basic", "password": "word"}],
        },
        "digest": digest,
        "openedAt": "2026-01-01T00:00:00.000Z",
        "approvers": ["ann_x@example.com", "bob@example.com"],
        "operators": ["ops@example.com"],
        "quorum": 2,
        "votes": [{"by": "ann_x@example.com", "decision": "approve", "at": "2026-01-01T00:00:00.000Z"}],
        "requester": "eve@example.com",
        "rejectNeedsReason": True,
        "allowEdit": "needsApproval",
        "verified": True,
        "digestRequired": True,
        "escalateAt": "2026-01-02T00:00:00.000Z",
        "escalateTo": ["boss@example.com"],
        "firstRunId": "r",
    }
    entry = {"id": "refund", "label": "Refund", "status": "held"}
    edited = {"at": "2026-01-01T10:00:00.000Z", "by": "ann_x@example.com", "edits": {"url": "x"}}
    report: Any = {"steps": [{**entry, "edited": [edited]}]}
    text = details(report, [hold], "a run/1")
    assert "## Waits for a decision: Refund \\*now\\*" in text
    for line in (
        "- Connection `shop'x`",
        "- Secret `user` goes to `/headers/A`",
        "- Secret `word` goes to `/headers/A`",
        "- Approvals: 1 of 2, ann\\_x@example.com",
        "- 2 different people must approve; one refusal ends it.",
        "- eve@example.com asked for it, and may neither approve nor edit.",
        "- A refusal needs a reason.",
        "- Decisions must be signed.",
        "- ops@example.com may reassign and extend it.",
        "- It does not expire.",
        "- From 2026-01-02 00:00 UTC boss@example.com may decide too.",
        "- Edited by ann\\_x@example.com at 2026-01-01 10:00 UTC",
    ):
        assert line in text.splitlines(), line
    assert "'a run/1'" in text
    assert "`edit`" in text
    assert "sender claims" not in text, "signed decisions prove who sent them"
    assert '"by"' not in text, "no form of that page can sign"
    holds: Any = [{**hold, "hold": f"refund#{n}"} for n in range(40)]
    report["steps"] = []
    many = details(report, holds, "run")
    assert many.count("## Waits") == 5
    assert "hold `refund#39`" in many


async def test_a_failed_run_says_what_failed(engine: Engine) -> None:
    engine.define(DESK)
    engine.receiver.answer("/first", 400, {"error": "no"})
    handle = await engine.start("desk")
    await engine.finish(handle)
    text = await shown(engine, handle.id)
    assert text.startswith("## Failed")
    assert re.search(r"- ✗ \*\*First\*\* · failed · \S+ · The server answered with status 400", text)


def test_nothing_in_a_request_is_hidden() -> None:
    assert visible('{"text": "a\u202etxet\u2066"}\n') == '{"text": "a\\u202etxet\\u2066"}\n'
    assert visible("\x1b[2J\x9b") == "\\u001b[2J\\u009b"
    assert visible("Grüße 👨‍👩‍👧, می‌خواهم\tok\n") == "Grüße 👨‍👩‍👧, می‌خواهم\tok\n"


def test_commands_name_somebody_who_may_still_decide() -> None:
    hold = {"approvers": ["group:ops", "Ann@example.com", "bob@example.com"], "operators": ["ops@example.com"]}
    assert decider(hold) == "Ann@example.com"
    assert decider({**hold, "votes": [{"by": "ann@example.com"}]}) == "bob@example.com"
    assert decider({**hold, "requester": "ann@example.com"}) == "bob@example.com"
    assert decider({"approvers": ["group:ops"]}) == decider({}) == "you@example.com"
    assert decider(hold, "operators") == "ops@example.com"


def test_a_run_that_is_not_let_in_yet_says_so() -> None:
    report: Any = {"steps": [], "gate": "It waits for its turn: another run for the same key goes on."}
    text = details(report, [], "a/1")
    assert text.startswith("## Waits at its gate\nIt waits for its turn: another run")
