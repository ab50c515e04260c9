"""Calling another automation: its run is a child of this one, begun once under the step's key, and waited for.

Temporal tells a run how its child ended, but none that has continued as new, or was reset, since the child began: such
a run asks, with the activity of the action's name, which Temporal tries again until there is an end.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from datetime import datetime, timedelta
from typing import Any, cast

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    ChildWorkflowError,
    FailureError,
    TerminatedError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)

from trunkline.durations import spell
from trunkline.step_key import step_key
from trunkline.wire import (
    AUTOMATION_NAME,
    DEEPEST_CALL,
    PAYLOADS_TOO_LARGE,
    REFUSED,
    RESERVED_NAMES,
    SUPPLY,
    Answer,
    Call,
    Entry,
    OpenCall,
    SupplyQuestion,
)
from workflows import host
from workflows.event import EventError, called
from workflows.program import ActionStep
from workflows.report import measure, timestamp
from workflows.run import encrypted
from workflows.run.failure import Failure, read_failure
from workflows.run.parallel import finished
from workflows.run.payload import read
from workflows.run.walk import Walk
from workflows.run.worker_calls import ask
from workflows.steps.send import LONGEST_SUMMARY, Outgoing
from workflows.view.attributes import of_run

DEPTH = "trunklineDepth"
"""The key in a run's memo that says how many calls lie above it."""

NAME = re.compile(AUTOMATION_NAME)

CALL = "#call"
"""What the place of an open call in the budget ends with."""

DEEPEST_REPORT = 250

ASKING: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=30),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1),
        maximum_interval=timedelta(seconds=30),
        non_retryable_error_types=[PAYLOADS_TOO_LARGE],
    ),
}
"""No bound for all attempts together: a run may last for weeks."""

Child = workflow.ChildWorkflowHandle[Any, Any]


async def call(walk: Walk, step: ActionStep, entry: Entry, outgoing: Outgoing) -> Answer | Failure:
    """Run the automation that a request names, and return what came of it.

    A run of the chain that takes this up again finds the open call in the step's memory, and begins no second one.
    """
    memory, child = walk.state.remember(entry["id"]), None
    waits = outgoing.request["config"].get("wait", True)
    if "call" not in memory:
        with walk.busy():
            begun = await _begin(walk, step, entry, outgoing)
        if isinstance(begun, Failure):
            return begun
        child = begun
    opened = memory["call"]
    if waits:
        answer = await _until_ended(walk, step, entry, opened, child)
    else:
        answer = await _kept(step, {"outcome": None, "result": None, "workflowId": opened["run"]})
    del memory["call"]
    walk.state.forget(f"{entry['id']}{CALL}")
    return answer


async def _begin(walk: Walk, step: ActionStep, entry: Entry, outgoing: Outgoing) -> Child | Failure | None:
    """Begin the run and remember it; None where it has begun before."""
    if walk.halted(entry["id"]):
        raise asyncio.CancelledError
    config, info = outgoing.request["config"], host.info()
    name = config.get("automation")
    if not isinstance(name, str) or NAME.fullmatch(name) is None or name in RESERVED_NAMES:
        return _refused(f"`automation` must come to the name of an automation; {name!r:.100} is none.")
    key = entry["key"] = step_key(info.workflow_id, entry["id"], outgoing.release)
    depth = host.memo_value(DEPTH, 0, type_hint=int) + 1
    if depth > DEEPEST_CALL:
        return _refused(
            f"Automations may call each other {DEEPEST_CALL} deep, and this run was called {depth - 1} deep already: "
            "let it go on by itself, or end with an event that starts another."
        )
    try:
        event = called(key, info.workflow_id, config.get("data", {}))
    except EventError as error:
        return _refused(str(error))
    opened: OpenCall = {
        "run": f"{name}/{key}",
        "request": outgoing.request,
        "digest": outgoing.digest,
        "release": outgoing.release,
    }
    if step.patience is not None:
        opened["until"] = timestamp(host.now() + step.patience)
    walk.state.reserve(f"{entry['id']}{CALL}", measure(opened))
    walk.state.remember(entry["id"])["call"] = opened
    walk.state.report.note(entry, "calls", opened["run"])
    return await finished(_child(name, event, opened["run"], depth))


