"""Finding out what became of a step that may have been carried out, before anybody is asked.

An action that can look at its vendor does so, in an activity of the run itself. After a reset of the run, a step that
must not be repeated looks first, if an earlier history says that it may have run. A run that ends meanwhile waits for
what is being found out, but not for long.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from trunkline.step_key import activity_id
from trunkline.wire import BEFORE_RESET, EVERY_STEP, LOOK, Answer, Call, Entry, ResetQuestion
from workflows import host
from workflows.program import ActionStep
from workflows.report import timestamp
from workflows.run.encrypted import call
from workflows.run.failure import Failure
from workflows.run.parallel import cancel_all, finished
from workflows.run.walk import Walk

T = TypeVar("T")


LOOKING: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "schedule_to_close_timeout": timedelta(minutes=5),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2),
        backoff_coefficient=3,
        maximum_interval=timedelta(seconds=10),
        non_retryable_error_types=["Unexpected"],
    ),
}
"""A vendor whose answer got lost is often still in trouble, so it is asked until it answers; the activity itself knows
how often it must find nothing."""

CLOSING = timedelta(seconds=30)
"""How long a run that is ending waits for what is being found out."""

READING: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=1),
    "schedule_to_close_timeout": timedelta(hours=1),
}


async def look(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | None:
    """Return what the vendor knows of this step: the one match that no other step has claimed, else None."""
    if not step.looks:
        return None
    since = walk.state.began if walk.resets else walk.state.memory[entry["id"]]["sent"]
    reading = call(
        f"{step.action}{LOOK}",
        {**argument, "key": entry["key"], "since": since},
        summary=f"{step.label}: look what became of it",
        **walk.routing.options(step.action, argument["config"], first=True),
        **LOOKING,
    )
    answer = await _found_out(walk, reading)
    if answer is None:
        return None
    unclaimed: list[Answer] = [found for found in answer["found"] if found.get("claim") not in walk.state.claims]
    if len(unclaimed) != 1 or ("claim" in unclaimed[0] and _has_twin(walk, entry)):
        return None
    entry["found"] = True
    return unclaimed[0]


def sending(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> None:
    """Write down that a step is about to be sent: since when, and what, until its outcome is known."""
    if step.looks:
        walk.state.remember(entry["id"]).setdefault("sent", timestamp(host.now()))
        walk.unsettled[entry["id"]] = (step.action, argument["config"])


def _has_twin(walk: Walk, entry: Entry) -> bool:
    """Say whether another step has sent just the same, so that nobody can tell whose a match is."""
    mine = walk.unsettled.get(entry["id"])
    return any(sent == mine for instance, sent in walk.unsettled.items() if instance != entry["id"])


async def after_reset(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | Failure | None:
    """Return what a step did before the run was reset: its result, a failure for people to judge, or None.

    It is asked once for each reset, right before the step sends. What people decide then, they decide knowing that.
    """
    if step.repeat != "never":
        return None
    memory = walk.state.remember(entry["id"])
    doubt = memory.pop("doubt", False)
    if not doubt and memory.get("resets", 0) == walk.resets:
        return None
    may_have_run = doubt or await _may_have_run(walk, entry["id"])
    memory["resets"] = walk.resets
    if not may_have_run:
        return None
    return await look(walk, step, entry, argument) or Failure(
        type="OutcomeUnknown",
        message="The run was reset, and this step may have been carried out before: look at the receiver, then decide.",
        unknown=True,
        asks=True,
    )


async def _may_have_run(walk: Walk, instance: str) -> bool:
    while walk.state.earlier is None or walk.state.earlier["resets"] != walk.resets:
        resets = walk.resets  # a reset while it is being asked makes the answer an old one
        question: ResetQuestion = {"workflow": host.info().workflow_id, "resets": resets}
        reading = call(BEFORE_RESET, question, summary="Which steps ran before the reset", **READING)
        answer = await _found_out(walk, reading)
        walk.state.earlier = {"resets": resets, "steps": [EVERY_STEP] if answer is None else answer}
    steps = walk.state.earlier["steps"]
    return EVERY_STEP in steps or activity_id(instance) in steps


async def _found_out(walk: Walk, reading: Coroutine[Any, Any, T]) -> T | None:
    """Return what an activity finds out, or None where it cannot; a run that ends meanwhile waits for it, in bounds."""
    try:
        return await finished(_in_bounds(walk, reading))
    except ActivityError:
        return None


async def _in_bounds(walk: Walk, reading: Coroutine[Any, Any, T]) -> T | None:
    task = asyncio.create_task(reading)
    await host.wait_condition(lambda: task.done() or walk.stop is not None)
    if not task.done():
        await host.wait([task], timeout=CLOSING.total_seconds())
    if not task.done():
        with contextlib.suppress(ActivityError):
            await cancel_all([task])
        return None
    return task.result()
