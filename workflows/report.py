"""The report: what a run did and is doing, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from trunkline.wire import Entry, ErrorEntry, Status
from workflows.program import ActionStep, Block, LoopStep, Program, Step, children

ENDED = frozenset({"succeeded", "failed", "unknown", "rejected", "expired", "superseded", "skipped", "canceled"})
"""Statuses that a step does not leave by itself."""

FAILED = frozenset({"failed", "unknown"})
REFUSED = frozenset({"rejected", "expired", "superseded"})

PLAIN = frozenset(
    {"id", "label", "kind", "actionType", "status", "attempts", "startedAt", "endedAt", "key", "parent", "reason"}
)
"""What the entry of a plain success has, or of a step that its conditions skipped."""

ENTRY_SIZE = 380
"""Bytes that an entry takes beside its names, a short error included; an upper bound of what was seen."""

SHORT_ERROR = 80
LONGEST_REASON = 500
LONGEST_ERROR = 2_000
"""Characters of one error; what names many places at once could be of any length."""

MOST_MISSING = 20


class Report:
    """The entries of a run's steps, by instance id (`notify`, `loop[3].notify`).

    Args:
        program: what runs; room for an entry of each of its steps is taken from the beginning.
        entries: what was begun so far.
        room: bytes beyond which long texts are cut.

    Attributes:
        entries: what was begun; JSON that goes into reports as it stands.
        extra: bytes that errors and decisions take beyond what every entry has.
    """

    def __init__(self, program: Program, entries: dict[str, Entry] | None = None, *, room: int, extra: int = 0) -> None:
        self.program = program
        self.entries: dict[str, Entry] = entries or {}
        self.room = room
        self.extra = extra

    @cached_property
    def base(self) -> int:
        """Bytes for one entry of every step outside loops."""
        return room_for(self.program.block)

    @property
    def size(self) -> int:
        """Bytes taken, without those of iterations, which their loops reserve."""
        return self.base + self.extra

    def begin(self, instance: str, step: Step, parent: str | None, at: datetime) -> Entry:
        """Write down that a step was reached."""
        entry = _entry(instance, step, parent, "running")
        entry["startedAt"] = timestamp(at)
        self.entries[instance] = entry
        return entry

    def end(self, entry: Entry, status: Status, at: datetime, error: ErrorEntry | None = None) -> None:
        """Write down how a step ended; where the report is full, only the beginning of a long error is kept."""
        entry["status"] = status
        entry["endedAt"] = timestamp(at)
        if error is not None:
            error = {**error, "message": cut(error["message"])}
            size = measure(error["message"])
            if size > SHORT_ERROR and self.size + size > self.room:
                error = {**error, "message": error["message"][: SHORT_ERROR // 6] + "…"}
            elif size > SHORT_ERROR:
                self.extra += size
            entry["error"] = error

    def note(self, entry: Entry, name: str, value: Any) -> None:
        """Add what only some entries have, such as a decision."""
        self.extra += measure(value) - (measure(entry.get(name)) if name in entry else 0)
        entry[name] = value  # type: ignore[literal-required] # what only some entries have

    def skip(self, entry: Entry, why: str) -> None:
        """Write down why a step is skipped; what was done needs a report's room more than what was not."""
        reason = why if len(why) <= LONGEST_REASON else f"{why[:LONGEST_REASON]}…"
        if measure(reason) > SHORT_ERROR and self.size + measure(reason) > self.room // 2:
            reason = f"{why[: SHORT_ERROR // 6]}…"
        self.note(entry, "reason", reason)

    def miss(self, entry: Entry, names: list[str]) -> None:
        """Write down what a step used and did not find, each once, and no more than can be read."""
        known: list[str] = entry.get("missing", [])
        if len(known) > MOST_MISSING or not (more := [name for name in names if name not in known]):
            return
        self.note(entry, "missing", shortened([*known, *more]))

    def forget(self, prefix: str) -> bool:
        """Drop the entries of an iteration if all are plain successes, so that a report stays small; say whether."""
        inside = [instance for instance in self.entries if instance.startswith(prefix)]
        plain = all(
            self.entries[i]["status"] in {"succeeded", "skipped"} and self.entries[i].keys() <= PLAIN for i in inside
        )
        if plain:
            for instance in inside:
                entry = self.entries.pop(instance)
                self.extra -= measure(entry["reason"]) if "reason" in entry else 0
        return plain

    def steps(self, *, closed: bool) -> list[Entry]:
        """Return all entries in the definition's order; what was not reached is pending, or skipped after the end."""
        return list(self._steps(self.program.block, "", None, "skipped" if closed else "pending"))

    def _steps(self, block: Block, prefix: str, parent: str | None, unreached: Status) -> Iterator[Entry]:
        for step in block:
            instance = prefix + step.id
            entry = self.entries.get(instance)
            if entry is not None or not prefix:
                yield entry or _entry(instance, step, parent, unreached)
            if isinstance(step, LoopStep):
                for index in self._iterations(instance):
                    yield from self._steps(step.block, f"{instance}[{index}].", instance, unreached)
            else:
                yield from self._steps(tuple(children(step)), prefix, instance, unreached)

    def _iterations(self, loop: str) -> list[int]:
        start = len(loop) + 1
        return sorted({int(i[start : i.index("]", start)]) for i in self.entries if i.startswith(f"{loop}[")})


def room_for(block: Block) -> int:
    """Return the bytes that the entries of a block take, without those of iterations inside it."""
    size = 0
    for step in block:
        size += ENTRY_SIZE + measure(step.label) + 2 * len(step.id)
        if not isinstance(step, LoopStep):
            size += room_for(tuple(children(step)))
    return size


def _entry(instance: str, step: Step, parent: str | None, status: Status) -> Entry:
    entry: Entry = {"id": instance, "label": step.label}
    if isinstance(step, ActionStep):
        entry["actionType"] = step.action
    else:
        entry["kind"] = step.kind
    entry["status"] = status
    if parent is not None:
        entry["parent"] = parent
    return entry


def shortened(names: list[str]) -> list[str]:
    """Return what is missing as reports keep it: no more than can be read."""
    left = len(names) - MOST_MISSING
    return names if left <= 0 else [*names[:MOST_MISSING], f"and {left} more"]


def cut(sentence: str) -> str:
    """Return a sentence as reports keep it: its beginning, where it is very long."""
    return sentence if len(sentence) <= LONGEST_ERROR else f"{sentence[:LONGEST_ERROR]}…"


def timestamp(at: datetime) -> str:
    """Return an instant as reports write it: ISO 8601, UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def measure(value: Any) -> int:
    """Return how many bytes a JSON value takes in a payload."""
    return len(json.dumps(value, separators=(",", ":")))
