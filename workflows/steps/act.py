"""One action step, from its rendered request to its end: held, sent, saved, or failed and what follows that."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from trunkline.wire import OPERATION_CHANGED, Answer, Entry, ErrorEntry, Flow, Reaction, Request, Status
from workflows import host
from workflows.errors import StepError
from workflows.holds.hold import Hold
from workflows.holds.request import request_of
from workflows.language.names import written
from workflows.language.template import TemplateError
from workflows.program import ActionStep, Rule
from workflows.report import measure, timestamp
from workflows.run.failure import Failure, never_sent, not_kept, settles_nothing
from workflows.run.state import Frame
from workflows.run.walk import HeldStep, Walk
from workflows.steps.call import call
from workflows.steps.holding import Release, decided, hold_for_approval, hold_for_failure
from workflows.steps.reactions import (
    REQUEST,
    FollowUp,
    Then,
    after_end,
    begin,
    facts_of,
    finish,
    note_answer,
    rule_for,
    under_way,
)
from workflows.steps.send import LONGEST_SUMMARY, Outgoing, send

AGAIN = "#again"
"""What the place of a request that waits to be sent again ends with in the budget."""


Next = Hold | Outgoing | FollowUp | Flow | None
"""What comes next: people, a request, actions that follow, the step's end, or None: a pause before it is sent again."""


async def act(
    walk: Walk, step: ActionStep, entry: Entry, frame: Frame, unjudged: TemplateError | None = None
) -> Flow | FollowUp:
    """Carry out one action step, and return how it ended, or the actions that run before that counts.

    Args:
        walk: the walk.
        step: the step.
        entry: its entry; who runs the actions writes into its memory how they ended, and calls this again.
        frame: what it sees.
        unjudged: why its conditions could not be judged.
    """
    held = HeldStep(step, entry, frame)
    memory = walk.state.remember(entry["id"])
    reaction = memory.get("reaction")
    if reaction is not None and reaction["flow"] is None:
        return under_way(walk, held, reaction, memory.get("failure"))
    then: Next
    with walk.busy():
        if unjudged is not None:
            then = await _after_failure(walk, held, None, never_sent(unjudged))
        elif reaction is not None:
            then = await _after_reaction(walk, held, reaction)
        else:
            then = await _beginning(walk, held)
    while True:
        if isinstance(then, Hold):
            then = await _after_decision(walk, held, then)
            continue
        if isinstance(then, str | FollowUp):
            return then
        outgoing = then if isinstance(then, Outgoing) else await _resumed(walk, held)
        with walk.busy():  # what becomes of it is not handed over before it is settled
            if step.calls:
                with walk.idle():
                    answer = await call(walk, step, entry, outgoing)
            else:
                answer = await send(walk, step, entry, outgoing)
            if isinstance(answer, Failure) and answer.type == OPERATION_CHANGED:
                then = await _asked_anew(walk, held, outgoing, answer)
            elif isinstance(answer, Failure):
                then = await _after_failure(walk, held, outgoing, answer)
            else:
                then = await _succeed(walk, held, answer)


async def _beginning(walk: Walk, held: HeldStep) -> Next:
    """Return what a step sends or what holds it, where an earlier run of the chain left off."""
    if "again" in walk.state.recall(held.entry["id"]):
        return None
    if (opened := walk.state.recall(held.entry["id"]).get("call")) is not None:
        return Outgoing(opened["request"], opened["digest"], opened["release"])
    hold = walk.state.holds.of(held.entry["id"])
    if hold is not None:
        return hold
    step = held.step
    try:
        request = request_of(step, walk.render(step.config, held.entry, held.frame))
        if step.held:
            return await hold_for_approval(walk, held, request)
    except (TemplateError, StepError) as error:
        return await _after_failure(walk, held, None, never_sent(error))
    return Outgoing(request, release=walk.state.recall(held.entry["id"]).get("release", 0))


async def _after_decision(walk: Walk, held: HeldStep, hold: Hold) -> Next:
    """Wait until people have decided about a hold, and return what follows."""
    memory = walk.state.remember(held.entry["id"])
    release = await decided(walk, held, hold)
    if not isinstance(release, Release):
        facts = memory.get("failure") if hold.kind == "failure" else None
        return after_end(walk, held, facts, memory.get("reacted", []))
    memory.pop("uncertain", None)  # who has it sent again knew of that
    if release.supplied is not None:
        return await _succeed(walk, held, release.supplied)
    outgoing = _outgoing(walk, held, release)
    if not release.edited or not held.step.held:
        return outgoing
    with walk.busy():
        try:
            return await hold_for_approval(walk, held, release.request)
        except StepError as error:
            memory["uncertain"] = hold.unknown
            return await _after_failure(walk, held, None, never_sent(error))


async def _asked_anew(walk: Walk, held: HeldStep, outgoing: Outgoing, failure: Failure) -> Next:
    """Hold a request once more whose operation is not what people have released; it was not sent."""
    walk.state.report.note(held.entry, "warnings", [f"{failure.message} People are asked anew."])
    try:
        return await hold_for_approval(walk, held, outgoing.request)
    except StepError as error:
        return await _after_failure(walk, held, None, never_sent(error))


