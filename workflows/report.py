"""The report: what a run did and is doing, step by step."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, NotRequired, TypedDict

from trunkline.wire import NOT_TAKEN, Entry, ErrorEntry, Flow, Status
from workflows.program import ActionStep, Block, BranchStep, LoopStep, Path, Program, RepeatStep, Step, children, ways

ENDED = frozenset({"succeeded", "failed", "unknown", "rejected", "expired", "superseded", "skipped", "canceled"})
"""Statuses that a step does not leave by itself."""

FAILED = frozenset({"failed", "unknown"})
REFUSED = frozenset({"rejected", "expired", "superseded"})

PLAIN = frozenset(
    {
        *("id", "label", "kind", "actionType", "status", "attempts", "startedAt", "endedAt", "key", "parent"),
        *("until", "reason", "calls"),
    }
)
"""What the entry of a plain success has, or of a step that its conditions skipped."""

ENTRY_SIZE = 380
"""Bytes that an entry takes beside its names, a short error included; an upper bound of what was seen."""

SHORT_ERROR = 80
LONGEST_REASON = 500
LONGEST_ERROR = 2_000
"""Characters of one error; what names many places at once could be of any length."""

MOST_MISSING = 20


class UnreachedStep(TypedDict):
    """How a step reads that was not reached."""

    status: Status
    reason: NotRequired[str]


PENDING: UnreachedStep = {"status": "pending"}
SKIPPED: UnreachedStep = {"status": "skipped"}
UNTAKEN: UnreachedStep = {"status": "skipped", "reason": NOT_TAKEN}


class Report:
    """The entries of a run's steps, by instance id (`notify`, `loop[3].notify`).

    Args:
        program: what runs; room for an entry of each of its steps is taken from the beginning.
        entries: what was begun so far.
        room: bytes beyond which long texts are cut.

    Attributes:
        entries: what was begun; JSON that goes into reports as it stands.
        extra: bytes that errors and decisions take beyond what every entry has.
        reacting: actions under way that follow the end of a step, by its instance id.
    """

    def __init__(self, program: Program, entries: dict[str, Entry] | None = None, *, room: int, extra: int = 0) -> None:
        self.program = program
        self.entries: dict[str, Entry] = entries or {}
        self.room = room
        self.extra = extra
        self.reacting: dict[str, Block] = {}

    @cached_property
    def base(self) -> int:
        """Bytes for one entry of every step outside loops."""
        return room_for(self.program.block) + room_for(self.program.on_failure)

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
        self.drop(entry, "retry")
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

    def reopen(self, entry: Entry) -> None:
        """Write down that a step which failed is taken up again."""
        entry["status"] = "running"
        entry.pop("endedAt", None)
        self.drop(entry, "httpStatus")
        error = entry.pop("error", None)
        if error is not None and (size := measure(error["message"])) > SHORT_ERROR:
            self.extra -= size

    def note(self, entry: Entry, name: str, value: Any) -> None:
        """Add what only some entries have, such as a decision."""
        self.extra += measure(value) - (measure(entry.get(name)) if name in entry else 0)
        entry[name] = value  # type: ignore[literal-required] # what only some entries have

    def drop(self, entry: Entry, name: str) -> None:
        """Take back what was noted and is true no more."""
        if name in entry:
            self.extra -= measure(entry.pop(name))  # type: ignore[misc] # what only some entries have

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
                self.extra -= sum(measure(entry[name]) for name in ("reason", "calls") if name in entry)
        return plain

    def steps(self, *, closed: bool) -> list[Entry]:
        """Return all entries in the definition's order; what was not reached is pending, or skipped if it cannot be."""
        unreached, on_failure = SKIPPED if closed else PENDING, self.program.on_failure
        after = UNTAKEN if closed and not self._begun(on_failure, "") else unreached
        return [
            *self._steps(self.program.block, "", None, unreached),
            *self._steps(on_failure, "", None, after),
        ]

    def causes(self) -> list[Entry]:
        """Return the steps that failed before any actions for that, but for those whose failure does not count."""
        steps = self._steps(self.program.block, "", None, SKIPPED)
        failed = [entry for entry in steps if entry["status"] in FAILED and "error" in entry]
        return [entry for entry in failed if not self._tolerated(entry)]

    def failure(self) -> str | None:
        """Return in a sentence why the run has failed, where a step says it."""
        causes = self.causes()
        if not causes:
            return None
        more = f" (and {len(causes) - 1} more)" if len(causes) > 1 else ""
        return f"{causes[0]['label']}: {causes[0]['error']['message']}{more}"

    def tolerated(self, outcome: str | None) -> list[str]:
        """Return the steps that do not count in the outcome although nobody knows whether they had their effect."""
        if outcome is None:
            return []
        unknown = [entry for entry in self.steps(closed=True) if entry["status"] == "unknown"]
        counted = outcome in {"failed", "canceled"}
        return [entry["id"] for entry in unknown if not counted or self._tolerated(entry)]

    def _tolerated(self, entry: Entry | None) -> bool:
        """Say whether the run went on although a step has failed: that step itself, or one around it, said so."""
        while entry is not None:
            if "onFailure" in entry:
                return True
            entry = self.entries.get(entry.get("parent", ""))
        return False

    def _steps(self, block: Block, prefix: str, parent: str | None, unreached: UnreachedStep) -> Iterator[Entry]:
        for step in block:
            instance = prefix + step.id
            entry = self.entries.get(instance)
            if entry is not None or not prefix:
                yield entry or _entry(instance, step, parent, **unreached)
            if isinstance(step, LoopStep | RepeatStep):
                for index in self._iterations(instance):
                    yield from self._steps(step.block, f"{instance}[{index}].", instance, unreached)
            else:
                for way in ways(step):
                    yield from self._steps(way, prefix, instance, self._way(step, way, prefix, unreached))
            if entry is not None and instance not in self.reacting and _ends_its_block(step, entry):
                unreached = SKIPPED

    def _way(self, step: Step, way: Block, prefix: str, unreached: UnreachedStep) -> UnreachedStep:
        """Return how the steps of one way through a step read where they were not reached."""
        instance = prefix + step.id
        entry = self.entries.get(instance)
        if entry is None or way is self.reacting.get(instance):
            return unreached
        over, begun = entry["status"] in ENDED, self._begun(way, prefix)
        if isinstance(step, ActionStep):  # what follows its end: several blocks may have run
            untaken = over and not begun
        else:
            elsewhere = isinstance(step, BranchStep) and any(self._begun(one, prefix) for one in ways(step))
            untaken = entry["status"] == "skipped" or (elsewhere and not begun)
        if untaken:
            return UNTAKEN
        return SKIPPED if over else unreached

    def _begun(self, way: Block, prefix: str) -> bool:
        return bool(way) and prefix + way[0].id in self.entries

    def _iterations(self, loop: str) -> list[int]:
        start = len(loop) + 1
        return sorted({int(i[start : i.index("]", start)]) for i in self.entries if i.startswith(f"{loop}[")})


