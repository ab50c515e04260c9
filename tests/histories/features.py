"""One run of each feature that a run's history depends on, as `scripts/record_histories.py` records it.

A feature is a definition and what people do to the run of it. Its runs are short and use whatever may change how a run
replays: a hold, a loop, a timer, a reset. `SETTINGS` are dynamic settings of the Temporal server it needs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from tests.activities.rest import rows
from tests.engine import Engine
from tests.histories import keyed_features as keyed
from tests.histories.parked_features import parked
from trunkline.actions import endpoint
from trunkline.wire import STARTER
from workers.process.pauses import TemporalPauses

KEY = "recorded:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
"""The key of the history that is encrypted: replaying it needs it, and it protects nothing else."""

Run = WorkflowHandle[Any, Any]


class Feature(NamedTuple):
    """What is recorded.

    Attributes:
        play: starts the run, decides what it holds, and returns it when it has ended.
        settings: of the Temporal server, where the feature shows only under these.
        outcome: how the run ends; None: it is no run, and has no report.
    """

    play: Callable[[Engine], Awaitable[Run]]
    settings: tuple[str, ...] = ()
    outcome: str | None = "completed"


async def begin(engine: Engine, actions: str, **data: Any) -> Run:
    """Start a run of these actions."""
    names = ", ".join(data)
    engine.define(f"name: recorded\ntrigger: {{event: test.fired, data: [{names}]}}\nactions:\n{actions}")
    return await engine.start("recorded", engine.event(data))


async def end(engine: Engine, run: Run) -> Run:
    """Wait until a run has ended."""
    await engine.finish(run)
    return run


async def decide(engine: Engine, run: Run, decision: str, **more: Any) -> None:
    """Decide the first open hold."""
    hold = (await engine.held(run))[0]
    receipt = await engine.decide(run, hold=hold["hold"], digest=hold["digest"], decision=decision, **more)
    if receipt["result"] not in {"accepted", "needs_more"}:
        raise AssertionError(receipt)


POST = "actionType: http_request, config: {method: POST, url: RECEIVER/orders, body: {amount: 25}}"


async def approval(engine: Engine) -> Run:
    """A request that one person approves, after a word from one who may not."""
    run = await begin(engine, f"  - {{id: refund, {POST}, requireApproval: {{approvers: [ann]}}}}")
    hold = (await engine.held(run))[0]["hold"]
    await engine.decide(run, hold=hold, decision="approve", by="eve")
    await decide(engine, run, "approve", by="ann")
    return await end(engine, run)


async def rejection(engine: Engine) -> Run:
    """A request that is rejected by signal, beside a path that goes on."""
    run = await begin(
        engine,
        f"""  - id: both
    paths:
      - {{label: Asked, actions: [{{id: refund, {POST}, requireApproval: true}}]}}
      - {{label: Not, actions: [{{id: note, {POST}}}]}}""",
    )
    hold = (await engine.held(run))[0]["hold"]
    await run.signal("reject", {"hold": hold, "by": "ann", "reason": "already refunded"})
    return await end(engine, run)


async def parallel_holds(engine: Engine) -> Run:
    """An approval beside a failure that is held, both told by Temporal's list until they are decided."""
    engine.receiver.answer("/broken", 422)
    broken = "{id: broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}, onFailure: hold}"
    run = await begin(
        engine,
        f"""  - paths:
      - actions: [{{id: refund, {POST}, requireApproval: {{approvers: [ann], allowEdit: needsApproval}}}}]
      - actions: [{broken}]""",
    )
    await engine.held(run, 2)
    await engine.decide(run, hold="refund", decision="edit", by="ann", edits={"/body/amount": 20})
    await engine.decide(run, hold="broken", decision="skip", by="ann")
    await decide(engine, run, "approve", by="ann")
    return await end(engine, run)


async def quorum(engine: Engine) -> Run:
    """A request that two of three approve; one who has approved already counts once."""
    run = await begin(
        engine, f"  - {{id: refund, {POST}, requireApproval: {{approvers: [ann, bob, cleo], quorum: 2}}}}"
    )
    await decide(engine, run, "approve", by="ann")
    hold = (await engine.held(run))[0]["hold"]
    await engine.decide(run, hold=hold, decision="approve", by="Ann ")
    await decide(engine, run, "approve", by="bob")
    return await end(engine, run)


