"""Turns: what a step takes of a connection's rate before it sends, where one attempt sends several requests.

Temporal counts what it hands out of a task queue, for all workers together. So a step that sends n requests hands n - 1
activities that do nothing through the queue of its connection, and then itself.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from temporalio.exceptions import ActivityError, is_cancelled_exception

from trunkline.step_key import activity_id
from trunkline.wire import TURN, Call, Entry
from workflows import host
from workflows.program import ActionStep
from workflows.run.parallel import run_parallel
from workflows.run.walk import Walk

DOING_NOTHING = timedelta(seconds=10)
LONGEST_LABEL = 180


async def take_turns(walk: Walk, step: ActionStep, entry: Entry, argument: Call, end: datetime) -> bool:
    """Wait until the rate has let by all requests of a step but one; say whether that was before its time ended."""
    routing, config = walk.routing, argument["config"]
    if step.requests == 1 or routing.connection(step.action, config) not in routing.rated:
        return True
    taken = await run_parallel(
        _turn(walk, step, f"{activity_id(entry['id'])}:turn-{n}", argument, end) for n in range(1, step.requests)
    )
    return all(taken)


async def _turn(walk: Walk, step: ActionStep, name: str, argument: Call, end: datetime) -> bool:
    try:
        await host.execute_activity(
            TURN,
            activity_id=name,
            summary=f"{step.label[:LONGEST_LABEL]}: counts a request",
            **walk.routing.options(step.action, argument["config"]),
            start_to_close_timeout=DOING_NOTHING,
            schedule_to_close_timeout=max(end - host.now(), timedelta(milliseconds=1)),
        )
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        return False
    return True
