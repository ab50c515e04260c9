"""A step that waits for an event: it subscribes, and takes the first event that it wants.

The run subscribes before the step says `running`, so that an event which comes after that is brought to it however
late an index would know. A step for which events count since the run began is subscribed before the first step.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from trunkline.keyed import SUBSCRIBE, UNSUBSCRIBE, Leaving, Wish
from trunkline.wire import Entry, Flow
from workflows import host
from workflows.errors import StepError
from workflows.event import matches
from workflows.language.template import TemplateError
from workflows.program import Block, LoopStep, WaitStep, children
from workflows.report import timestamp
from workflows.run.state import Frame
from workflows.run.walk import Stop, Walk
from workflows.run.worker_calls import have_done
from workflows.waited import WANTED, LookupKey, WaitedEvent

LONGEST = timedelta(days=366)
"""For how long at most events count since a run began."""

LEFT_LIST = ""
"""What stands in place of a list that the run has left."""

LATER = frozenset({"variables", "steps", "failure", "hold", "loop", "item", "now", "today"})
"""Roots that come to something else, or to nothing, when a run begins."""


async def subscribe_early(walk: Walk) -> None:
    """Subscribe for the steps for which events count since the run began."""
    for step, waited, names in _since_start(walk.program.block + walk.program.on_failure, LATER):
        if step in walk.state.arrivals.early:
            continue
        known = [key for key in waited.keys if names.isdisjoint(str(one.path[0]) for one in key.value.references)]
        key = known[0] if known else None
        try:
            value = None if key is None else key.value.render(walk.roots(walk.outermost), host.now()).value
        except TemplateError:
            key = value = None
        wish = _wish(walk, waited, key, value, host.now() + LONGEST)
        try:
            walk.state.arrivals.early[step] = await _subscribed(walk, wish)
        except StepError as error:
            walk.stop = Stop(outcome="failed", reason=f"It could not wait for {waited.pattern} from its start: {error}")
            return


async def await_event(walk: Walk, step: WaitStep, waited: WaitedEvent, entry: Entry, frame: Frame) -> Flow:
    """Wait until an event comes that the step wants, or its time is up."""
    memory, arrivals = walk.state.remember(entry["id"]), walk.state.arrivals
    if "until" not in memory:
        memory["until"] = entry["until"] = timestamp(host.now() + waited.at_most)
        memory["after"] = 0 if waited.since_start else arrivals.count
        if waited.since_start and arrivals.dropped:
            sentence = f"{arrivals.dropped:,} events had come before that, more than a run keeps: they were not judged."
            walk.state.report.note(entry, "warnings", [sentence])
    until = datetime.fromisoformat(memory["until"])
    if "subscribed" not in memory:
        entry["status"] = "pending"
        key = waited.keys[0]
        wish = _wish(walk, waited, key, walk.render(key.value, entry, frame).value, until)
        memory["subscribed"] = await _subscribed(walk, wish)
        entry["status"] = "running"

    def wanted(event: dict[str, Any]) -> bool:
        roots = walk.roots(frame)
        if matches(waited.pattern, event["type"]):
            host.tell(host.JUDGED, condition=waited.where, roots={**roots, WANTED: event["data"]})
        return waited.wants(event, roots, host.now(), walk.work_budget.spend)

    reader = host.reader()
    brought = None if reader is None else reader.event(entry["id"])
    while (event := brought or arrivals.take(wanted, memory["after"])) is None and (
        left := until - host.now()
    ) > timedelta():
        count = arrivals.count
        try:
            await host.wait_condition(
                lambda count=count: arrivals.count > count,  # type: ignore[misc] # bound at once
                timeout=left,
                timeout_summary=step.label,
            )
        except TimeoutError:
            continue  # what came with the timer is judged all the same
    if step.save_as is not None:
        walk.state.save(frame, step.save_as, event)
    await _leave(walk, step, entry, frame, early=event is not None)
    return walk.end(step, entry, "succeeded")


async def _leave(walk: Walk, step: WaitStep, entry: Entry, frame: Frame, *, early: bool) -> None:
    """Leave the lists that no other step of the run needs; what is over by its time needs no word."""
    arrivals, memory = walk.state.arrivals, walk.state.memory
    places = [memory[entry["id"]]["subscribed"]] if early else []
    if not frame.prefix and arrivals.early.get(step.id):
        places.append(arrivals.early[step.id])
        arrivals.early[step.id] = LEFT_LIST
    others = [one["subscribed"] for name, one in memory.items() if name != entry["id"] and "subscribed" in one]
    if not others and not any(arrivals.early.values()):
        arrivals.forget()
    for place in dict.fromkeys(places):
        if place not in others and place not in arrivals.early.values():
            with walk.busy():
                await have_done(UNSUBSCRIBE, Leaving(list=place, run=host.info().workflow_id))


async def _subscribed(walk: Walk, wish: Wish) -> str:
    with walk.busy():
        place: str = await have_done(SUBSCRIBE, wish)
    return place


def _wish(walk: Walk, waited: WaitedEvent, key: LookupKey | None, value: Any, until: datetime) -> Wish:
    wish = Wish(
        event=waited.pattern,
        run=host.info().workflow_id,
        automation=walk.program.plan["automation"],
        until=timestamp(until),
    )
    if key is not None:
        wish["field"], wish["value"] = key.field, value
    return wish


def _since_start(block: Block, names: frozenset[str]) -> Iterator[tuple[str, WaitedEvent, frozenset[str]]]:
    """Yield the steps for which events count since the run began, with the roots that they do not see by then."""
    for step in block:
        if isinstance(step, WaitStep) and step.event is not None and step.event.since_start:
            yield step.id, step.event, names
        inside = names | {step.name} if isinstance(step, LoopStep) else names
        yield from _since_start(tuple(children(step)), inside)