async def messages(engine: Engine) -> Run:
    """Messages in which holds can be decided: one is edited, then approved; a step that stops the run ends the other."""
    for method in ("chat.postMessage", "chat.update"):
        engine.receiver.answer(f"/slack/{method}", body={"ok": True, "channel": "C1", "ts": "1.000001"})
    ask = "notify: [{actionType: send_slack_approval, config: {channel: C0REFUNDS}}]"
    run = await begin(
        engine,
        f"""  - id: both
    paths:
      - label: Asked
        actions:
          - {{id: refund, {POST}, requireApproval: {{approvers: [ann], allowEdit: needsApproval, {ask}}}}}
          - {{stop: completed, reason: Refunded}}
      - {{label: Also, actions: [{{id: other, {POST}, requireApproval: {{approvers: [ann], {ask}}}}}]}}""",
    )
    await engine.held(run, 2)
    while len(engine.receiver.to("/slack/chat.postMessage")) < 2:
        await asyncio.sleep(0.05)
    await engine.decide(run, hold="refund", decision="edit", by="ann", edits={"/body/amount": 20})
    while not engine.receiver.to("/slack/chat.update"):
        await asyncio.sleep(0.05)
    hold = next(one for one in await engine.held(run, 2) if one["hold"] == "refund")
    await engine.decide(run, hold="refund", decision="approve", by="ann", digest=hold["digest"])
    return await end(engine, run)


async def deadline(engine: Engine) -> Run:
    """A request that is reminded of, is handed to other people, is given longer, and runs out of time."""
    run = await begin(
        engine,
        """  - id: refund
    actionType: http_request
    config: {method: POST, url: RECEIVER/orders, body: {amount: 25}}
    requireApproval:
      approvers: [ann]
      operators: [ops]
      remindAfter: 1s
      expiresAfter: 30s
      notify:
        - on: [opened, reminder]
          actionType: http_request
          config: {method: POST, url: RECEIVER/notices, body: "{{hold.label}}"}""",
    )
    await asyncio.sleep(1.5)
    await decide(engine, run, "reassign", by="ops", approvers=["bob"])
    await decide(engine, run, "extend", by="ops", deadline="1s")
    return await end(engine, run)


async def edit(engine: Engine) -> Run:
    """A request that an approver changes, and that goes out as changed."""
    run = await begin(engine, f"  - {{id: refund, {POST}, requireApproval: {{approvers: [ann], allowEdit: true}}}}")
    await decide(engine, run, "edit", by="ann", edits={"/body/amount": 20})
    return await end(engine, run)


async def failure_hold(engine: Engine) -> Run:
    """A step that is refused, held, tried again with another body, refused again, and supplied."""
    for _ in range(2):
        engine.receiver.answer("/orders", 400)
    run = await begin(engine, f"  - {{id: refund, {POST}, onFailure: hold, saveAs: refund}}")
    await decide(engine, run, "retry", by="ann", edits={"/body/amount": 20})
    while len(engine.receiver.to("/orders")) < 2 or not await run.query("holds"):
        await asyncio.sleep(0.05)
    await decide(engine, run, "supply", by="ann", result={"status": 200, "headers": {}, "body": {"id": 1}})
    return await end(engine, run)


async def retries(engine: Engine) -> Run:
    """A step that Temporal tries again, and one whose outcome nobody knows, that is skipped."""
    engine.receiver.answer("/look", 503)
    engine.receiver.answer("/look")
    engine.receiver.drop("/orders")
    run = await begin(
        engine,
        f"""  - {{id: look, actionType: http_request, config: {{method: GET, url: RECEIVER/look}}, retry: {{initialInterval: 100ms}}}}
  - {{id: refund, {POST}, retry: {{onUnknown: hold}}}}""",
    )
    await decide(engine, run, "skip", by="ann", reason="it was paid by hand")
    return await end(engine, run)


PAUSING = replace(rows.DESK, pauses=True)
CHANGE = endpoint(
    PAUSING,
    "helpdesk.limited",
    "Change a record.",
    "PATCH /v1/x/{id}",
    rows.Change,
    rows.Record,
    example={"id": "1"},
    attempts=2,
    requests=3,
    writes=("record:id",),
)


