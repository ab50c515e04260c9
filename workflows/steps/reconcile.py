"""Finding out what became of a step that may have been carried out, before anybody is asked.

An action that can look at its vendor does so, in an activity of the run itself. After a reset of the run, a step that
must not be repeated looks first, if an earlier history says that it may have run.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from trunkline.wire import BEFORE_RESET, EVERY_STEP, LOOK, Answer, Call, Entry
from workflows.program import ActionStep
from workflows.report import timestamp
from workflows.run.encrypted import call
from workflows.run.failure import Failure
from workflows.run.parallel import cancellation
from workflows.run.walk import Walk

KEYS = uuid.UUID("b7a5f0c2-6d0e-5e0b-9c39-0d5a3a1f7e55")
"""Namespace of all idempotency keys; changing it would send again what older runs have sent."""

LONGEST_ACTIVITY_ID = 200

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

READING: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=1),
    "schedule_to_close_timeout": timedelta(hours=1),
}


async def look(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | None:
    """Return what the vendor knows of this step: the one match that no other step has claimed, else None."""
    if not step.looks:
        return None
    since = walk.state.began if walk.was_reset else walk.state.memory[entry["id"]]["sent"]
    walk.in_flight += 1
    try:
        with cancellation():
            answer = await call(
                f"{step.action}{LOOK}",
                {**argument, "since": since},
                summary=f"{step.label}: look what became of it",
                **walk.lane.options(step.action, argument["config"], first=True),
                **LOOKING,
            )
    except ActivityError:
        return None
    finally:
        walk.in_flight -= 1
    unclaimed: list[Answer] = [found for found in answer["found"] if found.get("claim") not in walk.state.claims]
    if len(unclaimed) != 1 or ("claim" in unclaimed[0] and _has_twin(walk, entry)):
        return None
    entry["found"] = True
    return unclaimed[0]


def sending(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> None:
    """Write down that a step is about to be sent: since when, and what, until its outcome is known."""
    if step.looks:
        walk.state.remember(entry["id"]).setdefault("sent", timestamp(workflow.now()))
        walk.unsettled[entry["id"]] = (step.action, argument["config"])


def _has_twin(walk: Walk, entry: Entry) -> bool:
    """Say whether another step has sent just the same, so that nobody can tell whose a match is."""
    mine = walk.unsettled.get(entry["id"])
    return any(sent == mine for instance, sent in walk.unsettled.items() if instance != entry["id"])


async def after_reset(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | Failure | None:
    """Return what a step did before the run was reset: its result, a failure for people to judge, or None."""
    if not walk.was_reset or step.repeat != "never" or not await _may_have_run(walk, entry["id"]):
        return None
    found = await look(walk, step, entry, argument)
    return found or Failure(
        type="OutcomeUnknown",
        message="The run was reset, and this step may have been carried out before: look at the receiver, then decide.",
        unknown=True,
        asks=True,
    )


async def _may_have_run(walk: Walk, instance: str) -> bool:
    info = workflow.info()
    if walk.state.earlier is None:
        walk.in_flight += 1
        try:
            with cancellation():
                walk.state.earlier = await call(
                    BEFORE_RESET,
                    {"workflow": info.workflow_id, "run": info.run_id},
                    summary="Which steps ran before the reset",
                    **READING,
                )
        except ActivityError:  # nobody can say: any may have run
            walk.state.earlier = [EVERY_STEP]
        finally:
            walk.in_flight -= 1
    return EVERY_STEP in walk.state.earlier or activity_id(instance) in walk.state.earlier


def activity_id(instance: str) -> str:
    """Return the activity id of a step: its instance id, shortened where Temporal would refuse it."""
    if len(instance) <= LONGEST_ACTIVITY_ID:
        return instance
    return f"{instance[-LONGEST_ACTIVITY_ID + 40 :]}~{uuid.uuid5(KEYS, instance)}"
