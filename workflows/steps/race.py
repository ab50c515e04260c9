"""Paths of which the first that succeeds ends the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from trunkline.wire import Entry, Flow
from workflows import host
from workflows.program import Path, PathsStep
from workflows.run.flow import STATUS, gravest
from workflows.run.parallel import cancel_all, finished
from workflows.run.state import Frame
from workflows.run.walk import Walk

RunPath = Callable[[Walk, Path, Frame, str], Awaitable[Flow]]


async def race(walk: Walk, step: PathsStep, entry: Entry, frame: Frame, run: RunPath) -> Flow:
    """Run the paths of a step until one has succeeded; what the others have begun is canceled, and started no further.

    Each path has variables of its own until it has won.
    """
    kept = walk.state.remember(entry["id"]).setdefault("frames", {})
    frames = [_frame(entry, path, frame, kept) for path in step.paths]
    tasks = [
        asyncio.create_task(_flow(run(walk, path, inside, entry["id"])))
        for path, inside in zip(step.paths, frames, strict=True)
    ]
    winner = await _winner(tasks)
    if winner is None:
        flow = walk.end(step, entry, STATUS[gravest(task.result() for task in tasks)])
        if "frames" not in walk.state.recall(entry["id"]):  # else it may be taken up again
            _forget(walk, frames)
        return flow
    with walk.busy():  # what is canceled is not handed over halfway
        await finished(_end_others(walk, step, frame, tasks, winner))
    if walk.halted(entry["id"]):  # the run, or a path around it, was stopped meanwhile
        raise asyncio.CancelledError
    _forget(walk, frames)
    walk.state.save_all(frame, frames[winner].variables)
    return walk.end(step, entry, "succeeded")


def _frame(entry: Entry, path: Path, frame: Frame, kept: dict[str, dict[str, Any]]) -> Frame:
    variables = kept.setdefault(path.id, {})
    return Frame(prefix=frame.prefix, variables=variables, outer=frame, place=f"{entry['id']}#{path.id}.")


async def _flow(running: Awaitable[Flow]) -> Flow:
    return await running


async def _winner(tasks: list[asyncio.Task[Flow]]) -> int | None:
    """Return the first path that has succeeded, None where all have ended and none has; a bug in one is raised."""
    waiting = tasks
    try:
        while waiting:
            await host.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for index, task in enumerate(tasks):
                if task.done() and not task.cancelled() and task.result() == "done":
                    return index
            waiting = [task for task in waiting if not task.done()]
    except asyncio.CancelledError:
        await cancel_all([task for task in tasks if not task.done()])
        raise
    return None


async def _end_others(walk: Walk, step: PathsStep, frame: Frame, tasks: list[asyncio.Task[Flow]], winner: int) -> None:
    entries = walk.state.report.entries
    others = [frame.prefix + path.id for index, path in enumerate(step.paths) if index != winner]
    walk.lost.update(dict.fromkeys(others))
    behind = [task for task in walk.background if not task.done() and walk.halted(task.get_name())]
    await cancel_all([*(task for task in tasks if not task.done()), *behind])
    for path in others:
        if path in entries and entries[path]["status"] != "succeeded":
            entries[path]["onFailure"] = "continue"  # what has failed in it does not count


def _forget(walk: Walk, frames: list[Frame]) -> None:
    """Give back what the variables of the paths took."""
    for inside in frames:
        for name in inside.variables:
            walk.state.forget(f"{inside.place}variables.{name}")