async def _child(automation: str, event: dict[str, Any], run: str, depth: int) -> Child | None:
    try:
        return await host.start_child_workflow(
            automation,
            event,
            id=run,
            result_type=RawValue,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            parent_close_policy=workflow.ParentClosePolicy.ABANDON,  # to continue as new is to close, too
            memo={DEPTH: depth},
            search_attributes=of_run(automation, event["id"]),
            static_summary=f"{event['type']} {event['id']}"[:LONGEST_SUMMARY],
        )
    except WorkflowAlreadyStartedError:
        return None


async def _until_ended(
    walk: Walk, step: ActionStep, entry: Entry, opened: OpenCall, child: Child | None
) -> Answer | Failure:
    """Wait for the run's end; where time is up, or this run is canceled, cancel it and still wait."""
    ended = asyncio.create_task(_ended(walk, step, opened, child))
    try:
        # what stops this run may have come while the other began, which nothing interrupts
        await host.wait_condition(
            lambda: ended.done() or walk.halted(entry["id"]),
            timeout=_left(opened),
            timeout_summary=f"{step.label}: too long",
        )
    except asyncio.CancelledError:
        await finished(_canceled(opened["run"], ended))
        raise
    except TimeoutError:
        await finished(_canceled(opened["run"], ended))
        if walk.halted(entry["id"]):
            raise asyncio.CancelledError from None
        if isinstance(ended.result(), Failure):
            return _too_late(opened["run"], step)
    if not ended.done():
        await finished(_canceled(opened["run"], ended))
        raise asyncio.CancelledError
    return ended.result()


async def _canceled(run: str, ended: asyncio.Task[Answer | Failure]) -> None:
    with contextlib.suppress(FailureError):  # it has ended
        await host.get_external_workflow_handle(run).cancel()
    await host.wait([ended])


async def _ended(walk: Walk, step: ActionStep, opened: OpenCall, child: Child | None) -> Answer | Failure:
    """Return how the run ended, as Temporal tells this one, or as it is asked where Temporal does not."""
    resets = walk.resets
    if child is not None:
        await host.wait_condition(lambda: child.done() or walk.resets != resets)
        if child.done() and (ending := await _ending(step, opened["run"], child)) is not None:
            return ending
    automation, _, key = opened["run"].rpartition("/")
    argument: Call = {"config": {"automation": automation}, "key": key}
    if step.pick is not None:
        argument["pick"] = step.pick
    summary = f"{step.label}: has {opened['run']} ended?"[:LONGEST_SUMMARY]
    try:
        answer = cast("Answer", await encrypted.call(step.action, argument, summary=summary, **ASKING))
    except ActivityError as error:
        return read_failure(error, step.repeat, marked=False)
    answer.pop("attempts", None)  # how often it was asked
    return answer


async def _ending(step: ActionStep, run: str, child: Child) -> Answer | Failure | None:
    """Return how a child ended; None where somebody ended it from outside, as a reset does from which it goes on."""
    try:
        report = read(child.result(), deepest=DEEPEST_REPORT)
    except ChildWorkflowError as error:
        if isinstance(error.cause, TerminatedError):
            return None
        if is_cancelled_exception(error):
            return _refused(f"The run {run} was canceled.")
        why = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
        return _refused(f"The run {run} failed: {why}")
    return await _kept(step, {"outcome": report["outcome"], "result": report.get("result"), "workflowId": run})


async def _kept(step: ActionStep, result: dict[str, Any]) -> Answer | Failure:
    """Return what the step keeps of a result."""
    if step.pick is None:
        return {"result": result}
    question: SupplyQuestion = {"actionType": step.action, "result": result, "pick": step.pick}
    answer = await ask(SUPPLY, question)
    return _refused(answer["refused"]) if "refused" in answer else cast("Answer", answer)


def _left(opened: OpenCall) -> timedelta | None:
    """Return how long the run may still take, or None where nothing bounds it."""
    if "until" not in opened:
        return None
    return max(datetime.fromisoformat(opened["until"]) - host.now(), timedelta(milliseconds=1))


def _too_late(run: str, step: ActionStep) -> Failure:
    patience = spell(round((step.patience or timedelta()).total_seconds() * 1_000))
    message = f"The run {run} took longer than {patience}, the step's `timeout`, and was canceled."
    return Failure(type="Timeout", message=message, unknown=False, timed_out=True)


def _refused(message: str) -> Failure:
    return Failure(type=REFUSED, message=message, unknown=False)