async def limits(engine: Engine) -> Run:
    """Two writes of one record side by side, each of several requests, at an account that is paused, with a rate."""
    engine.actions = {**engine.actions, CHANGE.name: CHANGE}
    entry = {"kind": "helpdesk", "site": "acme", "apiKey": "key-1234567890", "baseUrl": engine.receiver.url}
    engine.connections["desk"] = {**entry, "rateLimit": {"requestsPerSecond": 20}}
    engine.receiver.answer("/v1/x/1", body={"data": {"id": "1"}})
    account = rows.Desk(site="acme", api_key="key-1234567890", base_url=engine.receiver.url)
    await TemporalPauses(engine.client).begin(PAUSING.account(account), 1)
    step = "actionType: helpdesk.limited, config: {id: '1', noteText: Hi}"
    run = await begin(
        engine,
        f"""  - id: both
    paths:
      - {{label: One, actions: [{{id: one, {step}}}]}}
      - {{label: Other, actions: [{{id: other, {step}}}]}}""",
    )
    return await end(engine, run)


async def loop(engine: Engine) -> Run:
    """A loop with iterations side by side, each with conditions, a branch and a variable of its own."""
    run = await begin(
        engine,
        f"""  - id: each
    forEach: "{{{{numbers}}}}"
    parallel: 2
    actions:
      - {{id: ask, {POST}, saveAs: answer}}
      - id: which
        branch:
          - conditions: {{field: item, operator: greater_than, value: 2}}
            actions: [{{id: large, {POST}}}]
        otherwise: [{{wait: 1s}}]
  - {{id: last, {POST}, conditions: {{field: numbers, operator: contains, value: 9}}}}""",
        numbers=[1, 2, 3],
    )
    return await end(engine, run)


async def continue_as_new(engine: Engine) -> Run:
    """A loop whose run continues as new, with a variable and a decision carried along."""
    run = await begin(
        engine,
        f"""  - {{id: refund, {POST}, saveAs: refund, requireApproval: {{approvers: [ann]}}}}
  - id: each
    forEach: "{{{{numbers}}}}"
    actions: [{{id: one, {POST}}}]
  - {{id: last, actionType: http_request, config: {{method: POST, url: RECEIVER/last, body: "{{{{variables.refund}}}}"}}}}""",
        numbers=[1, 2, 3, 4, 5, 6],
    )
    await decide(engine, run, "approve", by="ann")
    return await end(engine, run)


async def repeat(engine: Engine) -> Run:
    """A block that is repeated until a condition holds, over a run that continues as new, after a computed wait."""
    for state in ("new", "new", "new", "done"):
        engine.receiver.answer("/job", body={"state": state})
    run = await begin(
        engine,
        f"""  - {{id: rest, wait: "{{{{pause}}}}"}}
  - id: poll
    repeat:
      - {{id: look, actionType: http_request, config: {{method: GET, url: RECEIVER/job}}, saveAs: job}}
      - {{id: tell, {POST}}}
    until: {{field: variables.job.body.state, operator: equals, value: done}}
    every: 200ms
    atMost: 1m
  - forEach: "{{{{prices}}}}"
    actions: [{{id: put, {POST}}}]""",
        pause="300ms",
        prices={"b": 1, "a": 2},
    )
    return await end(engine, run)


async def race(engine: Engine) -> Run:
    """Paths of which the first that succeeds cancels the others: a request, a wait, a hold, and a step behind."""
    engine.receiver.stall("/slow", 30)
    run = await begin(
        engine,
        f"""  - id: race
    first: true
    paths:
      - actions: [{{id: slow, actionType: http_request, config: {{method: GET, url: RECEIVER/slow}}}}]
      - actions: [{{id: refund, {POST}, requireApproval: {{approvers: [ann]}}}}]
      - actions:
          - {{id: behind, actionType: http_request, config: {{method: GET, url: RECEIVER/slow, parseResponse: false}}}}
          - {{id: longer, wait: 1h}}
      - actions: [{{id: rest, wait: 1s}}, {{id: won, {POST}, saveAs: won}}]
  - {{id: last, {POST}, conditions: {{field: variables.won.status, operator: equals, value: 200}}}}""",
    )
    return await end(engine, run)


async def reset(engine: Engine) -> Run:
    """A run that is reset to before a step that was sent: it is held, and skipped."""
    first = await end(
        engine, await begin(engine, f"  - {{id: refund, {POST}}}\n  - {{wait: 1s}}\n  - {{id: last, {POST}}}")
    )
    history = await first.fetch_history()
    completed = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    run = await engine.reset(first.id, completed[0])
    report: dict[str, Any] = {}
    while report.get("outcome") in {None, "running"}:
        try:
            for hold in await run.query("holds"):
                await engine.decide(run, hold=hold["hold"], decision="skip", by="ann", reason="it was sent before")
            report = await run.query("report")
        except RPCError as error:  # the worker has not begun with it
            if error.status not in {RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION}:
                raise
    return run


