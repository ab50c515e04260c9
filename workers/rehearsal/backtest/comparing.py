"""Comparing what two definitions do for one event: the verdict, and the requests that differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from trunkline.wire import EVERY_HEADER
from workers.definitions.problems import listed
from workers.rehearsal.performance import Performance
from workers.rehearsal.record import RequestAttempt, base_id
from workflows.report import timestamp

Verdict = Literal["neither", "noLongerRuns", "runsNow", "unknown", "otherRequests", "same"]
VERDICTS: tuple[Verdict, ...] = ("same", "otherRequests", "noLongerRuns", "runsNow", "unknown", "neither")
SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What one definition does for an event.

    Attributes:
        seen: its play; None where the event does not start it.
        reason: why it does not run.
        forked: whether what it does hangs on an answer that nobody knows.
    """

    seen: Performance | None = None
    reason: str | None = None
    forked: bool = False

    @property
    def runs(self) -> bool:
        """Say whether it runs."""
        return self.seen is not None and self.reason is None

    def requests(self) -> list[RequestAttempt]:
        """Return its requests, each once, up to the first of which nobody knows the answer."""
        if self.seen is None or not self.runs:
            return []
        unknown = self.unknown()
        end = None if unknown is None else self.seen.requests.index(unknown) + 1
        found: dict[str, RequestAttempt] = {}
        for one in self.seen.requests[:end]:
            found.setdefault(f"{one.step}\n{one.key}", one)
        return list(found.values())

    def unknown(self) -> RequestAttempt | None:
        """Return the first request of which nobody knows the answer, where anything follows it."""
        if self.seen is None or not self.runs or not self.seen.unanswered:
            return None
        first = self.seen.unanswered[0]
        last = self.seen.requests.index(first) == len(self.seen.requests) - 1
        asks = any(hold["openedAt"] >= timestamp(first.at) for hold in self.seen.holds.values())
        return None if last and not asks and not self.forked else first

    def lacks(self, request: RequestAttempt) -> str | None:
        """Return why the recorded answer of a request does not do; None where there is none."""
        lacking = () if self.seen is None else self.seen.lacking.get(request.step, ())
        if not lacking:
            return None
        names = "all of them" if EVERY_HEADER in lacking else listed(f"`{name}`" for name in lacking)
        return f"Header not recorded: {names}."

    def approvals(self) -> int:
        """Return how many approvals it asks for."""
        held = self.seen.holds.values() if self.seen is not None and self.runs else ()
        return sum(hold["kind"] == "approval" for hold in held)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChange:
    """One request that differs.

    Attributes:
        step: instance id of its step.
        change: how.
        before: the request of the old definition, if it has one.
        after: that of the new one.
    """

    step: str
    change: Literal["more", "fewer", "changed", "later"]
    before: RequestAttempt | None = None
    after: RequestAttempt | None = None

    @property
    def later(self) -> float | None:
        """Seconds by which the new request is later; negative where it is earlier."""
        if self.before is None or self.after is None:
            return None
        return (self.after.at - self.before.at).total_seconds()

    def to_json(self) -> dict[str, Any]:
        """Return it as `trunkline backtest --json` prints it."""
        return {"step": self.step, "change": self.change, "before": shown(self.before), "after": shown(self.after)}


@dataclass(slots=True, kw_only=True)
class EventComparison:
    """What came of one event.

    Attributes:
        event: the event.
        run: workflow id of the run that was recorded; None where the event started none.
        old: what the old definition does.
        new: what the new one does.
        changes: the requests that differ.
    """

    event: Mapping[str, Any]
    run: str | None
    old: Side
    new: Side
    changes: list[RequestChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.changes = list(_changes(self.old.requests(), self.new.requests(), whole=self.unknown() is None))

    @property
    def verdict(self) -> Verdict:
        """The first of the verdicts that fits, by their precedence."""
        if not self.old.runs or not self.new.runs:
            return "noLongerRuns" if self.old.runs else "runsNow" if self.new.runs else "neither"
        if self.unknown() is not None:
            return "unknown"
        return "otherRequests" if self.changes else "same"

    def unknown(self) -> RequestAttempt | None:
        """Return the request from which on nobody knows; one that the old run, too, still waits for is none."""
        unknown, old = self.new.unknown(), self.old.unknown()
        if unknown is not None and old is not None and _same(unknown, old):
            return None
        return unknown

    def to_json(self) -> dict[str, Any]:
        """Return it as `trunkline backtest --json` prints it."""
        unknown = self.unknown()
        reasons = {
            "noLongerRuns": self.new.reason,
            "runsNow": self.old.reason,
            "neither": self.new.reason,
            "unknown": None if unknown is None else self.new.lacks(unknown),
        }
        from_ = None if unknown is None else {"step": unknown.step, "request": shown(unknown)}
        return {
            "event": self.event["id"],
            "run": self.run,
            "verdict": self.verdict,
            "reason": reasons.get(self.verdict),
            "requests": [one.to_json() for one in self.changes],
            "unknownFrom": from_,
        }


def shown(request: RequestAttempt | None) -> dict[str, Any] | None:
    """Return a request as it is shown; None where there is none."""
    if request is None:
        return None
    return {"actionType": request.action, "at": timestamp(request.at), "config": request.config}


def _changes(
    before: Sequence[RequestAttempt], after: Sequence[RequestAttempt], *, whole: bool
) -> Iterator[RequestChange]:
    """Yield the requests that differ; equal ones of a step belong together, then those in the same place.

    Args:
        before: those of the old definition.
        after: those of the new one.
        whole: whether the new ones are all that there will be.
    """
    for step in dict.fromkeys(base_id(one.step) for one in (*before, *after)):
        old = [one for one in before if base_id(one.step) == step]
        new = [one for one in after if base_id(one.step) == step]
        for one in list(old):
            equal = next((other for other in new if _same(one, other)), None)
            if equal is not None:
                old.remove(one)
                new.remove(equal)
                if one.at != equal.at:
                    yield RequestChange(step=equal.step, change="later", before=one, after=equal)
        for one, other in zip(old, new, strict=False):
            yield RequestChange(step=other.step, change="changed", before=one, after=other)
        yield from (RequestChange(step=one.step, change="fewer", before=one) for one in old[len(new) :] if whole)
        yield from (RequestChange(step=one.step, change="more", after=one) for one in new[len(old) :])


def _same(one: RequestAttempt, other: RequestAttempt) -> bool:
    return (base_id(one.step), one.action, one.config) == (base_id(other.step), other.action, other.config)
