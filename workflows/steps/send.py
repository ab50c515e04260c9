"""Sending one rendered request as an activity, so that nobody is ever told twice what must be told once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from trunkline.wire import Answer, Call, Entry, Request
from workflows.program import ActionStep
from workflows.run.encrypted import call
from workflows.run.failure import Failure, read_failure
from workflows.run.walk import Walk
from workflows.steps.reconcile import KEYS, activity_id, after_reset, look, sending

HEARTBEAT = timedelta(seconds=10)
LONGEST_SUMMARY = 200


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is about to be sent.

    Attributes:
        request: the request.
        digest: what people have seen and released; the activity holds the request to it.
        release: how often the step was released anew; each release has a key of its own.
        asked: whether people know what became of earlier attempts, so that nobody needs to look.
    """

    request: Request
    digest: str | None = None
    release: int = 0
    asked: bool = False


async def send(walk: Walk, step: ActionStep, entry: Entry, outgoing: Outgoing) -> Answer | Failure:
    """Send a request, unless a look shows that it was sent before; look again where nobody knows what became of it."""
    request = outgoing.request
    key = entry["key"] = str(uuid.uuid5(KEYS, f"{workflow.info().workflow_id}\n{entry['id']}\n{outgoing.release}"))
    argument: Call = {"config": request["config"], "key": key}
    if request["secrets"]:
        argument["secrets"] = request["secrets"]
    if step.pick is not None:
        argument["pick"] = step.pick
    if outgoing.digest is not None:
        argument["digest"] = outgoing.digest
    if not outgoing.asked:
        earlier: Answer | Failure | None = await after_reset(walk, step, entry, argument)
        if earlier is not None:
            return earlier
    sending(walk, step, entry, argument)
    answer = await _run(walk, step, entry, argument)
    if isinstance(answer, Failure) and answer.unknown:
        found = await look(walk, step, entry, argument)
        if found is None:
            return answer
        answer = found
    walk.unsettled.pop(entry["id"], None)
    return answer


async def _run(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | Failure:
    """Run the activity; an attempt that died before it sent anything is simply run again."""
    end = workflow.now() + step.within
    walk.in_flight += 1
    try:
        while True:
            try:
                answer: Answer = await call(
                    step.action,
                    argument,
                    activity_id=activity_id(entry["id"]),
                    summary=step.label[:LONGEST_SUMMARY],
                    **walk.lane.options(step.action, argument["config"]),
                    start_to_close_timeout=step.timeout,
                    schedule_to_close_timeout=max(end - workflow.now(), timedelta(milliseconds=1)),
                    heartbeat_timeout=HEARTBEAT,
                    retry_policy=step.retry,
                    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
                )
            except ActivityError as error:
                if is_cancelled_exception(error):
                    raise asyncio.CancelledError from error
                failure = read_failure(error, step.repeat, marked=step.marked)
                if not failure.sent_nothing or walk.stop is not None or workflow.now() >= end:
                    return failure
            else:
                answer.setdefault("attempts", 1)
                return answer
    finally:
        walk.in_flight -= 1
