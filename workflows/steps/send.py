"""Sending one rendered request as an activity, so that nobody is ever told twice what must be told once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from trunkline.wire import Answer, Call, Entry, Request
from workflows.program import ActionStep
from workflows.run.encrypted import wait_for_key, was_unreadable
from workflows.run.failure import Failure, read_failure
from workflows.run.parallel import result_of
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
        operation: digest of the described operation that people have released.
    """

    request: Request
    digest: str | None = None
    release: int = 0
    operation: str | None = None


async def send(walk: Walk, step: ActionStep, entry: Entry, outgoing: Outgoing) -> Answer | Failure:
    """Send a request, unless a look shows that it was sent before; look again where nobody knows what became of it.

    Who calls it keeps the run from continuing as new until what follows is written down.
    """
    request, info = outgoing.request, workflow.info()
    key = entry["key"] = str(uuid.uuid5(KEYS, f"{info.workflow_id}\n{entry['id']}\n{outgoing.release}"))
    argument: Call = {"config": request["config"], "key": key}
    if request["secrets"]:
        argument["secrets"] = request["secrets"]
    if step.pick is not None:
        argument["pick"] = step.pick
    if outgoing.digest is not None:
        argument["digest"] = outgoing.digest
    if (operation := outgoing.operation or step.operation) is not None:
        argument["operation"] = operation
    if step.repeat == "never":
        argument["run"] = info.run_id
    answer = await _run(walk, step, entry, argument)
    if isinstance(answer, Failure) and answer.unknown:
        found = None if answer.asks else await look(walk, step, entry, argument)
        if found is None:
            return answer
        answer = found
    walk.unsettled.pop(entry["id"], None)
    return answer


async def _run(walk: Walk, step: ActionStep, entry: Entry, argument: Call) -> Answer | Failure:
    """Run the activity; an attempt that ended before it sent anything is simply run again."""
    end = workflow.now() + step.within
    failure: Failure | None = None
    while True:
        earlier = await after_reset(walk, step, entry, argument)
        if earlier is not None:
            return earlier
        if walk.stop is not None:
            raise asyncio.CancelledError
        if failure is not None and workflow.now() >= end:
            return failure
        try:
            answer = await _attempt(walk, step, entry, argument, end)
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise asyncio.CancelledError from error
            if was_unreadable(error):
                await wait_for_key()
                end = workflow.now() + step.within
                continue
            failure = read_failure(error, step.repeat, marked=step.marked)
            if not failure.sent_nothing:
                return failure
        else:
            answer.setdefault("attempts", 1)
            return answer


async def _attempt(walk: Walk, step: ActionStep, entry: Entry, argument: Call, end: datetime) -> Answer:
    """Schedule the activity now, and return its result."""
    sending(walk, step, entry, argument)
    activity: workflow.ActivityHandle[Answer] = workflow.start_activity(
        step.action,
        argument,
        activity_id=activity_id(entry["id"]),
        summary=step.label[:LONGEST_SUMMARY],
        **walk.routing.options(step.action, argument["config"]),
        start_to_close_timeout=step.timeout,
        schedule_to_close_timeout=max(end - workflow.now(), timedelta(milliseconds=1)),
        heartbeat_timeout=HEARTBEAT,
        retry_policy=step.retry,
        cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    )
    return await result_of(activity)