def room_for(block: Block) -> int:
    """Return the bytes that the entries of a block take, without those of iterations inside it."""
    size = 0
    for step in block:
        size += ENTRY_SIZE + measure(step.label) + 2 * len(step.id)
        if not isinstance(step, LoopStep | RepeatStep):
            size += room_for(tuple(children(step)))
    return size


def flow_after(step: Step, entry: Entry) -> Flow:
    """Say what an entry's status means for the block that its step stands in."""
    status = entry["status"]
    if status == "canceled":
        return "halted"
    if status in FAILED:
        return "done" if step.goes_on or "onFailure" in entry else "failed"
    if entry.get("onRejected") == "failed":
        return "failed"
    if status in REFUSED:
        return "done" if step.goes_on and not isinstance(step, ActionStep) else "rejected"
    return "done"


def _ends_its_block(step: Step, entry: Entry) -> bool:
    """Say whether nothing that stands after a step is reached any more; what runs beside others ends nothing."""
    beside = isinstance(step, Path) or (isinstance(step, ActionStep) and step.background)
    return not beside and flow_after(step, entry) != "done"


def _entry(instance: str, step: Step, parent: str | None, status: Status, reason: str | None = None) -> Entry:
    entry: Entry = {"id": instance, "label": step.label}
    if isinstance(step, ActionStep):
        entry["actionType"] = step.action
    else:
        entry["kind"] = step.kind
    entry["status"] = status
    if parent is not None:
        entry["parent"] = parent
    if reason is not None:
        entry["reason"] = reason
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
