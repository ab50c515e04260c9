"""Resuming a failed run: a reset to the task in which it would have ended lets its failed steps begin again.

Everything else stays as it is: what is finished is not sent again, what was skipped because of a failure follows once
its step succeeds, and a branch or loop goes on in the way and with the items that it had. Actions that followed a
failure count as finished too: where the same failure comes again, only those of them that failed begin again.
"""

from __future__ import annotations

from trunkline.wire import Entry
from workflows.program import ActionStep, Block, LoopStep, PathsStep, RepeatStep, Step, ways
from workflows.report import FAILED, flow_after
from workflows.run.resets import reset_now
from workflows.run.walk import Walk


def resume(walk: Walk) -> bool:
    """Let a run that would end as failed begin its failed steps again, where it was just reset; say whether it does."""
    if not reset_now() or walk.resumed == walk.resets:  # once for each reset, however it ends then
        return False
    walk.resumed = walk.resets
    if not begin_again(walk, walk.program.block, ""):
        return False
    walk.state.failed = None
    return True


def begin_again(walk: Walk, block: Block, prefix: str, *, behind: bool = False) -> bool:
    """Let the failed steps of a block begin again; say whether there are any.

    Args:
        walk: the run.
        block: steps beside or after each other.
        prefix: of their entries' ids.
        behind: whether only steps count whose path went on without them, because what holds them did not fail.
    """
    found = False
    for step in block:
        entry = walk.state.report.entries.get(prefix + step.id)
        if entry is None:
            continue
        failed = flow_after(step, entry) == "failed" and not behind
        if isinstance(step, ActionStep):
            if again := failed or (step.background and flow_after(step, entry) == "failed"):
                _act_again(walk, step, entry, prefix)
        else:
            again = _inside(walk, step, entry, prefix, behind=not failed) or failed
            if again:
                walk.state.report.reopen(entry)
        found = found or again
    return found


def _inside(walk: Walk, step: Step, entry: Entry, prefix: str, *, behind: bool) -> bool:
    if isinstance(step, PathsStep) and step.first and behind:  # the others have lost
        return False
    if not isinstance(step, LoopStep | RepeatStep):
        again = [begin_again(walk, way, prefix, behind=behind) for way in ways(step)]
        return any(again)
    if behind:  # its items are no longer there
        return False
    if isinstance(step, LoopStep):
        _loop_again(walk, step, entry["id"])
    else:
        _repeat_again(walk, step, entry["id"])
    return False


def _act_again(walk: Walk, step: ActionStep, entry: Entry, prefix: str) -> None:
    """Let an action step begin again: under a new key after a definite failure; what may have been done, not so.

    Where people refused it, that stands, and only the actions that follow it begin again.
    """
    memory = walk.state.remember(entry["id"])
    if entry["status"] not in FAILED:
        del entry["onRejected"]
        begin_again(walk, step.on_rejected, prefix)
        memory["reaction"] = {"rule": None, "do": "stop", "request": None, "flow": None}
        return
    facts = memory.pop("failure", None)
    certain = entry["status"] == "failed" and (facts is None or facts["certain"])
    memory.pop("tried", None)
    memory.pop("reacted", None)
    memory["uncertain"] = not certain
    if certain:
        memory.pop("unknown", None)
        if not step.calls:  # the run that it called may have been resumed meanwhile
            memory["release"] = memory.get("release", 0) + 1
    elif step.repeat == "never":
        memory["doubt"] = True  # people judge it first
    walk.state.report.reopen(entry)


def _loop_again(walk: Walk, loop: LoopStep, instance: str) -> None:
    done = walk.state.recall(instance).get("done", {})
    for index in [index for index, outcome in done.items() if outcome["flow"] == "failed"]:
        del done[index]
        begin_again(walk, loop.block, f"{instance}[{index}].")


def _repeat_again(walk: Walk, step: RepeatStep, instance: str) -> None:
    """Let a `repeat` go on with the pass that failed, or with the next one; its time and its passes count anew."""
    memory = walk.state.remember(instance)
    for name in ("until", "left", "pause", "next"):
        memory.pop(name, None)  # type: ignore[misc] # each is a key of a memory
    begin_again(walk, step.block, f"{instance}[{memory.get('passes', 0)}].")
