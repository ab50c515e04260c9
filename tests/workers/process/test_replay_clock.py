"""What a worker sees to before a run is activated; what it does about updates is in tests/end_to_end/test_budgets.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker._workflow import _WorkflowWorker

from tests.engine import Engine
from workers.process import replay_clock
from workers.process.random_seed import random_seed
from workers.process.replay_clock import ReplayClock
from workers.process.task_notes import MOST, note_order, note_time, noted_order, noted_time
from workflows.run import walk
from workflows.run.resets import RESET_UNSEEN, RESETS

SDK_FLAG = 1


async def test_a_replay_reads_the_same_clock(engine: Engine) -> None:
    engine.define("""
        name: clock
        trigger: {event: test.fired}
        actions:
          - {label: Call, actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {at: "{{now}}"}}}
          - {label: Ask, id: ask, actionType: http_request, config: {method: POST, url: RECEIVER/ask, body: {at: "{{now}}"}}, requireApproval: true}
    """)

    async def begin() -> Any:
        handle = await engine.start("clock")
        await handle.query("report")  # often makes the first task end right after the plan has come
        return handle

    handles = await asyncio.gather(*(begin() for _ in range(25)))
    held = [(await engine.held(handle))[0] for handle in handles]
    reports = [await handle.query("report") for handle in handles]
    await engine.stop()
    await engine.serve()
    for handle, report, hold in zip(handles, reports, held, strict=True):
        assert await handle.query("report") == report
        assert await handle.query("holds") == [hold]
        decision = {"hold": "ask", "decision": "approve", "by": "ann", "digest": hold["digest"]}
        assert (await handle.execute_update("decide", decision))["result"] == "accepted"
    for handle in handles:
        assert (await engine.finish(handle))["outcome"] == "completed"
    sent = {request.body["at"] for request in engine.receiver.to("/ask")}
    assert sent == {hold["request"]["config"]["body"]["at"] for hold in held}


async def test_a_task_that_a_busy_machine_makes_slow_is_no_deadlock(
    monkeypatch: pytest.MonkeyPatch, engine: Engine
) -> None:
    """The SDK takes a task in a thread for one after two seconds by the clock on the wall, which load alone can bring."""
    slow = [1.0]
    render = walk.Walk.render

    def rendered(self: walk.Walk, *arguments: Any) -> Any:
        time.sleep(slow.pop() if slow else 0)
        return render(self, *arguments)

    monkeypatch.setattr(walk.Walk, "render", rendered)
    patience = property(lambda _: 0.3, lambda *_: None)
    monkeypatch.setattr(_WorkflowWorker, "_deadlock_timeout_seconds", patience, raising=False)
    engine.define("""
        name: slow
        trigger: {event: test.fired}
        paths:
          - actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {n: 1}}}]
          - actions: [{actionType: http_request, config: {method: POST, url: RECEIVER/call, body: {n: 2}}}]
    """)
    handle = await engine.start("slow")
    assert (await engine.finish(handle, 30))["outcome"] == "completed"
    history = await handle.fetch_history()
    assert EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED not in [event.event_type for event in history.events]
    assert not slow, "it was slow"
    assert len(engine.receiver.to("/call")) == 2
    await asyncio.wait_for(engine.stop(), 20)


class Follower(WorkflowInstance):
    """Notes what it is told of the history, and answers with the commands that it was given."""

    def __init__(self, *answers: WorkflowActivationCompletion) -> None:
        self.answers = list(answers)
        self.lengths: list[int] = []
        self.times: list[int] = []
        self.jobs: list[list[str | None]] = []

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        self.lengths.append(act.history_length)
        self.times.append(act.timestamp.ToNanoseconds())
        self.jobs.append([job.WhichOneof("variant") for job in act.jobs])
        return self.answers.pop(0)

    def get_serialization_context(self, command_info: Any) -> None: ...

    def get_external_store_context(self, command_info: Any) -> Any: ...

    def get_info(self) -> Any: ...

    def get_thread_id(self) -> None: ...


@dataclass(frozen=True)
class Details:
    """What an instance reads of its details."""

    extern_functions: Mapping[str, Any] = field(default_factory=dict)
    randomness_seed: int = 0
    info: Any = field(default_factory=lambda: SimpleNamespace(run_id="run"))


def completion(*names: str) -> WorkflowActivationCompletion:
    made = WorkflowActivationCompletion()
    made.successful.SetInParent()
    for name in names:
        getattr(made.successful.commands.add(), name).SetInParent()
    return made


def activation(length: int, job: str, at: int = 0, flags: Sequence[int] = ()) -> WorkflowActivation:
    made = WorkflowActivation(history_length=length, available_internal_flags=flags)
    made.timestamp.FromNanoseconds(at)
    added = made.jobs.add()
    if job == "local":
        added.resolve_activity.is_local = True
    else:
        getattr(added, job).SetInParent()
    return made


class Runner(WorkflowRunner):
    """Makes instances that only note, and keeps what they could ask."""

    def __init__(self, *followers: Follower) -> None:
        self.followers = list(followers)
        self.asks: list[Mapping[str, Any]] = []

    def prepare_workflow(self, defn: Any) -> None: ...

    def create_instance(self, det: Any) -> WorkflowInstance:
        self.asks.append(det.extern_functions)
        return self.followers.pop(0)


def plugged(runner: Runner) -> WorkflowRunner:
    """Return a runner as the plugin makes it."""
    wrap = ReplayClock().workflow_runner
    assert callable(wrap)
    wrapped = wrap(runner)
    assert wrapped is not None
    return wrapped


def seen_to(follower: Follower) -> WorkflowInstance:
    """Return an instance as the plugin makes it, over one that only notes."""
    return plugged(Runner(follower)).create_instance(cast("WorkflowInstanceDetails", Details()))


@pytest.mark.parametrize(
    ("commands", "then", "read"),
    [
        (["schedule_local_activity"], 6, 6),  # its task wrote nothing, so a replay goes through both at once
        (["schedule_local_activity", "respond_to_query"], 9, 9),
        (["update_response", "schedule_local_activity"], 15, 3),  # though it grew by as much as some empty tasks would
        (["schedule_local_activity"], 7, 3),  # its answer was written down before the run was told
        (["start_timer", "schedule_local_activity"], 9, 3),
        (["schedule_local_activity"], 3, 3),  # in the same task
    ],
)
def test_after_a_local_activity_a_run_reads_what_a_replay_reads(commands: list[str], then: int, read: int) -> None:
    follower = Follower(completion(*commands), completion(), completion())
    instance = seen_to(follower)
    instance.activate(activation(3, "initialize_workflow"))
    instance.activate(activation(then, "local"))
    instance.activate(activation(then + 3, "local"))
    assert follower.lengths == [3, read, read]


def test_a_replay_reads_the_time_that_was_noted_of_a_task_of_which_it_does_not_know() -> None:
    began, next_began, answered, later = (1_795_000_000_123_456_789 + second * 10**9 for second in range(4))
    live = Follower(completion("schedule_local_activity"), completion("schedule_activity"), completion())
    instance = seen_to(live)
    noted = [SDK_FLAG]
    for length, job, at in ((3, "initialize_workflow", began), (6, "local", answered), (13, "resolve_activity", later)):
        noted += instance.activate(activation(length, job, at, noted)).successful.used_internal_flags
    assert live.times == [began, began, later]
    replay = Follower(completion("schedule_local_activity"), completion("schedule_activity"), completion())
    instance = seen_to(replay)
    for length, job, at in (
        (6, "initialize_workflow", next_began),
        (6, "local", answered),
        (13, "resolve_activity", later),
    ):
        assert not instance.activate(activation(length, job, at, noted)).successful.used_internal_flags
    assert (replay.times, replay.lengths) == (live.times, [6, 6, 13])


def test_what_is_noted_is_noted_of_one_task() -> None:
    longest = [number % 3 == 0 for number in range(MOST)]
    flags = sorted(
        {SDK_FLAG, *note_time(6, 2**63 - 1), *note_time(9, 1), *note_order(9, longest), *note_order(3, [True])}
    )
    assert [noted_time(length, flags) for length in (3, 6, 9, 0)] == [None, 2**63 - 1, 1, None]
    assert [noted_order(length, flags) for length in (6, 9)] == [[], longest]
    assert noted_order(3, flags) == [True, *[False] * 7]
    assert all(SDK_FLAG < flag < 2**32 for flag in flags[1:])


def messages(length: int, kinds: str, flags: Sequence[int] = ()) -> WorkflowActivation:
    """Return an activation with signals and updates (`s` and `u`) in this order; the third update is not accepted."""
    made = activation(length, "update_random_seed", flags=flags)
    updates = 0
    for number, kind in enumerate(kinds):
        if kind == "s":
            made.jobs.add().signal_workflow.signal_name = str(number)
        else:
            made.jobs.add().do_update.protocol_instance_id = "refused" if updates == REFUSED else str(number)
            updates += 1
    return made


REFUSED = 2


def names(act: WorkflowActivation) -> list[str]:
    """Return which signals and updates come, in their order."""
    return [
        job.signal_workflow.signal_name or job.do_update.protocol_instance_id
        for job in act.jobs
        if not job.HasField("update_random_seed")
    ]


class Accepting(Follower):
    """Accepts all updates but the refused."""

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        self.seen = names(act)
        made = completion()
        for job in act.jobs:
            if job.HasField("do_update"):
                answer = made.successful.commands.add().update_response
                answer.protocol_instance_id = job.do_update.protocol_instance_id
                kind = "rejected" if answer.protocol_instance_id == "refused" else "accepted"
                getattr(answer, kind).SetInParent()
        return made


@pytest.mark.parametrize("kinds", ["us", "uussuuus", "susu", "us" * 9, "su" * MOST, "uuu" + "su" * MOST])
def test_a_replay_brings_the_messages_of_a_reset_in_the_order_in_which_they_came(kinds: str) -> None:
    live = Accepting()
    flags = seen_to(live).activate(messages(9, kinds)).successful.used_internal_flags
    assert live.seen[:MOST] == names(messages(9, kinds))[:MOST]
    replayed = messages(9, kinds, [SDK_FLAG, *flags])
    jobs = [job for job in replayed.jobs if job.do_update.protocol_instance_id != "refused"]
    jobs.sort(key=lambda job: job.HasField("do_update"))
    del replayed.jobs[:]
    replayed.jobs.extend(jobs)
    replay = Accepting()
    assert not seen_to(replay).activate(replayed).successful.used_internal_flags
    assert replay.seen == [name for name in live.seen if name != "refused"]


@pytest.mark.parametrize("kinds", ["", "s", "u", "ssuu"])
def test_an_order_that_each_replay_brings_is_not_noted(kinds: str) -> None:
    assert not seen_to(Accepting()).activate(messages(9, kinds)).successful.used_internal_flags


@pytest.mark.parametrize("end", ["continue_as_new_workflow_execution", "complete_workflow_execution"])
def test_after_its_end_a_run_answers_nothing_but_queries(end: str) -> None:
    """Temporal would refuse the task, again and again."""
    answers = completion("update_response", "schedule_activity", "respond_to_query")
    follower = Follower(completion("upsert_workflow_search_attributes", end), answers)
    instance = seen_to(follower)
    instance.activate(activation(3, "initialize_workflow"))
    sent = instance.activate(activation(3, "do_update"))
    assert follower.jobs[1] == []
    assert [command.WhichOneof("variant") for command in sent.successful.commands] == ["respond_to_query"]


async def test_a_run_begins_with_the_seed_of_its_own_id(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> None:
    seeds: list[tuple[int, int]] = []

    def watch(_: Any, act: WorkflowActivation) -> None:
        begun = [job.initialize_workflow for job in act.jobs if job.HasField("initialize_workflow")]
        seeds.extend((random_seed(act.run_id), one.randomness_seed) for one in begun)

    monkeypatch.setattr(replay_clock._Seeds, "watch", watch)
    engine.define("name: seeds\ntrigger: {event: test.fired}\nactions: [{wait: 1s}]")
    await engine.finish(await engine.start("seeds"))
    assert seeds
    assert all(own == told for own, told in seeds)


def begins(run: str, seed: int) -> WorkflowActivation:
    made = WorkflowActivation(history_length=3, run_id=run)
    made.jobs.add().initialize_workflow.randomness_seed = seed
    return made


@pytest.mark.parametrize("known", [True, False])
def test_a_run_that_was_reset_is_known_before_it_is_told(known: bool) -> None:
    """The answer of a local activity comes before the task to which it was reset, and may make the run send."""
    runner = Runner(Follower(completion()), Follower(completion(), completion()))
    plug = plugged(runner)
    plug.create_instance(cast("WorkflowInstanceDetails", Details())).activate(
        begins("other", random_seed("other") if known else 7)
    )
    details = Details(randomness_seed=random_seed("base"), info=SimpleNamespace(run_id="reset"))
    instance = plug.create_instance(cast("WorkflowInstanceDetails", details))
    ask = runner.asks[-1]
    instance.activate(activation(36, "local"))
    assert (ask[RESETS](), ask[RESET_UNSEEN]()) == (0, known), "seeds are trusted where a new run has shown them"
    told = WorkflowActivation(history_length=43)
    told.jobs.add().update_random_seed.randomness_seed = random_seed("reset")
    instance.activate(told)
    assert (ask[RESETS](), ask[RESET_UNSEEN]()) == (1, False)
