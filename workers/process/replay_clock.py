"""What a worker sees to before a run is activated: its clock, resets, peace, and which messages come in which order.

Temporal takes an update of up to 4 MiB, but a worker's answer to it, even a refusal, repeats it; where that exceeds
what Temporal takes from a worker, the task that answers fails for ever. An update that a worker leaves unanswered is
refused by Temporal itself, at once and without a trace in the history. In which order messages come after a reset is
seen to in `message_order.py`.

After a local activity, Temporal's core tells a run the time at which it was completed; where the task ended meanwhile,
it tells the start of the next one, but in a replay the other again. What a replay reads otherwise is no clock: for
runs, local activities take no time. Only where the task wrote nothing down (for a query, or as the local activity took
long) does a replay not know that it ever was, and tells the start of the next one from the beginning: the time that the
run read is noted with that one's end. How long the history is, and with it whether a run continues as new, is told and
read in the same way, but for such a task, which is as long as a replay takes it for.

Updates may come in an activation of their own, after the one in which the run ended or continued as new, and still in
the same task. Temporal takes no command after such an end: answering them would fail the task for ever. They are left
unanswered, and Temporal has the next run of the chain answer them, or nobody.

The task to which a run was reset brings a new random seed beside the signals and updates that Temporal applies again.
The SDK hands it over after them; a run must know before, as what they release may have been sent already. Where a local
activity had been written down just before, its answer comes even earlier, in an activation of its own: the run acts on
it as if it had not been reset. What replays do not compare tells of the reset then: the seed that the run began with is
not its own, so that nothing that must not be repeated is sent, and a run that continues as new is told.

Temporal's SDK takes a task that has not ended after two seconds by the clock on the wall for a deadlock; on a busy
machine 100 ms of work can take so long. It fails the task, interrupts its thread, and evicts the run, so that the task
is repeated. But it does not wait for the thread: the run is evicted on a second thread while the first still runs it.
Coroutines get lost between the two, the eviction is tried again for ever, the run stalls, and the worker cannot be
stopped. Here an eviction waits until the run's thread has ended. That it does by itself, as the work of a task is
bounded (`workflows/run/yielding.py`), so nothing needs to interrupt it, wherever it happens to be.

Whether a run stays on the version of its worker, its plan says, which comes in the middle of its first task; the SDK
wants to know before the run's first line. But every answer to Temporal says it, and the one that ends the task counts.
"""

from __future__ import annotations

import dataclasses
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from google.protobuf.timestamp_pb2 import Timestamp
from temporalio.common import VersioningBehavior
from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from workers.process.message_order import order_notes, put_in_order
from workers.process.random_seed import random_seed
from workers.process.task_notes import note_time, noted_time
from workflows.run.parked import OFFERED
from workflows.run.release import STAY
from workflows.run.resets import RESET_NOW, RESET_UNSEEN, RESETS
from workflows.view.attributes import ATTRIBUTES

if TYPE_CHECKING:
    from temporalio import workflow
    from temporalio.bridge.proto.workflow_activation import DoUpdate, WorkflowActivation, WorkflowActivationJob
    from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
    from temporalio.converter import SerializationContext, StorageDriverStoreContext
    from temporalio.worker._command_aware_visitor import CommandInfo

LARGEST = 1_900_000
"""Bytes of the updates that one workflow task answers: with all else that it says, Temporal takes it."""

NOTHING = -1
"""The same once the run has ended: there is no update of so few."""

EMPTY_TASK = 3
"""Events of a task that wrote nothing down: completed, and the next one scheduled and started."""

FIRST_TASK = 3
"""Events of a run that has just begun: started, and its first task scheduled and started."""

UNWRITTEN = ("schedule_local_activity", "request_cancel_local_activity", "respond_to_query")
"""Commands that leave nothing in the history: what a local activity answers is written down when it has ended."""

ENDS = frozenset(
    (
        "continue_as_new_workflow_execution",
        "complete_workflow_execution",
        "fail_workflow_execution",
        "cancel_workflow_execution",
    )
)
"""Commands after which Temporal takes no other."""

