"""The trace of one play: the steps that it reached, in order, and the places where it took one way of several."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.program import ActionStep, Step
from workflows.report import timestamp


@dataclass(slots=True, kw_only=True, eq=False)
class ReachedStep:
    """A step that was reached.

    Attributes:
        id: its instance id.
        step: the step.
        at: when.
        runs: whether its conditions let it run.
        conditions: what they came to.
        ways: of a branch, what the conditions of each way came to, as far as they were judged.
        way: of a branch, the way that was taken: a number, or `otherwise`.
        request: what it sends, as holds show requests.
        hold: who is asked before it is sent.
        unknown: what its texts need that nobody knows.
        until: of a wait, its end.
    """

    id: str
    step: Step
    at: datetime
    runs: bool = True
    conditions: dict[str, Any] | None = None
    ways: list[dict[str, Any]] = field(default_factory=list)
    way: int | str | None = None
    request: dict[str, Any] | None = None
    hold: dict[str, Any] | None = None
    unknown: list[str] = field(default_factory=list)
    until: str | None = None

    def to_json(self, name: str, entry: dict[str, Any]) -> dict[str, Any]:
        """Return it as `trunkline explain --json` prints it.

        Args:
            name: its id, as it is shown.
            entry: its entry of the play's report; empty where that keeps none.
        """
        found: dict[str, Any] = {
            "id": name,
            "label": self.step.label,
            "actionType": self.step.action if isinstance(self.step, ActionStep) else None,
            "kind": self.step.kind,
            "runs": self.runs,
            "at": timestamp(self.at),
            "conditions": self.conditions,
            "request": self.request,
            "hold": self.hold,
            "missing": entry.get("missing", []),
            "unknown": self.unknown,
        }
        if self.step.kind == "branch":
            found |= {"way": self.way, "ways": self.ways}
        until = entry.get("until") or self.until
        if until is not None:
            found["until"] = until
        if "error" in entry:
            found["error"] = entry["error"]
        if entry.get("attempts", 1) > 1:
            found["attempts"] = entry["attempts"]
        return found


@dataclass(slots=True, kw_only=True, eq=False)
class Fork:
    """A place where a play took one way of several, because nobody knows which it will be.

    Attributes:
        step: instance id of the step that asked.
        on: what that hangs on.
        ways: all ways, as `{"holds": true}` or `{"way": 0}`.
        taken: the number of the way that was taken.
    """

    step: str
    on: list[str]
    ways: list[dict[str, Any]]
    taken: int
