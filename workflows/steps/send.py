"""Sending one rendered request as an activity, so that nobody is ever told twice what must be told once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from trunkline.step_key import activity_id, is_derived, step_key
from trunkline.wire import Answer, Call, Entry, HoldNotice, Request
from workflows import host
from workflows.program import ActionStep
from workflows.report import measure
from workflows.run.encrypted import wait_for_key, was_unreadable
from workflows.run.failure import Failure, not_taken, read_failure
from workflows.run.parallel import result_of
from workflows.run.records import records
from workflows.run.resets import sending_run
from workflows.run.walk import Walk
from workflows.steps.reconcile import after_reset, look, sending
from workflows.steps.turns import take_turns

HEARTBEAT = timedelta(seconds=10)
LONGEST_SUMMARY = 200

NO_PAUSE = timedelta(milliseconds=1)
"""How long a worker waits by itself before it repeats a local attempt."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is about to be sent.

    Attributes:
        request: the request.
        digest: what people have seen and released; the activity holds the request to it.
        release: how often the step was released anew; each release has a key of its own.
        operation: digest of the described operation that people have released.
        notice: the hold that it is about, where it tells people about one.
        parting: whether it is sent although its run is ending.
    """

    request: Request
    digest: str | None = None
    release: int = 0
    operation: str | None = None
    notice: HoldNotice | None = None
    parting: bool = False


async def send(walk: Walk, step: ActionStep, entry: Entry, outgoing: Outgoing) -> Answer | Failure:
    """Send a request, unless a look shows that it was sent before; look again where nobody knows what became of it.

    Who calls it keeps the run from continuing as new until what follows is written down.
    """
    request = outgoing.request
    entry["key"] = step_key(host.info().workflow_id, entry["id"], outgoing.release)
    argument = _call(step, entry, outgoing)
    connection = walk.routing.connection(step.action, request["config"])
    async with walk.record_queues.writing(records(connection, step.writes, request["config"])):
        answer = await _run(walk, step, entry, argument, parting=outgoing.parting)
        if isinstance(answer, Failure) and answer.unknown:
            found = None if answer.asks else await look(walk, step, entry, argument)
            if found is None:
                return answer
            answer = found
        walk.unsettled.pop(entry["id"], None)
        return answer


def _call(step: ActionStep, entry: Entry, outgoing: Outgoing) -> Call:
    """Return the argument of the activity, with nothing that it can make by itself."""
    request = outgoing.request
    argument: Call = {"config": request["config"]}
    if not is_derived(entry["id"], outgoing.release):
        argument["key"] = entry["key"]
    if request["secrets"]:
        argument["secrets"] = request["secrets"]
    if step.pick is not None:
        argument["pick"] = step.pick
    if step.headers:
        argument["headers"] = step.headers
    if outgoing.digest is not None:
        argument["digest"] = outgoing.digest
    if (operation := outgoing.operation or step.operation) is not None:
        argument["operation"] = operation
    if step.repeat == "never":
        argument["run"] = sending_run()
    if outgoing.notice is not None:
        argument["notice"] = outgoing.notice
    return argument


@dataclass(slots=True)
class _Bounds:
    """What a step's attempts may still take.

    Attributes:
        end: when their time is over.
        spent: how many there were before a pause, after which Temporal counts anew.
    """

    end: datetime
    spent: int = 0


async def _run(walk: Walk, step: ActionStep, entry: Entry, argument: Call, *, parting: bool) -> Answer | Failure:
    """Run the activity; an attempt that ended before it sent anything is simply run again.

    One that found its account paused was none: it is run again after the pause.
    """
    bounds = _Bounds(host.now() + step.within)
    failure: Failure | None = None
    while True:
        earlier = await after_reset(walk, step, entry, argument)
        if earlier is not None:
            return earlier
        if walk.halted(entry["id"]) and not parting:
            raise asyncio.CancelledError
        if failure is not None and host.now() >= bounds.end:
            return failure
        if not await take_turns(walk, step, entry, argument, bounds.end):
            return not_taken()
        outcome = await _outcome(walk, step, entry, argument, bounds)
        if outcome is None:
            await wait_for_key()
            bounds.end = host.now() + step.within
            continue
        if not isinstance(outcome, Failure) or not outcome.sent_nothing:
            return outcome
        failure = outcome
        if failure.wait is not None:
            if host.now() + failure.wait >= bounds.end:
                return failure
            await host.sleep(failure.wait, summary=f"{step.label}: its account is paused"[:LONGEST_SUMMARY])


async def _outcome(
    walk: Walk, step: ActionStep, entry: Entry, argument: Call, bounds: _Bounds
) -> Answer | Failure | None:
    """Return what became of the activity; None where the workers that took it could not read its argument."""
    try:
        answer = await _attempt(walk, step, entry, argument, bounds)
    except ActivityError as error:
        if is_cancelled_exception(error):
            raise asyncio.CancelledError from error
        if was_unreadable(error):
            return None
        failure = read_failure(error, step.repeat, marked=step.marked)
        if failure.attempts is not None:
            failure = replace(failure, attempts=bounds.spent + failure.attempts)
        if failure.wait is not None:
            bounds.spent = failure.attempts or 0
        return failure
    answer["attempts"] = bounds.spent + answer.get("attempts", 1)
    return answer


async def _attempt(walk: Walk, step: ActionStep, entry: Entry, argument: Call, bounds: _Bounds) -> Answer:
    """Schedule the activity now, and return its result."""
    if "run" in argument:
        argument["run"] = sending_run()
    sending(walk, step, entry, argument)
    retry = step.retry
    if bounds.spent and retry.maximum_attempts:
        retry = replace(retry, maximum_attempts=retry.maximum_attempts - bounds.spent)
    options: dict[str, Any] = {
        "activity_id": activity_id(entry["id"]),
        "summary": step.label[:LONGEST_SUMMARY],
        "start_to_close_timeout": step.timeout,
        "schedule_to_close_timeout": max(bounds.end - host.now(), timedelta(milliseconds=1)),
        "retry_policy": retry,
        "cancellation_type": workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
    }
    queued = walk.routing.queue(step.action, argument["config"]) is not None
    if step.local and not queued and walk.local_steps.begin(host.now()):
        return await _local(walk, step, argument, options)
    options |= walk.routing.options(step.action, argument["config"])
    return await result_of(host.start_activity(step.action, argument, heartbeat_timeout=HEARTBEAT, **options))


async def _local(walk: Walk, step: ActionStep, argument: Call, options: dict[str, Any]) -> Answer:
    """Have the run's own worker carry out an activity; pauses between attempts are timers, so that nothing waits."""
    size = 0
    try:
        activity = host.start_local_activity(step.action, argument, local_retry_threshold=NO_PAUSE, **options)
        answer: Answer = await result_of(activity)
        size = measure(answer)
    except ActivityError:
        raise
    except FailureError as error:  # as what goes through Temporal's queue has it
        raise ActivityError(
            "Activity task failed",
            scheduled_event_id=0,
            started_event_id=0,
            identity="",
            activity_type=step.action,
            activity_id=options["activity_id"],
            retry_state=None,
        ) from error
    finally:
        walk.local_steps.end(size)
    answer.pop("call", None)
    return answer
