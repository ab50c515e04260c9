"""The interpreter: which step runs when, and what the end of one means for the next.

A walk that starts from a state skips what is finished and reopens what was waiting, so that a run continues after
continue-as-new exactly where it was.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

from trunkline.wire import Entry, Flow, Iteration
from workflows import host
from workflows.errors import StepError, error_entry
from workflows.event import what
from workflows.language.filters.contract import is_nothing
from workflows.language.template import TemplateError
from workflows.program import (
    ActionStep,
    Block,
    BranchStep,
    LoopStep,
    Path,
    PathsStep,
    RepeatStep,
    SetStep,
    Step,
    StopStep,
    WaitStep,
)
from workflows.report import ENDED, cut, flow_after, measure, room_for, timestamp
from workflows.run.flow import STATUS, gravest
from workflows.run.listening import listen
from workflows.run.parallel import run_parallel
from workflows.run.state import Frame
from workflows.run.walk import Stop, Walk
from workflows.steps.act import act
from workflows.steps.awaiting import await_event, subscribe_early
from workflows.steps.passing import pass_gate
from workflows.steps.race import race
from workflows.steps.reactions import FollowUp
from workflows.steps.repeat import repeat
from workflows.steps.waiting import end_of

T = TypeVar("T")


async def walk_whole(walk: Walk) -> Flow:
    """Walk the whole plan, or what follows once it has failed, and wait for what runs in the background."""
    failed = walk.state.failed
    listen(walk)
    if failed is None:
        await subscribe_early(walk)
        await pass_gate(walk)
        flow = await run_block(walk, walk.program.block, walk.outermost, None)
    else:
        flow = await run_block(walk, walk.program.on_failure, walk.outermost.after(failed["failure"]), None)
    behind: list[Flow] = []
    while len(behind) < len(walk.background):  # actions that follow a failure may leave more behind
        behind += await run_parallel(_result(task) for task in walk.background[len(behind) :])
    await run_parallel(_result(task) for task in walk.notices)
    walk.background.clear()
    walk.notices.clear()
    return gravest([flow, *behind])


async def _result(task: asyncio.Task[T]) -> T:
    return await task


async def run_block(walk: Walk, block: Block, frame: Frame, parent: str | None) -> Flow:
    """Run the steps of a block in order, as far as they go."""
    for step in block:
        flow = await _step(walk, step, frame, parent)
        if flow != "done":
            return flow
    return "done"


async def _step(walk: Walk, step: Step, frame: Frame, parent: str | None) -> Flow:
    instance = frame.prefix + step.id
    entry = walk.state.report.entries.get(instance)
    behind = isinstance(step, ActionStep) and step.background
    if entry is not None and entry["status"] in ENDED and "reaction" not in walk.state.recall(instance):
        if behind:
            walk.background.append(asyncio.create_task(_ended(step, entry), name=instance))
            return "done"
        return flow_after(step, entry)
    await walk.work_budget.step(walk)
    if walk.must_continue_as_new() and not walk.halted(parent):
        walk.continuing_as_new = True
        await host.wait_condition(lambda: walk.halted(parent))
    if walk.halted(parent):
        return "halted"
    fresh = entry is None or (entry["status"] not in ENDED and walk.state.recall(instance).pop("unjudged", False))
    if entry is None:
        entry = walk.state.report.begin(instance, step, parent, host.now())
        host.tell(host.BEGUN, step=instance)
    started = _guarded(walk, step, entry, frame, fresh=fresh)
    if behind:
        walk.background.append(asyncio.create_task(_behind(walk, instance, started), name=instance))
        return "done"
    return await started


async def _ended(step: Step, entry: Entry) -> Flow:
    """Return how a step ended that nothing waits for."""
    return flow_after(step, entry)


async def _behind(walk: Walk, instance: str, started: Coroutine[Any, Any, Flow]) -> Flow:
    """Run a step that nothing waits for; one whose path has lost counts no more."""
    try:
        return await started
    except asyncio.CancelledError:
        if walk.stop is None and walk.halted(instance):
            return "done"
        raise


async def _guarded(walk: Walk, step: Step, entry: Entry, frame: Frame, *, fresh: bool) -> Flow:
    try:
        if fresh and step.condition is not None:
            try:
                verdict = walk.judge(step.condition, entry, frame)
            except TemplateError as error:
                walk.state.remember(entry["id"])["unjudged"] = True
                if not isinstance(step, ActionStep):
                    raise
                return await _act(walk, step, entry, frame, error)
            if not verdict.holds:
                return walk.skip(step, entry, verdict.why)
        return await _carry_out(walk, step, entry, frame)
    except asyncio.CancelledError:
        if entry["status"] in ENDED:  # only the actions that follow its end were canceled
            walk.settle(step, entry)
            raise
        unknown = walk.state.recall(entry["id"]).get("unknown")
        walk.end(step, entry, "canceled" if unknown is None else "unknown", unknown)
        raise
    except (TemplateError, StepError) as error:
        return walk.end(step, entry, "failed", error_entry(error))


async def _carry_out(  # noqa: PLR0911 # one return per kind of step
    walk: Walk, step: Step, entry: Entry, frame: Frame
) -> Flow:
    match step:
        case ActionStep():
            return await _act(walk, step, entry, frame)
        case PathsStep():
            return await _paths(walk, step, entry, frame)
        case Path():
            flow = await run_block(walk, step.block, frame, entry["id"])
            return walk.end(step, entry, "canceled" if entry["id"] in walk.lost else STATUS[flow])
        case BranchStep():
            return await _branch(walk, step, entry, frame)
        case WaitStep():
            return await _wait(walk, step, entry, frame)
        case LoopStep():
            return await _loop(walk, step, entry, frame)
        case RepeatStep():
            return await repeat(walk, step, entry, frame, run_block)
        case SetStep():
            return _set(walk, step, entry, frame)
        case StopStep():
            return _stop(walk, step, entry, frame)
    raise TypeError(f"no such step: {step!r}")


async def _act(walk: Walk, step: ActionStep, entry: Entry, frame: Frame, unjudged: TemplateError | None = None) -> Flow:
    """Carry out an action step, and the actions that follow its failure or its refusal."""
    ended = await act(walk, step, entry, frame, unjudged)
    while isinstance(ended, FollowUp):
        flow = await run_block(walk, ended.block, ended.frame, entry["id"])
        walk.state.memory[entry["id"]]["reaction"]["flow"] = flow
        ended = await act(walk, step, entry, frame)
    return ended


async def _paths(walk: Walk, step: PathsStep, entry: Entry, frame: Frame) -> Flow:
    if step.first:
        return await race(walk, step, entry, frame, _step)
    flows = await run_parallel(_step(walk, path, frame, entry["id"]) for path in step.paths)
    return walk.end(step, entry, STATUS[gravest(flows)])


async def _branch(walk: Walk, step: BranchStep, entry: Entry, frame: Frame) -> Flow:
    memory = walk.state.remember(entry["id"])
    if "case" not in memory:
        whys: list[str] = []
        for condition, _ in step.cases:
            verdict = walk.judge(condition, entry, frame)
            if verdict.holds:
                break
            whys.append(verdict.why)
        memory["case"] = len(whys)
        if len(whys) == len(step.cases) and not step.otherwise:
            return walk.skip(step, entry, " ".join(whys))
    blocks = [block for _, block in step.cases] + [step.otherwise]
    block = blocks[memory["case"]]
    if not block:
        return walk.end(step, entry, "skipped")
    return walk.end(step, entry, STATUS[await run_block(walk, block, frame, entry["id"])])


async def _wait(walk: Walk, step: WaitStep, entry: Entry, frame: Frame) -> Flow:
    if step.event is not None:
        return await await_event(walk, step, step.event, entry, frame)
    memory = walk.state.remember(entry["id"])
    if "until" not in memory:
        memory["until"] = entry["until"] = timestamp(end_of(walk, step, entry, frame))
    remaining = datetime.fromisoformat(memory["until"]) - host.now()
    if remaining > timedelta(0):
        await host.sleep(remaining, summary=step.label)
    return walk.end(step, entry, "succeeded")


def _set(walk: Walk, step: SetStep, entry: Entry, frame: Frame) -> Flow:
    walk.state.save_all(frame, walk.render(step.values, entry, frame).value)
    return walk.end(step, entry, "succeeded")


def _stop(walk: Walk, step: StopStep, entry: Entry, frame: Frame) -> Flow:
    reason = walk.render(step.reason, entry, frame).value
    if reason and not isinstance(reason, str):
        reason = json.dumps(reason, ensure_ascii=False, separators=(",", ":"))
    walk.end(step, entry, "succeeded")
    walk.stop = walk.stop or Stop(outcome=step.outcome, reason=cut(reason or step.label))
    return "stopped"


async def _loop(walk: Walk, step: LoopStep, entry: Entry, frame: Frame) -> Flow:
    """Run a loop's block for every item, some side by side; one that fails lets the others finish."""
    memory = walk.state.remember(entry["id"])
    if "items" not in memory:
        items = _items(walk.render(step.items, entry, frame).value, step)
        walk.state.reserve(f"{entry['id']}[items]", measure(items))
        memory["items"], memory["done"], memory["frames"] = items, {}, {}
    remaining = iter([n for n in range(len(memory["items"])) if str(n) not in memory["done"]])

    async def worker() -> None:
        for index in remaining:
            if walk.halted(entry["id"]):
                return
            memory["done"][str(index)] = await _iteration(walk, step, entry["id"], index, frame)

    await run_parallel(worker() for _ in range(min(step.parallel, len(memory["items"]))))
    outcomes = [memory["done"].get(str(n), {"flow": "halted"}) for n in range(len(memory["items"]))]
    flows: list[Flow] = [outcome["flow"] for outcome in outcomes]
    entry["counts"] = {STATUS[flow]: flows.count(flow) for flow in STATUS if flow in flows}
    if gravest(flows) != "failed" or step.goes_on:  # else it may be taken up again
        walk.state.release(entry["id"])
    if step.save_as and step.collect:
        walk.state.save(frame, step.save_as, [outcome.get("collected") for outcome in outcomes])
    return walk.end(step, entry, STATUS[gravest(flows)])