async def background(engine: Engine) -> Run:
    """A send that the path does not wait for."""
    run = await begin(
        engine,
        """  - {id: behind, actionType: http_request, config: {method: POST, url: RECEIVER/orders, parseResponse: false}}
  - {id: look, actionType: http_request, config: {method: GET, url: RECEIVER/look}}""",
    )
    return await end(engine, run)


async def reactions(engine: Engine) -> Run:
    """A run that fails, does what follows that, and is resumed; a refusal is reacted to as well."""
    engine.receiver.answer("/pay", 422)
    engine.receiver.answer("/pay")
    run = await begin(
        engine,
        f"""  - id: pay
    actionType: http_request
    config: {{method: POST, url: RECEIVER/pay}}
    onFailure: [{{when: any, actions: [{{id: undo, {POST}}}]}}]
  - {{id: change, {POST}, requireApproval: true, onRejected: {{actions: [{{id: keep, {POST}}}]}}}}
onFailure: {{actions: [{{id: tell, {POST}}}]}}""",
    )
    await end(engine, run)
    history = await run.fetch_history()
    completed = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    again = await engine.reset(run.id, completed[-1])
    await decide(engine, again, "reject", by="ann")
    return await end(engine, again)


async def encryption(engine: Engine) -> Run:
    """A held run whose payloads are encrypted."""
    engine.hold_keys(KEY)
    return await approval(engine)


async def cancel(engine: Engine) -> Run:
    """A held run that is canceled."""
    run = await begin(engine, f"  - {{id: refund, {POST}, requireApproval: true}}")
    await engine.held(run)
    await run.cancel()
    return await end(engine, run)


async def call(engine: Engine) -> Run:
    """A run that calls another, picks from its result, and is told by it as it was never handed over."""
    called = "name: called\ntrigger: {event: x.y, live: false}\nactions: [{wait: 1s}]\nresult: {how: '{{event.type}}'}"
    engine.define(called)
    run = await begin(
        engine,
        """  - id: call
    actionType: run_automation
    config: {automation: called}
    timeout: 1m
    pick: {how: result.how}
    saveAs: told""",
    )
    return await end(engine, run)


async def call_continued(engine: Engine) -> Run:
    """A run that continues as new while the one that it has called is held, and then asks how that has ended."""
    held = (
        f"name: called\ntrigger: {{event: x.y, live: false}}\nactions:\n  - {{id: ask, {POST}, requireApproval: true}}"
    )
    engine.define(held)
    posts = "\n".join(f"          - {{{POST}}}" for _ in range(8))
    run = await begin(
        engine,
        f"""  - paths:
      - actions:
          - {{id: call, actionType: run_automation, config: {{automation: called}}, saveAs: told}}
      - actions:
{posts}""",
    )
    now = engine.client.get_workflow_handle(run.id)
    while (await now.describe()).run_id == run.first_execution_run_id:
        await asyncio.sleep(0.05)
    report = await now.query("report")
    called = next(entry["calls"] for entry in report["steps"] if entry["id"] == "call")
    await decide(engine, engine.client.get_workflow_handle(called), "approve", by="ann")
    return await end(engine, now)


async def starter(engine: Engine) -> Run:
    """What a schedule starts: it starts the run of its instant, and ends with it."""
    engine.define("name: fired\ntrigger: {schedule: {every: 1h}}\nactions: [{wait: 1s}]")
    await engine.serve()
    run = await engine.client.start_workflow(
        STARTER, id=f"trunkline/{engine.task_queue}/fired-2026-11-28T08:00:00Z", task_queue=engine.task_queue
    )
    await run.result()
    return run


SHOP = """{"openapi": "3.1.0", "paths": {"/orders/{id}": {"post": {"operationId": "refund", "summary": "%s",
"requestBody": {"content": {"application/json": {"schema": {"properties": {"amount": {"type": "%s"}}}}}}}}}}"""


async def operation(engine: Engine) -> Run:
    """A held operation whose description changes, so that it is held once more."""
    description = engine.folder.parent / "shop.json"
    description.write_text(SHOP % ("Refund", "integer"))
    shop = {"kind": "openapi", "description": str(description), "baseUrl": engine.receiver.url}
    engine.connections = {"shop": shop}
    config = "{connectorId: shop, actionId: refund, params: {id: '7', amount: 25}}"
    step = f"  - {{id: refund, actionType: execute_connector_action, config: {config}, requireApproval: true}}"
    run = await begin(engine, step)
    [first] = await engine.held(run)
    description.write_text(SHOP % ("Refund an order", "number"))
    await decide(engine, run, "approve", by="ann")
    while (await engine.held(run))[0]["hold"] == first["hold"]:
        await asyncio.sleep(0.05)
    await decide(engine, run, "approve", by="ann")
    return await end(engine, run)


