"""Resuming a failed run: a reset to the task in which it would have ended lets its failed steps begin again.

Everything else stays as it is: what is finished is not sent again, what was skipped because of a failure follows once
its step succeeds, and a branch or loop goes on in the way and with the items that it had.
"""

from __future__ import annotations

from trunkline.wire import Entry
from workflows.program import ActionStep, Block, LoopStep, Step, ways
from workflows.report import flow_after
from workflows.run.resets import reset_now
from workflows.run.walk import Walk


def resume(walk: Walk) -> bool:
    """Let a run that would end as failed begin its failed steps again, where it was just reset; say whether it does."""
    if not reset_now() or walk.resumed == walk.resets:  # once for each reset, however it ends then
        return False
    walk.resumed = walk.resets
    walk.background.clear()
    walk.notices.clear()
    return _resume(walk, walk.program.block, "")


def _resume(walk: Walk, block: Block, prefix: str) -> bool:
    found = False
    for step in block:
        entry = walk.state.report.entries.get(prefix + step.id)
        if entry is None or flow_after(step, entry) != "failed":
            continue
        found = True
        _begin_again(walk, step, entry)
        if isinstance(step, LoopStep):
            _resume_turns(walk, step, entry["id"])
        else:
            for way in ways(step):
                _resume(walk, way, prefix)
    return found


def _begin_again(walk: Walk, step: Step, entry: Entry) -> None:
    """Let a step begin again: under a new key after a definite failure; what may have been done people judge first."""
    memory = walk.state.remember(entry["id"])
    memory.pop("tried", None)
    if isinstance(step, ActionStep) and entry["status"] == "failed":
        memory["release"] = memory.get("release", 0) + 1
    elif isinstance(step, ActionStep) and step.repeat == "never":
        memory["doubt"] = True
    walk.state.report.reopen(entry)


def _resume_turns(walk: Walk, loop: LoopStep, instance: str) -> None:
    done = walk.state.recall(instance).get("done", {})
    for index in [index for index, outcome in done.items() if outcome["flow"] == "failed"]:
        del done[index]
        _resume(walk, loop.block, f"{instance}[{index}].")
