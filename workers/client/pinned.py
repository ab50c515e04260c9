"""The plan that a run executes, read from its history: also of a run that has ended, and where no worker answers."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from trunkline.wire import PLAN
from workers.client.history.reading import local_activity_of, start_of
from workers.client.history.values import HistoryValues
from workers.errors import TrunklineError

if TYPE_CHECKING:
    from temporalio.api.common.v1 import Payload
    from temporalio.api.history.v1 import HistoryEvent
    from temporalio.client import Client
    from temporalio.converter import DataConverter

    from workers.client.history.chain import History
    from workers.client.history.rows import LocalActivity
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
    """Return the plan that a history has, if any; no event behind it is asked for.

    Raises:
        MissingKeyError: it is encrypted under a key that is not at hand.
    """
    values = HistoryValues(converter)
    async for event in events:
        start = start_of(event)
        payload = _answer(local_activity_of(event)) if start is None else start.handed_over
        if payload is not None and (plan := await _plan(payload, values)) is not None:
            return plan
    return None


async def plan_of(history: History) -> Plan | None:
    """Return the plan that a run was pinned to, if any.

    Raises:
        MissingKeyError: it is encrypted under a key that is not at hand.
    """
    for payload in filter(None, map(_answer, history.local_activities())):
        if (plan := await _plan(payload, history.values)) is not None:
            return plan
    return None


def _answer(activity: LocalActivity | None) -> Payload | None:
    """Return what a worker said of the plan, where it was asked for that."""
    return activity.result if activity is not None and activity.name == PLAN else None


async def _plan(payload: Payload, values: HistoryValues) -> Plan | None:
    """Return the plan in what was packed; None where there is none, or it is somebody else's."""
    try:
        found = await values.packed(payload)
    except (ValueError, zlib.error):
        return None
    plan: Plan | None = found.get("plan") if isinstance(found, dict) else None
    return plan
