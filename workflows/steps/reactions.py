"""What follows the end of an action step: the rule of `onFailure` that decides, and the actions that run first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trunkline.wire import Entry, ErrorEntry, FailureFacts, FailureRoot, Flow, Reaction, Request
from workflows.program import Block, Rule
from workflows.report import FAILED, flow_after, measure
from workflows.run.failure import Failure
from workflows.run.state import Frame
from workflows.run.walk import HeldStep, Walk
from workflows.steps.resume import begin_again

REQUEST = "#failed"
"""What the place of a request that people judge after the actions ends with in the budget."""

Then = Literal["continue", "hold", "stop"]


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Actions that follow a step's end, and what they see."""

    block: Block
    frame: Frame


def facts_of(failure: Failure, entry: Entry) -> FailureFacts:
    """Return what rules and templates know of a failure beyond the report's error."""
    return {
        "status": failure.status,
        "attempts": entry.get("attempts", 1) if failure.tried else 0,
        "classes": sorted(failure.classes),
        "certain": failure.certain,
    }


def rule_for(walk: Walk, held: HeldStep, failure: Failure, *, again: bool) -> int | None:
    """Return the position of the first rule of `onFailure` that fits a failure.

    A `retry` that has used up its attempts fits none, nor does any where there is nothing to send again.
    """
    memory = walk.state.remember(held.entry["id"])
    for number, rule in enumerate(held.step.rules):
        if not _fits(rule, failure.classes, certain=failure.certain):
            continue
        if rule.do == "retry":
            tried, sure = memory.setdefault("tried", {}), "unknown" in rule.classes or not failure.unknown
            if not sure or walk.halted(held.entry["id"]) or not again or tried.get(str(number), 0) >= rule.attempts:
                continue
            tried[str(number)] = tried.get(str(number), 0) + 1
        return number
    return None


def _fits(rule: Rule, classes: set[str], *, certain: bool) -> bool:
    """Say whether a rule fits a failure; actions follow what may have happened only where the rule says `unknown`."""
    return bool(rule.classes & classes) and (certain or "unknown" in rule.classes or not rule.block)


def begin(walk: Walk, held: HeldStep, rule: int | None, do: Then = "stop", request: Request | None = None) -> FollowUp:
    """Begin the actions of a rule, or those of `onRejected`; the step's entry says already how it has ended."""
    memory = walk.state.remember(held.entry["id"])
    if request is not None:
        walk.state.reserve(f"{held.entry['id']}{REQUEST}", measure(request))
    if rule is not None:
        memory.setdefault("reacted", []).append(rule)
    memory["reaction"] = {"rule": rule, "do": do, "request": request, "flow": None}
    followed = held.step.on_rejected if rule is None else held.step.rules[rule].block
    begin_again(walk, followed, held.frame.prefix)
    return under_way(walk, held, memory["reaction"], memory.get("failure"))


def under_way(walk: Walk, held: HeldStep, reaction: Reaction, failure: FailureFacts | None) -> FollowUp:
    """Return the actions that have begun."""
    if reaction["rule"] is None:
        block, frame = held.step.on_rejected, held.frame
    else:
        block = held.step.rules[reaction["rule"]].block
        frame = held.frame.after(failure_root(held.entry["error"], failure))
    walk.state.report.reacting[held.entry["id"]] = block
    return FollowUp(block, frame)


def failure_root(error: ErrorEntry, facts: FailureFacts | None) -> FailureRoot:
    """Return what templates find under `failure`."""
    if facts is None:
        return {**error, "status": None, "attempts": None}
    return {**error, "status": facts["status"], "attempts": facts["attempts"]}


def after_end(walk: Walk, held: HeldStep, facts: FailureFacts | None, reacted: list[int]) -> FollowUp | Flow:
    """Return the actions that follow what people, or their silence, have made of a step; its flow where none do.

    Args:
        walk: the walk.
        held: the step, whose entry says how it has ended.
        facts: what is known of the failure that people judged, if it was one.
        reacted: the rules whose actions have run.
    """
    step, entry = held.step, held.entry
    if entry["status"] in {"rejected", "expired"} and step.on_rejected:
        return begin(walk, held, None)
    if entry["status"] in FAILED and facts is not None:
        note_answer(walk, entry, facts)
        for number, rule in enumerate(step.rules):
            if rule.do != "retry" and _fits(rule, set(facts["classes"]), certain=facts["certain"]):
                if rule.block and number not in reacted:
                    walk.state.remember(entry["id"])["failure"] = facts
                    return begin(walk, held, number)
                break
    return flow_after(step, entry)


def note_answer(walk: Walk, entry: Entry, facts: FailureFacts) -> None:
    """Write down the status of the answer with which a step has failed."""
    if facts["status"] is not None:
        walk.state.report.note(entry, "httpStatus", facts["status"])


def finish(walk: Walk, held: HeldStep, reaction: Reaction) -> Flow:
    """Say what a step's end means for its block once the actions after it have ended.

    Where one of them failed or was refused, nothing goes on as if all were well.
    """
    entry, flow = held.entry, reaction["flow"]
    if reaction["rule"] is None and flow == "failed":
        entry["onRejected"] = "failed"
    if reaction["do"] == "continue" and flow == "done":
        entry["onFailure"] = "continue"
    return walk.settle(held.step, entry)
