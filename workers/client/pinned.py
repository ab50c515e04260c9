"""The plan that a run executes, read from its history: also of a run that has ended, and where no worker answers."""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from trunkline.wire import PLAN
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client
    from temporalio.converter import DataConverter

    from workflows.plan import Plan

PAGE = 20
"""Events that are fetched at once: the plan stands among the first."""


async def pinned_plan(client: Client, run: str, run_id: str | None = None) -> Plan:
    """Return the plan of a run.

    Args:
        client: a connected client.
        run: workflow id.
        run_id: id of the execution; by default the latest.

    Raises:
        TrunklineError: it has none, because it is no run of an automation or never began; or it cannot be read.
    """
    from workflows.run.encrypted import MissingKeyError

    events = client.get_workflow_handle(run, run_id=run_id).fetch_history_events(page_size=PAGE)
    try:
        plan = await plan_in(events, client.data_converter)
    except MissingKeyError as error:
        raise TrunklineError(f"The plan of {run} cannot be read: {error}") from error
    if plan is None:
        raise TrunklineError(f"{run} has no plan: it is no run of an automation, or never began.")
    return plan


async def plan_in(events: AsyncIterator[HistoryEvent], converter: DataConverter) -> Plan | None:
    """Return the plan that a history has, if any.

    Raises:
        MissingKeyError: it is encrypted under a key that is not at hand.
    """
    async for event in events:
        answer = await _answer(event, converter)
        if answer is not None and "plan" in answer:
            plan: Plan = answer["plan"]
            return plan
    return None


async def _answer(event: HistoryEvent, converter: DataConverter) -> dict[str, Any] | None:
    """Return what a worker said of the plan, or what the run before this one of the chain handed over."""
    if event.HasField("workflow_execution_started_event_attributes"):
        started = event.workflow_execution_started_event_attributes
        payloads = started.input.payloads
        if started.continued_execution_run_id and len(payloads) > 1:
            return await _unpacked(payloads[1], converter)
    if event.HasField("marker_recorded_event_attributes"):
        details = event.marker_recorded_event_attributes.details
        if "data" in details and "result" in details and _kind(details["data"].payloads[0]) == PLAN:
            return await _unpacked(details["result"].payloads[0], converter)
    return None


def _kind(payload: Payload) -> Any:
    """Return the type of the local activity that a marker is of."""
    return json.loads(payload.data).get("activity_type")


async def _unpacked(payload: Payload, converter: DataConverter) -> dict[str, Any] | None:
    """Return what was packed; None where it is somebody else's."""
    from temporalio.common import RawValue

    from workflows.run.payload import unpack

    [value] = await converter.decode([payload], [RawValue])
    try:
        found: Any = unpack(value)
    except (ValueError, zlib.error):
        return None
    return found if isinstance(found, dict) else None