async def _after_failure(walk: Walk, held: HeldStep, outgoing: Outgoing | None, failure: Failure) -> Next:
    """Return what follows a failure; without a request there is nothing to send again or to show to people."""
    step, entry, error = held.step, held.entry, failure.error()
    memory = walk.state.remember(entry["id"])
    if failure.attempts is not None:
        entry["attempts"] = failure.attempts
    if failure.unknown and step.repeat == "never":
        memory["unknown"] = error
    if memory.get("uncertain") and (not failure.tried or settles_nothing(failure.type, step.repeat)):
        failure = replace(failure, uncertain=True)
    unknown = failure.unknown or failure.uncertain
    memory["failure"] = facts_of(failure, entry)
    asks = failure.asks or (failure.unknown and step.holds_unknown)
    number = None if asks else rule_for(walk, held, failure, again=outgoing is not None)
    rule = None if number is None else step.rules[number]
    host.tell(host.FAILED, step=entry["id"], classes=failure.classes, rule=number)
    then: Then = "stop"
    if rule is not None and rule.do == "retry" and outgoing is not None:
        memory["uncertain"] = unknown
        _pause(walk, held, outgoing, rule, failure)
        return None
    if rule is not None and rule.do != "retry":
        then = rule.do
    request = outgoing.request if outgoing is not None and (asks or then == "hold") else None
    status: Status = "unknown" if unknown else "failed"
    if number is not None and rule is not None and rule.block and number not in memory.get("reacted", []):
        walk.state.report.end(entry, status, host.now(), error)
        note_answer(walk, entry, memory["failure"])
        return begin(walk, held, number, then, request)
    if request is not None and (hold := await _held(walk, held, request, error, unknown=unknown)) is not None:
        return hold
    return _ended(walk, held, status, error, then)


async def _held(walk: Walk, held: HeldStep, request: Request, error: ErrorEntry, *, unknown: bool) -> Hold | None:
    """Hold what failed for people; where that cannot be, say so in the error."""
    try:
        return await hold_for_failure(walk, held, request, error, unknown=unknown)
    except StepError as fault:
        error["message"] += f" It could not be held for people: {fault}"
        return None


def _ended(walk: Walk, held: HeldStep, status: Status, error: ErrorEntry, then: Then) -> Flow | FollowUp:
    """End a step that has failed, whoever was to judge it."""
    memory = walk.state.remember(held.entry["id"])
    if then == "continue":
        held.entry["onFailure"] = "continue"
    walk.end(held.step, held.entry, status, error)
    return after_end(walk, held, memory.get("failure"), memory.get("reacted", []))


async def _after_reaction(walk: Walk, held: HeldStep, reaction: Reaction) -> Next:
    """Return what follows the actions of a rule, or of `onRejected`: people, or the end that the step has had."""
    entry, request = held.entry, reaction["request"]
    walk.state.forget(f"{entry['id']}{REQUEST}")
    if request is None or walk.halted(entry["id"]):
        return finish(walk, held, reaction)
    unknown, error = entry["status"] == "unknown", entry["error"]
    walk.state.report.reopen(entry)
    del walk.state.remember(entry["id"])["reaction"]
    del walk.state.report.reacting[entry["id"]]
    hold = await _held(walk, held, request, error, unknown=unknown)
    return hold or _ended(walk, held, "unknown" if unknown else "failed", error, "stop")


def _outgoing(walk: Walk, held: HeldStep, release: Release) -> Outgoing:
    """Return what a release lets go: under a new key after a definite failure, and after an edit."""
    memory = walk.state.remember(held.entry["id"])
    if release.anew:
        memory["release"] = memory.get("release", 0) + 1
    return Outgoing(release.request, release.digest, memory.get("release", 0), release.operation)


async def _succeed(walk: Walk, held: HeldStep, answer: Answer) -> Next:
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
        try:
            walk.state.save(held.frame, step.save_as, answer["result"])
        except StepError as error:
            return await _after_failure(walk, held, None, not_kept(error, step.repeat))
    return walk.end(step, entry, "succeeded")


def _pause(walk: Walk, held: HeldStep, outgoing: Outgoing, rule: Rule, failure: Failure) -> None:
    """Remember when a failed request is sent again, as the wait until then may outlast this run of the chain."""
    memory = walk.state.remember(held.entry["id"])
    memory["release"] = outgoing.release if failure.unknown or failure.uncertain else outgoing.release + 1
    walk.state.reserve(f"{held.entry['id']}{AGAIN}", measure(outgoing.request))
    memory["again"] = {
        "at": timestamp(host.now() + rule.delay),
        "request": outgoing.request,
        "digest": outgoing.digest,
    }
    if outgoing.operation is not None:
        memory["again"]["operation"] = outgoing.operation
    walk.state.report.note(held.entry, "retry", {"at": memory["again"]["at"], "error": failure.error()})


async def _resumed(walk: Walk, held: HeldStep) -> Outgoing:
    """Wait out the pause that a step is in, and return what it sends then."""
    memory = walk.state.remember(held.entry["id"])
    again = memory["again"]
    remaining = datetime.fromisoformat(again["at"]) - host.now()
    if remaining > timedelta(0):
        await host.sleep(remaining, summary=f"{held.step.label}: again"[:LONGEST_SUMMARY])
    del memory["again"]
    walk.state.report.drop(held.entry, "retry")
    walk.state.forget(f"{held.entry['id']}{AGAIN}")
    return Outgoing(again["request"], again["digest"], memory.get("release", 0), again.get("operation"))
