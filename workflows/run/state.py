"""What a run knows: everything that a walk needs to start again where another stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from trunkline.wire import BeforeReset, CarriedState, FailureRoot, Memory, RunFailure, RunReport
from workflows.errors import TooLargeError
from workflows.holds.hold import Hold
from workflows.holds.holds import Holds
from workflows.plan import Plan
from workflows.program import Program
from workflows.report import Report, measure, shortened
from workflows.run.arrivals import Arrivals

HOLD = "#hold"
"""What the place of an open hold in the budget ends with."""

ROOM_FOR_HOLDS = 512 * 1024
"""Bytes that open holds may take beside the budget: they go over to the next run of the chain, but into no report."""


@dataclass(slots=True, kw_only=True)
class Frame:
    """The names that exist only in one iteration, pass or path, or after a failure; the outermost frame has none.

    Attributes:
        prefix: what instance ids inside begin with (`loop[3].`).
        roots: `item` (or its own name) and `loop`, or `failure`.
        variables: what `saveAs` stored inside; in a pass and after a failure, those of the frame around.
        outer: the frame around it.
        place: what places of its variables in the budget begin with; by default its prefix, or where the variables are
            those of the frame around, that one's place.
    """

    prefix: str = ""
    roots: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, Any]
    outer: Frame | None = None
    place: str = ""

    def __post_init__(self) -> None:
        shared = self.outer is not None and self.variables is self.outer.variables
        self.place = self.place or (self.outer.place if shared and self.outer is not None else self.prefix)

    def visible(self) -> dict[str, Any]:
        """Return the roots that templates inside see beside the event's."""
        if self.outer is None:
            return {"variables": self.variables}
        around = self.outer.visible()
        return {**around, **self.roots, "variables": {**around["variables"], **self.variables}}

    def after(self, failure: FailureRoot) -> Frame:
        """Return the frame of actions that follow a failure here: they save to the same variables."""
        return Frame(prefix=self.prefix, roots={"failure": failure}, variables=self.variables, outer=self)

    def prefixes(self) -> Iterator[str]:
        """Yield what the instance ids of steps that can be seen here begin with, the innermost first."""
        frame: Frame | None = self
        while frame is not None:
            yield frame.prefix
            frame = frame.outer


