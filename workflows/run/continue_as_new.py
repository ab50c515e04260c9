"""Handing over: how a run whose history has grown long continues as new."""

from __future__ import annotations

from typing import Any

from temporalio.common import RawValue

from trunkline.wire import RunAnswer
from workflows import host
from workflows.plan import Plan
from workflows.report import measure
from workflows.run.payload import pack
from workflows.run.walk import Walk

LARGE_EVENT = 128 * 1024
"""Bytes from which an event is handed over compressed, so that it fits beside all that a run may keep."""


def long_history() -> bool:
    """Say whether the history is so long that the run should continue as new."""
    return host.info().is_continue_as_new_suggested()


def may_continue_as_new(walk: Walk) -> bool:
    """Say whether a run should continue as new, and nothing is under way that would be handed over halfway."""
    # What is decided, or is about to be, goes on here: it is not handed over halfway.
    decided = any(hold.decision is not None for hold in walk.state.holds.open())
    return walk.in_flight == 0 and not decided and host.all_handlers_finished() and walk.must_continue_as_new()


def next_arguments(event: dict[str, Any], answer: RunAnswer[Plan]) -> list[Any]:
    """Return the arguments of the next run of the chain: the event, as people look for it there, and all the rest."""
    if measure(event) <= LARGE_EVENT:
        return [event, pack(answer)]
    shown = {key: event[key] for key in ("id", "type", "source")}
    return [{**shown, "data": {}}, pack({**answer, "event": event})]


def kept_memo() -> dict[str, RawValue]:
    """Return the run's memo as it is now: by itself the next run of the chain gets the one that it was started with."""
    return {name: RawValue(payload) for name, payload in host.info().raw_memo.items()}
