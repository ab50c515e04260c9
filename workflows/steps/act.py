"""One action step, from its rendered request to its end: held, sent, saved, or failed and held again."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from trunkline.wire import Answer, Entry, Flow
from workflows.errors import StepError
from workflows.holds.hold import Hold
from workflows.holds.request import request_of
from workflows.language.names import written
from workflows.program import ActionStep, Rule
from workflows.report import measure, timestamp
from workflows.run.failure import Failure
from workflows.run.state import Frame
from workflows.run.walk import HeldStep, Walk
from workflows.steps.holding import Release, decided, hold_for_approval, hold_for_failure
from workflows.steps.send import LONGEST_SUMMARY, Outgoing, send

AGAIN = "#again"
"""What the place of a request that waits to be sent again ends with in the budget."""


async def act(walk: Walk, step: ActionStep, entry: Entry, frame: Frame) -> Flow:
    """Carry out one action step and return how it ended."""
    held = HeldStep(step, entry, frame)
    memory = walk.state.remember(entry["id"])
    with walk.busy():
        then: Flow | Hold | Outgoing | None = None if "again" in memory else await _beginning(walk, held)
    while True:
        if isinstance(then, Hold):
            release = await decided(walk, held, then)
            if not isinstance(release, Release):
                return release
            if release.supplied is not None:
                return _succeed(walk, held, release.supplied)
            then = _outgoing(walk, held, release)
            if release.edited and step.held:
                with walk.busy():
                    then = await hold_for_approval(walk, held, release.request)
                continue
        outgoing = then if isinstance(then, Outgoing) else await _resumed(walk, held)
        with walk.busy():  # what becomes of it is not handed over before it is settled
            answer = await send(walk, step, entry, outgoing)
            if not isinstance(answer, Failure):
                return _succeed(walk, held, answer)
            then = await _after_failure(walk, held, outgoing, answer)
        if isinstance(then, str):
            return then


async def _beginning(walk: Walk, held: HeldStep) -> Hold | Outgoing:
    """Return what a step sends or what holds it, where an earlier run of the chain left off."""
    hold = walk.state.holds.of(held.entry["id"])
    if hold is not None:
        return hold
    step = held.step
    request = request_of(step, walk.render(step.config, held.entry, held.frame))
    if step.held:
        return await hold_for_approval(walk, held, request)
    return Outgoing(request, release=walk.state.recall(held.entry["id"]).get("release", 0))


async def _after_failure(walk: Walk, held: HeldStep, outgoing: Outgoing, failure: Failure) -> Flow | Hold | None:
    """Return what follows a failure: the step's end, people who judge it, or None where it is sent again later."""
    step, entry, error = held.step, held.entry, failure.error()
    if failure.attempts is not None:
        entry["attempts"] = failure.attempts
    if failure.unknown and step.repeat == "never":
        walk.state.remember(entry["id"])["unknown"] = error
    asks = failure.asks or (failure.unknown and step.holds_unknown)
    rule = None if asks else _rule(walk, held, failure)
    todo = rule.do if rule is not None else "stop"
    if rule is not None and todo == "retry":
        _pause(walk, held, outgoing, rule, failure)
        return None
    if asks or todo == "hold":
        try:
            hold = await hold_for_failure(walk, held, outgoing.request, failure)
        except StepError as fault:
            error["message"] += f" It could not be held for people: {fault}"
        else:
            if hold is not None:
                return hold
    if todo == "continue":
        entry["onFailure"] = "continue"
    return walk.end(step, entry, "unknown" if failure.unknown else "failed", error)


def _outgoing(walk: Walk, held: HeldStep, release: Release) -> Outgoing:
    """Return what a release lets go: under a new key after a definite failure, and after an edit."""
    memory = walk.state.remember(held.entry["id"])
    if release.anew:
        memory["release"] = memory.get("release", 0) + 1
    return Outgoing(release.request, release.digest, memory.get("release", 0))


def _succeed(walk: Walk, held: HeldStep, answer: Answer) -> Flow:
    entry, step = held.entry, held.step
    if "attempts" in answer:
        entry["attempts"] = answer["attempts"]
    if "claim" in answer:
        walk.state.claims.append(answer["claim"])
    if "missing" in answer:
        walk.state.report.miss(entry, [written(path) for path in answer["missing"]])
    if "warnings" in answer:
        walk.state.report.note(entry, "warnings", answer["warnings"])
    if step.save_as:
        walk.state.save(held.frame, step.save_as, answer["result"])
    return walk.end(step, entry, "succeeded")


def _rule(walk: Walk, held: HeldStep, failure: Failure) -> Rule | None:
    """Return the first rule of `onFailure` that fits a failure; a `retry` that has used up its attempts fits none."""
    tried: dict[str, int] = walk.state.recall(held.entry["id"]).get("tried", {})
    for number, rule in enumerate(held.step.rules):
        if not rule.classes & failure.classes:
            continue
        if rule.do == "retry":
            sure = "unknown" in rule.classes or not failure.unknown
            if not sure or walk.stop is not None or tried.get(str(number), 0) >= rule.attempts:
                continue
            tried = walk.state.remember(held.entry["id"]).setdefault("tried", tried)
            tried[str(number)] = tried.get(str(number), 0) + 1
        return rule
    return None


def _pause(walk: Walk, held: HeldStep, outgoing: Outgoing, rule: Rule, failure: Failure) -> None:
    """Remember when a failed request is sent again, as the wait until then may outlast this run of the chain."""
    memory = walk.state.remember(held.entry["id"])
    memory["release"] = outgoing.release if failure.unknown else outgoing.release + 1
    walk.state.reserve(f"{held.entry['id']}{AGAIN}", measure(outgoing.request))
    memory["again"] = {
        "at": timestamp(workflow.now() + rule.delay),
        "request": outgoing.request,
        "digest": outgoing.digest,
    }
    walk.state.report.note(held.entry, "retry", {"at": memory["again"]["at"], "error": failure.error()})


async def _resumed(walk: Walk, held: HeldStep) -> Outgoing:
    """Wait out the pause that a step is in, and return what it sends then."""
    memory = walk.state.remember(held.entry["id"])
    again = memory["again"]
    remaining = datetime.fromisoformat(again["at"]) - workflow.now()
    if remaining > timedelta(0):
        await workflow.sleep(remaining, summary=f"{held.step.label}: again"[:LONGEST_SUMMARY])
    del memory["again"]
    walk.state.report.drop(held.entry, "retry")
    walk.state.forget(f"{held.entry['id']}{AGAIN}")
    return Outgoing(again["request"], again["digest"], memory.get("release", 0))
