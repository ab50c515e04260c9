"""What Temporal's list says about what waits: since when, for what, and the oldest holds themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowExecutionDescription, WorkflowHandle

from tests.engine import Engine
from workflows.view.attributes import HELD_FOR, HELD_SINCE
from workflows.view.memo import MORE, MOST, PREFIX

COUNT = 23
HOLD = "{{id: refund-{0}, label: Refund {0}, actionType: http_request, config: {{method: POST, url: RECEIVER/orders, body: '{{{{order.none}}}}'}}, requireApproval: {{approvers: [ann]}}}}"
MANY = "name: many\ntrigger: {event: test.fired, data: [order]}\npaths:\n" + "\n".join(
    f"  - actions: [{HOLD.format(number)}]" for number in range(COUNT)
)
MIXED = """
name: mixed
trigger: {event: test.fired}
actions:
  - paths:
      - actions: [{id: broken, actionType: http_request, config: {method: POST, url: RECEIVER/broken}, onFailure: hold}]
      - actions: [{id: refund, label: Refund, actionType: http_request, config: {method: POST, url: RECEIVER/orders}, requireApproval: {approvers: [ann, bob], quorum: 2}}]
"""


async def described(
    handle: WorkflowHandle[Any, Any], good: Callable[[WorkflowExecutionDescription, dict[str, Any]], bool]
) -> tuple[WorkflowExecutionDescription, dict[str, Any]]:
    """Wait until a run's memo and attributes are as they should be."""
    for _ in range(200):
        description = await handle.describe()
        memo = dict(await description.memo())
        if good(description, memo):
            return description, memo
        await asyncio.sleep(0.05)
    raise AssertionError((description.typed_search_attributes, memo))


async def test_the_memo_tells_the_oldest_holds_and_counts_the_others(engine: Engine) -> None:
    engine.define(MANY)
    handle = await engine.start("many", engine.event({"order": {"id": 1}}))
    held = await engine.held(handle, COUNT)
    description, memo = await described(handle, lambda _, memo: memo.get(MORE) == {"count": COUNT - MOST})
    oldest = sorted(held, key=lambda hold: hold["openedAt"])[:MOST]
    assert {name.removeprefix(PREFIX) for name in memo if name != MORE} == {hold["hold"] for hold in oldest}
    first = oldest[0]
    assert memo[PREFIX + first["hold"]] == {
        **{name: first[name] for name in ("hold", "step", "kind", "label", "digest", "openedAt")},
        "missing": True,
    }
    assert description.typed_search_attributes[HELD_SINCE] == datetime.fromisoformat(first["openedAt"])
    await engine.decide(handle, hold=first["hold"], decision="approve", by="ann")
    description, memo = await described(handle, lambda _, memo: memo.get(MORE) == {"count": COUNT - MOST - 1})
    assert PREFIX + first["hold"] not in memo
    assert description.typed_search_attributes[HELD_SINCE] == datetime.fromisoformat(oldest[1]["openedAt"])
    for hold in held:
        if hold is not first:
            await engine.decide(handle, hold=hold["hold"], decision="approve", by="ann")
    await engine.finish(handle)
    description, memo = await described(handle, lambda _, memo: not memo)
    assert description.typed_search_attributes.get(HELD_SINCE) is None
    sizes = [
        event.workflow_properties_modified_event_attributes.ByteSize()
        async for event in handle.fetch_history_events()
        if event.HasField("workflow_properties_modified_event_attributes")
    ]
    assert len(sizes) == 2 * COUNT
    assert max(sizes) < 600, "a change writes what changed, however many wait"


async def test_what_only_the_run_can_judge_is_marked_and_both_kinds_are_told(engine: Engine) -> None:
    engine.define(MIXED)
    engine.receiver.answer("/broken", 422)
    handle = await engine.start("mixed")
    await engine.held(handle, 2)
    both, memo = await described(handle, lambda _, memo: len(memo) == 2)
    assert both.typed_search_attributes[HELD_FOR] == "both"
    assert "ask" not in memo[f"{PREFIX}broken"]
    assert memo[f"{PREFIX}refund"]["ask"] is True
    await engine.decide(handle, hold="broken", decision="skip", by="ann")
    await described(
        handle, lambda one, memo: len(memo) == 1 and one.typed_search_attributes.get(HELD_FOR) == "approval"
    )
    await engine.decide(handle, hold="refund", decision="reject", by="ann")
    await engine.finish(handle)