class State:
    """Report, variables, holds, and what steps in progress remember.

    Attributes:
        event: the event as it was read.
        memory: by instance id, what an unfinished step must not decide anew (a wait's end, a branch's choice, a loop's
            items and the iterations done).
        claims: what steps have found to be theirs, so that a look-up gives it to no other step.
        began: when the first run of the chain began.
        resets: how often earlier runs of the chain were reset.
        earlier: activity ids of steps that may have run before the last reset, and how many resets that counts, once
            that was asked.
        failed: why the run has failed, once all of its steps have ended and the actions that follow begin.
        arrivals: events that were brought to the run.
        admitted: whether the gate of its key has let it go on.
        result: what the automation's `result` came to, once the run is at its end; `unfound` what that did not find.
        limit: bytes that variables, report and audit may take together.
    """

    def __init__(self, program: Program, event: dict[str, Any], *, limit: int) -> None:
        self.event = event
        self.limit = limit
        self.report = Report(program, room=limit)
        self.holds = Holds()
        self.variables: dict[str, Any] = {}
        self.memory: dict[str, Memory] = {}
        self.claims: list[str] = []
        self.began = ""
        self.resets = 0
        self.earlier: BeforeReset | None = None
        self.failed: RunFailure | None = None
        self.arrivals = Arrivals(event)
        self.admitted = False
        self.result: Any = None
        self.unfound: list[str] = []
        self._sizes: dict[str, int] = {}
        self._taken = 0
        self._held = 0

    def remember(self, instance: str) -> Memory:
        """Return what an unfinished step remembers, for it to add to."""
        return self.memory.setdefault(instance, {})

    def recall(self, instance: str) -> Memory:
        """Return what an unfinished step remembers, if anything."""
        return self.memory.get(instance, {})

    def save(self, frame: Frame, name: str, value: Any) -> None:
        """Store a step's output under a name.

        Raises:
            TooLargeError: the run's budget does not allow it.
        """
        self.save_all(frame, {name: value})

    def save_all(self, frame: Frame, values: Mapping[str, Any]) -> None:
        """Store values under their names: all of them, or none.

        Raises:
            TooLargeError: the run's budget does not allow it.
        """
        sizes = {f"{frame.place}variables.{name}": _size(name, value) for name, value in values.items()}
        self.fit(sum(size - self._sizes.get(place, 0) for place, size in sizes.items()))
        for place, size in sizes.items():
            self.reserve(place, size)
        frame.variables.update(values)

    def reserve(self, place: str, size: int) -> None:
        """Take `size` bytes of the run's budget for a place (a variable, a loop's items).

        Raises:
            TooLargeError: the budget does not allow it.
        """
        more = size - self._sizes.get(place, 0)
        held = more if place.endswith(HOLD) else 0
        self.fit(more, held=held)
        self._taken += more
        self._held += held
        self._sizes[place] = size

    def fit(self, size: int, *, held: int = 0) -> None:
        """Refuse what does not fit into the run's budget; `held` bytes of it are an open hold's.

        Raises:
            TooLargeError: the budget does not allow `size` bytes more.
        """
        taken = self._taken + self.report.size + self.holds.size - min(self._held + held, ROOM_FOR_HOLDS)
        if taken + size > self.limit:
            raise TooLargeError(
                f"Keeping {size:,} more bytes would bring the run to {taken + size:,}; it may keep {self.limit:,}. "
                f"Save only the parts of answers that later steps use, and loop over shorter lists."
            )

    def forget(self, place: str) -> None:
        """Give back what a place took."""
        size = self._sizes.pop(place, 0)
        self._taken -= size
        self._held -= size if place.endswith(HOLD) else 0

    def release(self, loop: str) -> None:
        """Give back what a loop took, but for the iterations that stand in the report."""
        for place in [place for place in self._sizes if place.startswith(f"{loop}[")]:
            if not place.endswith("."):
                self.forget(place)

    def whole(self, plan: Plan, outcome: str | None, more: Mapping[str, Any]) -> RunReport:
        """Return the report of the run.

        Args:
            plan: what it executes.
            outcome: how it ended; None while it runs.
            more: what only some reports have; what is empty is left out.
        """
        missing = shortened([*more.get("missing", ()), *self.unfound])
        more = {**more, "tolerated": self.report.tolerated(outcome), "missing": missing}
        report = {
            "automation": plan["automation"],
            "definitionHash": plan["definition"],
            "event": {key: self.event[key] for key in ("id", "type", "source")},
            "outcome": outcome,
            "steps": self.report.steps(closed=outcome is not None),
            "variables": self.variables,
            "audit": self.holds.audit_json(),
            **({} if self.result is None else {"result": self.result}),
            **{name: value for name, value in more.items() if value},
        }
        return cast("RunReport", report)

    def carry(self, resets: int) -> CarriedState:
        """Return all of it as JSON, for the next run of the chain, with how often the chain was reset up to here."""
        return {
            "variables": self.variables,
            "memory": self.memory,
            "claims": self.claims,
            "began": self.began,
            "resets": resets,
            "earlier": self.earlier,
            "entries": self.report.entries,
            "extra": self.report.extra,
            "holds": [hold.carry() for hold in self.holds.all.values()],
            "audit": self.holds.audit,
            "refusals": self.holds.refusals,
            "changes": self.holds.changes,
            "sizes": self._sizes,
            "failed": self.failed,
            "arrivals": self.arrivals.carry(),
            "admitted": self.admitted,
        }

    @classmethod
    def carried(cls, program: Program, event: dict[str, Any], carry: CarriedState, *, limit: int) -> State:
        """Return the state that an earlier run of the chain carried over."""
        state = cls(program, event, limit=limit)
        state.variables = carry["variables"]
        state.memory = carry["memory"]
        state.claims = carry["claims"]
        state.began = carry["began"]
        state.resets = carry["resets"]
        state.earlier = carry["earlier"]
        state.report = Report(program, carry["entries"], room=limit, extra=carry["extra"])
        state.holds = Holds(
            [Hold(**hold) for hold in carry["holds"]], carry["audit"], carry["refusals"], carry["changes"]
        )
        state.failed = carry.get("failed")
        state.arrivals = Arrivals(event, carry.get("arrivals"))
        state.admitted = carry.get("admitted", False)
        state._sizes = carry["sizes"]
        state._taken = sum(state._sizes.values())
        state._held = sum(size for place, size in state._sizes.items() if place.endswith(HOLD))
        return state


def _size(name: str, value: Any) -> int:
    return measure(value) + len(name) + 4
