"""Runs that wait for people, without a worker: started with the search attributes and the memo that runs write."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.api.common.v1 import Payload, WorkflowType
from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey
from temporalio.converter import DataConverter

from workflows.report import timestamp
from workflows.view.attributes import APPROVERS, AUTOMATION, HELD_FOR, HELD_SINCE, HOLDS
from workflows.view.memo import PREFIX

AT_ONCE = 50
AUTOMATIONS = 20
PEOPLE = 10
FAILED = 50
"""Every so manieth run waits after a failure."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A run that waits.

    Attributes:
        run: workflow id.
        automation: the automation's name.
        approver: who may decide.
        kind: `approval` or `failure`.
        since: when its hold opened.
    """

    run: str
    automation: str
    approver: str
    kind: str
    since: datetime


def parked(count: int, spread: timedelta) -> list[Parked]:
    """Return so many runs, the oldest first, opened one after the other over a time that ends now.

    Two in a row opened at one instant, as holds of one batch do.
    """
    begin = datetime.now(UTC) - spread
    return [
        Parked(
            run=f"refund-{number % AUTOMATIONS}/{number:07}",
            automation=f"refund-{number % AUTOMATIONS}",
            approver=f"person-{number % PEOPLE}@example.com",
            kind="failure" if number % FAILED == 0 else "approval",
            since=datetime.fromisoformat(timestamp(begin + spread * (number // 2 * 2 / count))),
        )
        for number in range(count)
    ]


async def park(client: Client, task_queue: str, runs: Sequence[Parked]) -> None:
    """Start runs, and wait until Temporal's list has them."""
    permits = asyncio.Semaphore(AT_ONCE)

    async def start(one: Parked) -> None:
        async with permits:
            await client.workflow_service.start_workflow_execution(request(one, client, task_queue), retry=True)

    for first in range(0, len(runs), 1_000):
        await asyncio.gather(*map(start, runs[first : first + 1_000]))
    query = f"TrunklineHolds IS NOT NULL AND TaskQueue = '{task_queue}'"
    while (await client.count_workflows(query)).count < len(runs):  # noqa: ASYNC110 # another process's list
        await asyncio.sleep(0.2)


def request(one: Parked, client: Client, task_queue: str) -> StartWorkflowExecutionRequest:
    """Return what starts a run, as it is sent."""
    made = StartWorkflowExecutionRequest(
        namespace=client.namespace,
        workflow_id=one.run,
        workflow_type=WorkflowType(name=one.automation),
        task_queue=TaskQueue(name=task_queue),
        request_id=uuid.uuid4().hex,
    )
    attributes: dict[SearchAttributeKey[Any], Any] = {
        AUTOMATION: one.automation,
        HOLDS: ["refund"],
        APPROVERS: [one.approver],
        HELD_FOR: one.kind,
        HELD_SINCE: one.since.isoformat(),
    }
    for key, value in attributes.items():
        number = IndexedValueType.ValueType(int(key.indexed_value_type))
        kind = IndexedValueType.Name(number).removeprefix("INDEXED_VALUE_TYPE_")
        payload = DataConverter.default.payload_converter.to_payload(value)
        payload.metadata["type"] = kind.title().replace("_L", "L").encode()
        made.search_attributes.indexed_fields[key.name].CopyFrom(payload)
    told = {
        "hold": "refund",
        "step": "refund",
        "kind": one.kind,
        "label": "Refund the order",
        "digest": f"{one.run}-".rjust(64, "0")[:64],
        "openedAt": timestamp(one.since),
    }
    memo: Payload = DataConverter.default.payload_converter.to_payload(told)
    made.memo.fields[f"{PREFIX}refund"].CopyFrom(memo)
    return made
