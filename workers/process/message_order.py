"""The order of the signals and updates that one task brings.

Where a run was reset, Temporal applies what came since again, in its order. Temporal's core hands all of it over in one
activation, but in a replay the signals before the updates: which came first is noted with the end of the task.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from workers.process.task_notes import MOST, note_order, noted_order

if TYPE_CHECKING:
    from temporalio.bridge.proto.workflow_activation import WorkflowActivation, WorkflowActivationJob
    from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion


def put_in_order(act: WorkflowActivation) -> bool:
    """Have signals and updates come as they came first; say whether their order is to be noted."""
    messages = [job for job in act.jobs if _is_message(job)]
    if order := noted_order(act.history_length, act.available_internal_flags):
        _replace(act, _merged(messages, order))
        return False
    kinds = [_is_update(job) for job in messages]
    if act.is_replaying or kinds == sorted(kinds):
        return False
    _replace(act, [*messages[:MOST], *sorted(messages[MOST:], key=_is_update)])
    return True


def order_notes(act: WorkflowActivation, completion: WorkflowActivationCompletion) -> Sequence[int]:
    """Return the flags that say in which order the messages came; a replay knows of no update that was not accepted."""
    answers = [one.update_response for one in completion.successful.commands if one.HasField("update_response")]
    accepted = {answer.protocol_instance_id for answer in answers if answer.HasField("accepted")}
    order = [
        _is_update(job)
        for job in act.jobs
        if job.HasField("signal_workflow") or (_is_update(job) and job.do_update.protocol_instance_id in accepted)
    ]
    return note_order(act.history_length, order[:MOST])


def _merged(messages: Sequence[WorkflowActivationJob], order: Sequence[bool]) -> list[WorkflowActivationJob]:
    signals = iter([job for job in messages if not _is_update(job)])
    updates = iter([job for job in messages if _is_update(job)])
    first = [next(updates if update else signals, None) for update in order]
    return [job for job in chain(first, signals, updates) if job is not None]


def _replace(act: WorkflowActivation, messages: Sequence[WorkflowActivationJob]) -> None:
    jobs = [*(job for job in act.jobs if not _is_message(job)), *messages]
    del act.jobs[:]
    act.jobs.extend(jobs)


def _is_message(job: WorkflowActivationJob) -> bool:
    return job.HasField("signal_workflow") or job.HasField("do_update")


def _is_update(job: WorkflowActivationJob) -> bool:
    return job.HasField("do_update")