TOOL = {"name": "refund", "inputSchema": {"type": "object", "properties": {"amount": {"type": "integer"}}}}
OTHER = {"name": "refund", "inputSchema": {"type": "object", "properties": {"amount": {"type": "number"}}}}


async def tool(engine: Engine) -> Run:
    """A tool that nobody has to release, until its server has another one of that name."""
    tools = engine.folder.parent / "tools.json"
    tools.write_text(json.dumps({"tools": [TOOL]}))
    engine.connections = {"shop": {"kind": "mcp", "description": str(tools), "baseUrl": f"{engine.receiver.url}/mcp"}}
    known = {"supportedVersions": ["2026-07-28"]}
    said = [known, {"tools": [OTHER]}, known, {"tools": [TOOL]}, {"content": []}]
    for number, result in zip((1, 2, 1, 2, 3), said, strict=True):
        engine.receiver.answer("/mcp", body={"jsonrpc": "2.0", "id": number, "result": result})
    config = "{connectorId: shop, actionId: refund, params: {amount: 25}}"
    step = f"  - {{id: refund, actionType: execute_connector_action, config: {config}, requireApproval: false}}"
    run = await begin(engine, step)
    await engine.held(run)
    await decide(engine, run, "approve", by="ann")
    return await end(engine, run)


SHORT = ("limit.historyCount.suggestContinueAsNew=40",)


async def values(engine: Engine) -> Run:
    """Variables that are set from a constant, from what a pattern finds and from JSON, and that decide what is sent."""
    engine.define("""
        name: recorded
        trigger: {event: test.fired, data: [order]}
        constants: {limits: {gold: 100, silver: 10}}
        actions:
          - set:
              limit: "{{constants.limits[order.tier]}}"
              found: "{{order.note | match: '^ref (\\\\d+)$', 'im'}}"
              extra: "{{order.extra | parse_json}}"
          - conditions: {field: variables.found.captures, operator: contains, value: "42"}
            set: {sum: "{{variables.extra.amounts | sum}}"}
          - conditions: {field: variables.sum, operator: less_than, value: "{{variables.limit}}"}
            actionType: http_request
            config: {method: POST, url: RECEIVER/orders, body: {index: "{{variables.found.index}}"}}
    """)
    order = {"tier": "gold", "note": "Hello,\r\nRef 42\r\n", "extra": '{"amounts": [1.5, 2]}'}
    return await end(engine, await engine.start("recorded", engine.event({"order": order})))


FEATURES = {
    "approval": Feature(approval),
    "awaited-event": Feature(keyed.awaited_event, SHORT),
    "background": Feature(background),
    "call": Feature(call),
    "call-continued": Feature(call_continued, SHORT),
    "cancel": Feature(cancel, outcome="canceled"),
    "continue-as-new": Feature(continue_as_new, SHORT),
    "deadline": Feature(deadline, outcome="rejected"),
    "dispatched": Feature(keyed.dispatched, outcome=None),
    "dispatched-to-gate": Feature(keyed.dispatched_to_gate, outcome=None),
    "edit": Feature(edit),
    "encryption": Feature(encryption),
    "failure-hold": Feature(failure_hold),
    "gate": Feature(keyed.gate, outcome=None),
    "gated-run": Feature(keyed.gated_run),
    "kept-value": Feature(keyed.kept_value, SHORT, outcome=None),
    "limits": Feature(limits),
    "loop": Feature(loop),
    "messages": Feature(messages),
    "operation": Feature(operation),
    "parallel-holds": Feature(parallel_holds),
    "parked": Feature(parked),
    "quorum": Feature(quorum),
    "race": Feature(race),
    "reactions": Feature(reactions, outcome="rejected"),
    "repeat": Feature(repeat, SHORT),
    "rejection": Feature(rejection, outcome="rejected"),
    "reset": Feature(reset),
    "retries": Feature(retries),
    "starter": Feature(starter, outcome=None),
    "subscriptions": Feature(keyed.subscriptions, SHORT, outcome=None),
    "tool": Feature(tool),
    "values": Feature(values),
}
