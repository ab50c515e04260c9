"""A block that is repeated until conditions hold: passes, the pauses between them, and an end in time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from trunkline.durations import HOUR, spell
from trunkline.wire import Entry, Flow, Memory
from workflows import host
from workflows.errors import TimeUpError
from workflows.program import Block, RepeatStep
from workflows.report import room_for, timestamp
from workflows.run.flow import STATUS
from workflows.run.state import Frame
from workflows.run.walk import Walk

LONGEST_PAUSE = HOUR
"""Milliseconds to which a pause grows at most, unless `every` is longer."""

RunBlock = Callable[[Walk, Block, Frame, str | None], Awaitable[Flow]]


async def repeat(walk: Walk, step: RepeatStep, entry: Entry, frame: Frame, run: RunBlock) -> Flow:
    """Run the passes of a step, and return how it ended; a pass that does not end well ends it.

    Raises:
        TimeUpError: its time, or its passes, are used up.
    """
    memory = walk.state.remember(entry["id"])
    if "until" not in memory:
        memory["until"] = timestamp(host.now() + step.at_most)
        memory["left"], memory["pause"] = step.max_passes, _milliseconds(step.every)
        memory.setdefault("passes", 0)
    while True:
        await _rest(step, memory)
        flow, holds = await _pass(walk, step, entry, frame, run)
        entry["counts"] = _counts(memory["passes"], flow)
        if holds or flow != "done":
            return walk.end(step, entry, STATUS[flow])
        if not memory["left"]:
            passes = f"{step.max_passes:,} {'pass' if step.max_passes == 1 else 'passes'}"
            raise TimeUpError(f"`until` did not hold after {passes}, the most that `maxPasses` allows.")
        memory["next"] = timestamp(host.now() + timedelta(milliseconds=memory["pause"]))
        memory["pause"] = min(memory["pause"] * step.backoff, max(LONGEST_PAUSE, _milliseconds(step.every)))


async def _rest(step: RepeatStep, memory: Memory) -> None:
    """Wait until the next pass is due, if any was; none begins once time is up."""
    if "next" not in memory:
        return
    end = datetime.fromisoformat(memory["until"])
    remaining = min(datetime.fromisoformat(memory["next"]), end) - host.now()
    if remaining > timedelta(0):
        await host.sleep(remaining, summary=step.label)
    if host.now() >= end:
        raise TimeUpError(f"`until` did not hold within {spell(round(_milliseconds(step.at_most)))} (`atMost`).")
    del memory["next"]


async def _pass(walk: Walk, step: RepeatStep, entry: Entry, frame: Frame, run: RunBlock) -> tuple[Flow, bool]:
    """Run one pass; return how it ended, and whether it is the last because `until` holds."""
    memory = walk.state.memory[entry["id"]]
    index = memory["passes"]
    inside = Frame(
        prefix=f"{entry['id']}[{index}].",
        roots={"loop": {"index": index, "first": index == 0}},
        variables=frame.variables,
        outer=frame,
    )
    await walk.work_budget.step(walk, scanned=len(walk.state.report.entries))
    walk.state.reserve(inside.prefix, room_for(step.block))
    flow = await run(walk, step.block, inside, entry["id"])
    if flow != "done":
        return flow, False
    holds = walk.judge(step.until, entry, inside).holds
    memory["passes"] = index + 1
    memory["left"] -= 1
    if walk.state.report.forget(inside.prefix):
        walk.state.forget(inside.prefix)
    return flow, holds


def _counts(passes: int, flow: Flow) -> dict[str, int]:
    """Return how many passes ended how: so many well, and the last one perhaps not."""
    counts = {"succeeded": passes} if passes else {}
    if flow != "done":
        counts[STATUS[flow]] = counts.get(STATUS[flow], 0) + 1
    return counts


def _milliseconds(time: timedelta) -> float:
    return time / timedelta(milliseconds=1)