ENCODING = 256
"""Bytes by which a payload may have been larger before it was decrypted."""


class ReplayClock(SimplePlugin):
    """Gives runs a clock that replays read alike, tells them of resets, and leaves out updates that have no answer.

    Args:
        versioned: whether the worker announces its version; of any other, Temporal takes no word about it.
        attributes: whether the namespace has our search attributes, of which runs are told too.
    """

    def __init__(self, *, versioned: bool = False, attributes: bool = False) -> None:
        seen_to = partial(_seen_to, versioned=versioned, attributes=attributes)
        super().__init__("trunkline.activation", workflow_runner=seen_to)


def _seen_to(runner: WorkflowRunner | None, *, versioned: bool, attributes: bool) -> WorkflowRunner:
    if runner is None:
        raise AssertionError("A worker has a runner.")
    return _Runner(runner, versioned=versioned, attributes=attributes)


class _Seeds:
    """Knows whether seeds are what they are taken for: a run that has just begun shows it."""

    def __init__(self) -> None:
        self.known = False

    def watch(self, act: WorkflowActivation) -> None:
        """Learn from the first activation of a run, once for all of them."""
        for job in () if self.known else act.jobs:
            if job.HasField("initialize_workflow") and not act.is_replaying and act.history_length == FIRST_TASK:
                self.known = job.initialize_workflow.randomness_seed == random_seed(act.run_id)


class _Runner(WorkflowRunner):
    def __init__(self, runner: WorkflowRunner, *, versioned: bool, attributes: bool) -> None:
        self.runner = runner
        self.versioned = versioned
        self.seeds = _Seeds()
        self.attributes = attributes

    def prepare_workflow(self, defn: workflow._Definition) -> None:
        self.runner.prepare_workflow(defn)

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Instance(self, det)

    def set_worker_level_failure_exception_types(self, types: object) -> None:
        self.runner.set_worker_level_failure_exception_types(types)  # type: ignore[arg-type] # it is passed on


