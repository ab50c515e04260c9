"""One action step, from its rendered request to its end: held, sent, saved, or failed and held again."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from workflows.encrypted import call
from workflows.failure import Failure, read_failure
from workflows.fault import TooLarge
from workflows.flow import Flow
from workflows.hold import Hold
from workflows.holding import LONGEST_SUMMARY, decided, hold_for_approval, hold_for_failure
from workflows.language.names import written
from workflows.program import ActionStep
from workflows.report import Entry, measure
from workflows.state import Frame
from workflows.unknown import KEYS, activity_id, after_reset, look, sending

if TYPE_CHECKING:
    from workflows.walk import Walk

HEARTBEAT = timedelta(seconds=10)
LARGEST_REQUEST = 512 * 1024


async def act(walk: Walk, step: ActionStep, entry: Entry, frame: Frame) -> Flow:
    """Carry out one action step and return how it ended."""
    hold = walk.state.holds.of(entry["id"])
    request = hold.request if hold is not None else _request(walk, step, entry, frame)
    if hold is None and step.approval is not None:
        hold = await hold_for_approval(walk, step, entry, frame, request)
    while True:
        if hold is not None and (flow := await decided(walk, step, entry, hold)) is not None:
            return flow
        asked = hold is not None and hold.kind == "failure"
        answer = await _answer(walk, step, entry, request, _release(walk, entry, hold), asked=asked)
        if not isinstance(answer, Failure):
            return _succeed(walk, step, entry, frame, answer)
        if answer.attempts is not None:
            entry["attempts"] = answer.attempts
        hold = hold_for_failure(walk, step, entry, request, answer)
        if hold is None:
            return walk.end(step, entry, "unknown" if answer.unknown else "failed", answer.error())


def _succeed(walk: Walk, step: ActionStep, entry: Entry, frame: Frame, answer: dict[str, Any]) -> Flow:
    if "attempts" in answer:
        entry["attempts"] = answer["attempts"]
    if "claim" in answer:
        walk.state.claims.append(answer["claim"])
    if "missing" in answer:
        walk.state.report.miss(entry, [written(path) for path in answer["missing"]])
    if step.save_as:
        walk.state.save(frame, step.save_as, answer["result"])
    return walk.end(step, entry, "succeeded")


def _release(walk: Walk, entry: Entry, hold: Hold | None) -> int:
    """Return how often the step was released anew; a retry after an unknown outcome stays with its old key."""
    release: int = walk.state.memory.get(entry["id"], {}).get("release", 0)
    if hold is not None and hold.kind == "failure" and not hold.unknown:
        release += 1
        walk.state.memory.setdefault(entry["id"], {})["release"] = release
    return release


def _request(walk: Walk, step: ActionStep, entry: Entry, frame: Frame) -> dict[str, Any]:
    rendered = walk.render(step.config, entry, frame)
    if not step.config.constant and (size := measure(rendered.value)) > LARGEST_REQUEST:
        raise TooLarge(f"The step's config takes {size:,} bytes; {LARGEST_REQUEST:,} is the most that is sent.")
    request = {"actionType": step.action, "config": rendered.value, "secrets": rendered.secrets}
    if isinstance(rendered.value.get("connection"), str):
        request["connection"] = rendered.value["connection"]
    return request


async def _answer(  # noqa: PLR0913 # one attempt's whole surroundings
    walk: Walk, step: ActionStep, entry: Entry, request: dict[str, Any], release: int, *, asked: bool
) -> dict[str, Any] | Failure:
    """Send a request, unless a look shows that it was sent before; look again where nobody knows what became of it."""
    key = entry["key"] = str(uuid.uuid5(KEYS, f"{workflow.info().workflow_id}\n{entry['id']}\n{release}"))
    argument = {"config": request["config"], "key": key}
    if request["secrets"]:
        argument["secrets"] = request["secrets"]
    if step.pick is not None:
        argument["pick"] = step.pick
    if not asked:
        earlier: dict[str, Any] | Failure | None = await after_reset(walk, step, entry, argument)
        if earlier is not None:
            return earlier
    sending(walk, step, entry, argument)
    answer = await _send(walk, step, entry, argument)
    if isinstance(answer, Failure) and answer.unknown:
        found = await look(walk, step, entry, argument)
        if found is None:
            return answer
        answer = found
    walk.unsettled.pop(entry["id"], None)
    return answer


async def _send(walk: Walk, step: ActionStep, entry: Entry, argument: dict[str, Any]) -> dict[str, Any] | Failure:
    """Run the activity; an attempt that died before it sent anything is simply run again."""
    end = workflow.now() + step.within
    walk.in_flight += 1
    try:
        while True:
            try:
                answer: dict[str, Any] = await call(
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
                return {"attempts": 1, **answer}
    finally:
        walk.in_flight -= 1