async def _iteration(walk: Walk, step: LoopStep, loop: str, index: int, outer: Frame) -> Iteration:
    memory = walk.state.memory[loop]
    items = memory["items"]
    position = {"index": index, "first": index == 0, "last": index == len(items) - 1, "length": len(items)}
    frame = Frame(
        prefix=f"{loop}[{index}].",
        roots={step.name: items[index], "loop": position},
        variables=memory["frames"].setdefault(str(index), {}),
        outer=outer,
    )
    outcome: Iteration = {"flow": "halted"}
    try:
        await walk.work_budget.step(walk, scanned=len(walk.state.report.entries))
        walk.state.reserve(frame.prefix, room_for(step.block))
        outcome["flow"] = await run_block(walk, step.block, frame, loop)
        if step.collect is not None and outcome["flow"] == "done":
            outcome["collected"] = walk.render(step.collect, walk.state.report.entries[loop], frame).value
            walk.state.reserve(f"{frame.prefix}collected", measure(outcome["collected"]))
    except (TemplateError, StepError) as error:
        walk.state.report.entries[loop]["error"] = error_entry(error)
        outcome = {"flow": "failed"}
    if outcome["flow"] != "failed":
        del memory["frames"][str(index)]
    if walk.state.report.forget(frame.prefix):
        walk.state.forget(frame.prefix)
    return outcome


def _items(value: Any, step: LoopStep) -> list[Any]:
    """Return what a loop goes over: a list's elements, an object's pairs in its order, nothing of what is empty."""
    if isinstance(value, dict):
        value = [{"key": key, "value": content} for key, content in value.items()]
    elif is_nothing(value):
        value = []
    if not isinstance(value, list):
        raise StepError(f"`forEach` needs a list or an object; this is {what(value)}.")
    if len(value) > step.max_items:
        raise StepError(f"`forEach` got {len(value)} items; `maxItems` allows {step.max_items}.")
    return value
