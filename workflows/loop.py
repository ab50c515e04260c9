"""Loops: a block run for every item of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workflows.event import what
from workflows.fault import Fault, fault_error
from workflows.flow import STATUS, Flow, gravest
from workflows.parallel import run_parallel
from workflows.program import LoopStep
from workflows.report import Entry, measure, room_for
from workflows.state import Frame
from workflows.template import TemplateError

if TYPE_CHECKING:
    from workflows.walk import Walk


async def loop(walk: Walk, step: LoopStep, entry: Entry, frame: Frame) -> Flow:
    """Run a loop's block for every item, some side by side; one that fails lets the others finish."""
    memory = walk.state.remember(entry["id"])
    if "items" not in memory:
        items = walk.render(step.items, entry, frame).value
        _check_items(items, step)
        walk.state.reserve(f"{entry['id']}[items]", measure(items))
        memory.update(items=items or [], done={}, frames={})
    remaining = iter([n for n in range(len(memory["items"])) if str(n) not in memory["done"]])

    async def lane() -> None:
        for index in remaining:
            if walk.stop is not None:
                return
            memory["done"][str(index)] = await _iteration(walk, step, entry["id"], index, frame)

    await run_parallel(lane() for _ in range(min(step.parallel, len(memory["items"]))))
    walk.state.release(entry["id"])
    outcomes = [memory["done"].get(str(n), {"flow": "halted"}) for n in range(len(memory["items"]))]
    flows: list[Flow] = [outcome["flow"] for outcome in outcomes]
    entry["counts"] = {STATUS[flow]: flows.count(flow) for flow in STATUS if flow in flows}
    if step.save_as and step.collect:
        walk.state.save(frame, step.save_as, [outcome.get("collected") for outcome in outcomes])
    return walk.end(step, entry, STATUS[gravest(flows)])


async def _iteration(walk: Walk, step: LoopStep, loop: str, index: int, outer: Frame) -> dict[str, Any]:
    memory = walk.state.memory[loop]
    items = memory["items"]
    position = {"index": index, "first": index == 0, "last": index == len(items) - 1, "length": len(items)}
    frame = Frame(
        prefix=f"{loop}[{index}].",
        roots={step.name: items[index], "loop": position},
        variables=memory["frames"].setdefault(str(index), {}),
        outer=outer,
    )
    outcome: dict[str, Any] = {}
    try:
        await walk.pace.step(walk, scanned=len(walk.state.report.entries))
        walk.state.reserve(frame.prefix, room_for(step.block))
        outcome["flow"] = await walk.block(step.block, frame, loop)
        if step.collect is not None and outcome["flow"] == "done":
            outcome["collected"] = walk.render(step.collect, walk.state.report.entries[loop], frame).value
            walk.state.reserve(f"{frame.prefix}collected", measure(outcome["collected"]))
    except (TemplateError, Fault) as error:
        walk.state.report.entries[loop]["error"] = fault_error(error)
        outcome = {"flow": "failed"}
    del memory["frames"][str(index)]
    if walk.state.report.forget(frame.prefix):
        walk.state.forget(frame.prefix)
    return outcome


def _check_items(items: Any, step: LoopStep) -> None:
    if items is not None and not isinstance(items, list):
        raise Fault(f"`forEach` needs a list; this is {what(items)}.")
    if items and len(items) > step.max_items:
        raise Fault(f"`forEach` got {len(items)} items; `maxItems` allows {step.max_items}.")