class _Instance(WorkflowInstance):
    def __init__(self, runner: _Runner, det: WorkflowInstanceDetails) -> None:
        self.seeds = runner.seeds
        self.versioned = runner.versioned
        self.seed = det.randomness_seed
        self.run_id = det.info.run_id
        self.resets: int = 0
        self.at: int = 0
        self.reset_at: int | None = None
        functions = {
            **det.extern_functions,
            RESETS: lambda: self.resets,
            RESET_NOW: lambda: self.reset_at == self.at,
            RESET_UNSEEN: lambda: self.seeds.known and self.seed != random_seed(self.run_id),
            STAY: self._stay,
            OFFERED: self._offer,
            ATTRIBUTES: lambda: runner.attributes,
        }
        self.instance = runner.runner.create_instance(dataclasses.replace(det, extern_functions=functions))
        self.clock: Timestamp | None = None
        self.length = 0
        self.long = False
        self.wrote = False
        self.ended = False
        self.stays = False
        self.offered = False
        self.alone = Lock()

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        with self.alone:
            return self._activate(act)

    def _activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        slept = self._set_clock(act)
        self.at = act.history_length
        self.seeds.watch(act)
        for job in act.jobs:
            if job.HasField("update_random_seed"):
                self.resets, self.reset_at = self.resets + 1, self.at
                self.seed = job.update_random_seed.randomness_seed
        mixed = self._settle_updates(act)
        completion = self.instance.activate(act)
        if completion.HasField("successful"):
            if slept and self.clock is not None:
                completion.successful.used_internal_flags.extend(note_time(self.length, self.clock.ToNanoseconds()))
            if mixed:
                completion.successful.used_internal_flags.extend(order_notes(act, completion))
        if self.ended:
            _keep_answers(completion)
        if self.stays and completion.HasField("successful"):
            completion.successful.versioning_behavior = VersioningBehavior.PINNED.value
        if self.offered:
            self.offered = False
            _let_any_have(completion)
        self.wrote = self.wrote or _writes(act, completion)
        self.ended = self.ended or any(
            command.WhichOneof("variant") in ENDS for command in completion.successful.commands
        )
        return completion

    def _settle_updates(self, act: WorkflowActivation) -> bool:
        """Leave out updates that cannot be answered, and put the others in their order; say whether to note that."""
        if not any(job.HasField("do_update") for job in act.jobs):
            return False
        if not act.is_replaying:
            _leave_out(act, NOTHING if self.ended else LARGEST)
        return put_in_order(act)

    def _stay(self) -> None:
        self.stays = self.versioned

    def _offer(self) -> None:
        self.offered = True

    def _set_clock(self, act: WorkflowActivation) -> bool:
        """Have the run read what each replay reads; say whether a replay would not know it."""
        told = act.history_length, act.continue_as_new_suggested
        slept = False
        if any(map(_tells_time, act.jobs)):
            self.clock, self.wrote = act.timestamp, False
            self.length, self.long = told
        elif self._slept(act):
            slept, self.wrote = True, False
            self.length, self.long = told
        if (known := noted_time(self.length, act.available_internal_flags)) is not None:
            self.clock = Timestamp()
            self.clock.FromNanoseconds(known)
        if self.clock is not None:
            act.timestamp.CopyFrom(self.clock)
            act.history_length, act.continue_as_new_suggested = self.length, self.long
        return slept

    def _slept(self, act: WorkflowActivation) -> bool:
        """Say whether nothing but tasks that wrote nothing down came since the clock was set."""
        if self.wrote or any(job.HasField("query_workflow") for job in act.jobs):
            return False
        grown = act.history_length - self.length  # by more, where Temporal's core wrote down a local activity by itself
        return grown > 0 and grown % EMPTY_TASK == 0

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:  # noqa: ARG002 # the SDK's signature
        return None  # codec and store of ours ask for none, and to make one for each payload takes time

    def get_external_store_context(self, command_info: CommandInfo | None) -> StorageDriverStoreContext:
        return self.instance.get_external_store_context(command_info)

    def get_info(self) -> workflow.Info:
        return self.instance.get_info()

    def get_thread_id(self) -> int | None:
        return None  # so that the SDK has no thread to interrupt


def _tells_time(job: WorkflowActivationJob) -> bool:
    """Say whether a job comes from the history alone: the end of a local activity, queries and evictions do not."""
    if job.HasField("resolve_activity"):
        return not job.resolve_activity.is_local
    return not (job.HasField("query_workflow") or job.HasField("remove_from_cache"))


def _writes(act: WorkflowActivation, completion: WorkflowActivationCompletion) -> bool:
    """Say whether the task that ends with or after an activation writes something down."""
    if any(job.HasField("resolve_activity") for job in act.jobs):
        return True
    return any(command.WhichOneof("variant") not in UNWRITTEN for command in completion.successful.commands)


def _let_any_have(completion: WorkflowActivationCompletion) -> None:
    """Keep Temporal from handing the activities of a completion to the worker that completes it."""
    for command in completion.successful.commands:
        if command.HasField("schedule_activity"):
            command.schedule_activity.do_not_eagerly_execute = True


def _keep_answers(completion: WorkflowActivationCompletion) -> None:
    """Remove from a completion all but answers to queries."""
    answers = [one for one in completion.successful.commands if one.HasField("respond_to_query")]
    if len(answers) < len(completion.successful.commands):
        del completion.successful.commands[:]
        completion.successful.commands.extend(answers)


def _leave_out(act: WorkflowActivation, room: int) -> None:
    """Remove the updates beyond so many bytes, as one task can answer; what was answered before is replayed anyway."""
    jobs = []
    for job in act.jobs:
        if not job.HasField("do_update"):
            jobs.append(job)
        elif (size := _size(job.do_update)) <= room:
            jobs.append(job)
            room -= size
    if len(jobs) < len(act.jobs):
        del act.jobs[:]
        act.jobs.extend(jobs)


def _size(update: DoUpdate) -> int:
    return update.ByteSize() + ENCODING * (len(update.input) + len(update.headers))
