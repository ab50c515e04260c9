"""Cases: what a test file says of each, made ready to be played; a case over many events is one for each."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from trunkline.durations import duration
from workers.rehearsal.arrivals import Arriving
from workers.rehearsal.performance import PlayedDecision
from workers.rehearsal.suite.files import TestFile
from workers.rehearsal.suite.forms import read_instant
from workers.rehearsal.suite.paths import Place, pointer
from workers.rehearsal.suite.steps import awaited_types
from workflows.event import BY_HAND, VERSION, read_event

CLOCK = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""When events arrive where neither case nor file says it: a Monday."""

EVENT_ID = "test"
"""The id of an event that has none."""

DECISION_KEYS = ("hold", "after", "expect")
"""What of a decision is not sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A case, ready to be played.

    Attributes:
        file: the test file.
        name: what must hold.
        pointer: where it stands in the file.
        event: the event, whole.
        clock: when it arrives.
        answers: what the case says, then what the file says.
        decisions: what people decide.
        arriving: events that arrive while the run waits.
        remembered: what automations remember beforehand, by key.
        until: after how long the run is looked at, instead of at its end.
        expect: what is expected.
        receipts: the receipt that each decision must get, where the case says it.
    """

    file: TestFile
    name: str
    pointer: str
    event: dict[str, Any]
    clock: datetime
    answers: tuple[Mapping[str, Any], Mapping[str, Any]]
    decisions: tuple[PlayedDecision, ...]
    arriving: tuple[Arriving, ...]
    remembered: Mapping[str, Any]
    until: timedelta | None
    expect: Mapping[str, Any]
    receipts: tuple[str | None, ...]

    def line(self, place: Place = ()) -> int | None:
        """Return the line of a place in the case, or of what is nearest around it."""
        return self.file.source.place(self.pointer + pointer(place))[0]


def cases_of(file: TestFile) -> Iterator[Case]:
    """Yield the cases of a file without problems."""
    for number, case in enumerate(file.data.get("cases") or ()):
        place = f"/cases/{number}"
        base = _event(file, case.get("event", {}))
        rows = case.get("forEach")
        for row in rows if rows is not None else [None]:
            event = base if row is None else merged(base, _event(file, row))
            yield _case(file, case, place, event)


def _case(file: TestFile, case: Mapping[str, Any], place: str, event: dict[str, Any]) -> Case:
    clock = read_instant(case.get("clock") or file.data.get("clock")) or CLOCK
    return Case(
        file=file,
        name=case["name"],
        pointer=place,
        event=read_event(event, default_id=EVENT_ID),
        clock=clock,
        answers=(case.get("answers") or {}, file.data.get("answers") or {}),
        decisions=tuple(_decision(one) for one in case.get("decisions") or ()),
        arriving=tuple(_arriving(file, one, number) for number, one in enumerate(case.get("arrives") or (), 1)),
        remembered={**(file.data.get("remembered") or {}), **(case.get("remembered") or {})},
        until=None if case.get("until") is None else moment(case["until"], clock) - clock,
        expect=case.get("expect") or {},
        receipts=tuple(one.get("expect") for one in case.get("decisions") or ()),
    )


def _decision(entry: Mapping[str, Any]) -> PlayedDecision:
    sent = {key: value for key, value in entry.items() if key not in DECISION_KEYS}
    return PlayedDecision(hold=entry["hold"], says=sent, after=timedelta(milliseconds=duration(entry.get("after", 0))))


def _arriving(file: TestFile, entry: Mapping[str, Any], number: int) -> Arriving:
    awaited = set() if file.automation is None else awaited_types(file.automation.plan)
    event = _event(file, entry["event"], awaited.pop() if len(awaited) == 1 else None)
    after = timedelta(milliseconds=duration(entry.get("after", 0)))
    return Arriving(event=read_event(event, default_id=f"{EVENT_ID}-{number}"), after=after)


def _event(file: TestFile, event: Any, kind: str | None = None) -> dict[str, Any]:
    """Return an event with what it extends, and the attributes that it leaves out: its type is the trigger's."""
    if isinstance(event, str):
        event = (file.data.get("events") or {})[event]
    if "extends" in event:
        rest = {key: value for key, value in event.items() if key != "extends"}
        extended: dict[str, Any] = merged(_event(file, event["extends"], kind), rest)
        return extended
    if kind is None:
        kind = file.automation.event if file.automation is not None else ""
    kind = kind.replace(".*", ".test")
    return {"specversion": VERSION, "source": BY_HAND, "type": kind, "data": {}, **copy.deepcopy(event)}


def merged(base: Any, more: Any) -> Any:
    """Return a value with another laid over it: objects deeply, everything else as a whole."""
    if not isinstance(base, dict) or not isinstance(more, dict):
        return copy.deepcopy(more)
    return {**base, **{key: merged(base.get(key), value) for key, value in more.items()}}


def moment(value: Any, began: datetime) -> datetime:
    """Return an instant, given as one or as a duration from the event."""
    found = read_instant(value)
    return found if isinstance(found, datetime) else began + timedelta(milliseconds=duration(value))
