"""What people see of decisions: what is missing before they decide, who decided what, and what was refused and why."""

from __future__ import annotations

import asyncio

from tests.engine import Engine, step
from tests.workers.command import on
from tests.workflows.view.test_details import shown

ASKS = """
name: asks
trigger: {event: test.fired, data: [contact, way]}
actions:
  - branch:
      - conditions: {all: [{field: way, operator: equals, value: left}]}
        actions:
          - {label: Left, id: left, actionType: http_request, config: {method: GET, url: RECEIVER/left}}
    otherwise:
      - paths:
          - label: Outer
            actions:
              - branch:
                  - conditions: {all: [{field: way, operator: equals, value: right}]}
                    actions:
                      - label: Refund
                        id: refund
                        actionType: http_request
                        config: {method: POST, url: RECEIVER/refund, body: {to: "{{contact.iban}}"}}
                        requireApproval:
                          approvers: [ann, bob]
                          notify:
                            - on: [opened]
                              actionType: http_request
                              config: {method: POST, url: RECEIVER/notice, body: {missing: "{{hold.missing}}"}}
          - label: Beside
            actions:
              - {label: A while, id: pause, wait: 3h}
  - {label: Last, id: last, actionType: http_request, config: {method: GET, url: RECEIVER/last}}
"""


async def test_approvers_see_what_is_missing_and_everybody_what_was_decided(engine: Engine) -> None:
    engine.define(ASKS)
    handle = await engine.start("asks", engine.event({"contact": {"name": "Eve"}, "way": "right"}))
    (hold,) = await engine.held(handle)
    assert hold["missing"] == ["contact.iban"]
    assert step(await handle.query("report"), "refund")["missing"] == hold["missing"]
    while not engine.receiver.to("/notice"):
        await handle.query("holds")
    assert engine.receiver.to("/notice")[0].body == {"missing": ["contact.iban"]}
    assert engine.receiver.to("/refund") == []
    for command in (["holds"], ["hold", "show", handle.id, "refund"]):
        ended = await on(engine, *command)
        assert "contact.iban" in ended.out.partition("missing:")[2]
    await handle.signal("approve", {"hold": "refund", "by": "mallory"})
    await handle.signal("approve")
    text = await shown(engine, handle.id)
    assert "- Missing in this run, and so empty in the request: `contact.iban`" in text
    decisions = text.partition("## Decisions\n")[2].partition("## Steps")[0].splitlines()
    assert "✗" in decisions[0]
    assert (
        "**approve refund by mallory** · refused: not_allowed · mallory may not decide this; ann, bob may."
        in decisions[0]
    )
    assert "**no decision** · refused: invalid · A decision is one JSON object" in decisions[1]
    steps = text.partition("## Steps\n")[2]
    assert "- · ↳ **Left** · not taken" in steps
    assert "### Outer · running" in steps
    assert "- ‖ ↳ **Refund** · held" in steps
    assert "### Beside · running\n- ▶ **A while** · running · until 20" in steps
    report = await handle.query("report")
    left = step(report, "left")
    assert (left["status"], left["reason"]) == ("skipped", "not taken")
    assert step(report, "last")["status"] == "pending"
    assert step(report, "pause")["until"] > step(report, "pause")["startedAt"]
    out = (await on(engine, "report", handle.id)).out
    assert "not taken" in out
    assert "waits until 20" in out
    assert "approve refund by mallory: not_allowed (mallory may not decide this; ann, bob may.)" in out
    assert "None" not in out
    receipt = await engine.decide(handle, hold="refund", decision="reject", by="ann", reason="no account")
    assert receipt["result"] == "accepted"
    late = await engine.decide(handle, hold="refund", decision="approve", by="bob")
    assert late["result"] == "already_decided"
    assert late["message"] == (
        "ann has decided this already: reject. The step ended as rejected: Refused by ann: no account."
    )
    text = await shown(engine, handle.id)
    assert "✓" in text
    assert "**reject refund by ann** · accepted · no account" in text
    assert "refused: already_decided" in text
    await handle.terminate()
    engine.handles.clear()


FAILED = """
name: broken
trigger: {event: test.fired}
paths:
  - actions:
      - {id: bad, actionType: http_request, config: {method: GET, url: RECEIVER/bad}}
      - {id: after, actionType: http_request, config: {method: GET, url: RECEIVER/after}}
  - actions:
      - {id: pause, wait: 3h}
"""


async def test_what_can_not_be_reached_any_more_is_not_pending(engine: Engine) -> None:
    engine.define(FAILED)
    engine.receiver.answer("/bad", 400)
    handle = await engine.start("broken")
    async with asyncio.timeout(20):
        statuses: dict[str, str] = {}
        while statuses.get("bad") != "failed":
            statuses = {entry["id"]: entry["status"] for entry in (await handle.query("report"))["steps"]}
    assert (statuses["after"], statuses["pause"]) == ("skipped", "running")
    await handle.terminate()
    engine.handles.clear()
