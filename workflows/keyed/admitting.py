"""What `perKey` means, as functions of who is at the gate and the time: nothing here knows Temporal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from trunkline.keyed import Admission, GateState

MOST_WAITING = 1_000
MOST_SEEN = 2 * MOST_WAITING


class Order(NamedTuple):
    """What is to be done about a run: it is admitted, skipped, or canceled, and why."""

    kind: Literal["admit", "skip", "cancel"]
    run: str
    reason: str = ""


def empty() -> GateState:
    """Return a gate at which nobody is."""
    return GateState(inside=None, entered="", waiting=[], first=None, due=None, seen=[])


def entered(state: GateState, run: str, admission: Admission, now: datetime) -> list[Order]:
    """Let a run come to the gate, once, and return what follows; with `skip`, where nobody is inside."""
    if run in state["seen"]:
        return []
    state["seen"].append(run)
    del state["seen"][:-MOST_SEEN]
    match admission["mode"]:
        case "restart":
            return [*_replaced(state, run), _admitted(state, run, now)]
        case "debounce":
            return _delayed(state, run, admission, now)
        case "skip":  # it is started only now, and needs no word
            _admitted(state, run, now)
            return []
        case "queue":
            return _queued(state, run, now)


def left(state: GateState, run: str, now: datetime) -> list[Order]:
    """Let a run leave, and return what follows: the next in the queue enters."""
    if run in state["waiting"]:
        state["waiting"].remove(run)
    if not state["waiting"]:
        state["first"] = state["due"] = None
    if state["inside"] != run:
        return []
    state["inside"] = None
    if not state["waiting"] or state["due"] is not None:
        return []
    return [_admitted(state, state["waiting"].pop(0), now)]


def quiet(state: GateState, now: datetime) -> list[Order]:
    """Return what follows from the time: the run of the last event begins once it has been quiet."""
    if state["due"] is None or datetime.fromisoformat(state["due"]) > now:
        return []
    state["first"] = state["due"] = None
    runs, state["waiting"] = state["waiting"], []
    return [Order("admit", run) for run in runs]


def _admitted(state: GateState, run: str, now: datetime) -> Order:
    state["inside"], state["entered"] = run, now.isoformat()
    return Order("admit", run)


def _replaced(state: GateState, later: str) -> Iterator[Order]:
    if state["inside"] is not None:
        yield Order("cancel", state["inside"], f"A later run for the same key has replaced it: {later}.")


def _queued(state: GateState, run: str, now: datetime) -> list[Order]:
    if state["inside"] is None:
        return [_admitted(state, run, now)]
    if len(state["waiting"]) >= MOST_WAITING:
        return [Order("skip", run, f"{MOST_WAITING:,} runs for the same key wait already.")]
    state["waiting"].append(run)
    return []


def _delayed(state: GateState, run: str, admission: Admission, now: datetime) -> list[Order]:
    earlier, state["waiting"] = state["waiting"], [run]
    first = now if state["first"] is None else datetime.fromisoformat(state["first"])
    due = min(
        now + timedelta(milliseconds=admission.get("quiet", 0)),
        first + timedelta(milliseconds=admission.get("atMost", 0)),
    )
    state["first"], state["due"] = first.isoformat(), due.isoformat()
    return [Order("skip", one, f"A later event for the same key has taken its place: {run}.") for one in earlier]
