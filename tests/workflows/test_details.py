"""What the stock web UI shows of a run."""

from __future__ import annotations

import json
import re

from google.protobuf.json_format import Parse
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest

from tests.engine import Engine

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
    await engine.held(handle)
    text = await shown(engine, handle.id)
    assert text.startswith("## Waits for a decision: Refund\n")
    assert "by lead@example.com · until 20" in text
    blocks = re.findall(r"```\n(.*?)\n```", text, re.DOTALL)
    assert blocks[0].replace("\\\n", "").split() == ["trunkline", "approve", handle.id, "refund"]
    assert json.loads(blocks[1]) == {"hold": "refund", "by": "you@example.com"}
    assert all(len(line) <= 60 for line in blocks[2].splitlines()), "what would be sent is wrapped"
    steps = text.partition("## Steps\n")[2]
    assert re.match(r"- ✓ \*\*First\*\* · succeeded · \d\d:\d\d:\d\d\n", steps)
    assert "### The \\*team\\* · succeeded" in steps
    assert "### The caller · running\n- ‖ **Refund** · held" in steps
    assert "### Then\n- · **Last** · pending" in steps
    await handle.signal("approve", json.loads(blocks[1]) | {"by": "lead@example.com"})
    await engine.finish(handle)
    after = await shown(engine, handle.id)
    assert after.startswith("## Completed")
    assert "- ✓ **Last** · succeeded" in after


async def test_a_failed_run_says_what_failed(engine: Engine) -> None:
    engine.define(DESK)
    engine.receiver.answer("/first", 400, {"error": "no"})
    handle = await engine.start("desk")
    await engine.finish(handle)
    text = await shown(engine, handle.id)
    assert text.startswith("## Failed")
    assert re.search(r"- ✗ \*\*First\*\* · failed · \S+ · The server answered with status 400", text)
