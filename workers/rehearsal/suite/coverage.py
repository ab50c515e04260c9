"""Coverage: which steps, tests, ways, failures and endings of holds the cases of a file have seen.

A test counts once it was seen true, false, and deciding: alone it made its group what it was. All tests of a place are
judged, also those that a short circuit leaves out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from typing import Any

from activities.action import Action
from workers.definitions.loading import Source
from workers.rehearsal.performance import Performance
from workers.rehearsal.record import base_id
from workers.rehearsal.suite.items import KINDS, CoverageItem, items_of
from workers.rehearsal.suite.paths import Place, pointer, shown
from workers.rehearsal.suite.steps import every_step
from workflows import host
from workflows.compiled import program
from workflows.language.condition import Condition
from workflows.plan import Plan
from workflows.program import ActionStep, BranchStep, Step, WaitStep

ENDINGS: Mapping[str, str] = {"approve": "approved", "edit": "approved", "reject": "rejected"}
OWN_CONDITIONS: Mapping[str, Place] = {"condition": ("conditions",), "until": ("until",)}
"""Where the conditions of a step stand in its definition, by their name in a program."""


class Coverage:
    """What the cases of one file cover of their automation.

    Args:
        plan: what they play.
        data: the definition as written.
        actions: every action by name.
    """

    def __init__(self, plan: Plan, data: Mapping[str, Any], actions: Mapping[str, Action]) -> None:
        self.items = items_of(data, actions, plan.get("hours"))
        self._program = program(plan)  # kept, so that its conditions stay what they are
        self._places = dict(self._conditions(plan, data))
        self._watched: Mapping[str, Callable[..., None]] = {
            host.BEGUN: self._begun,
            host.JUDGED: self._judged,
            host.FAILED: self._failed,
        }

    def _conditions(self, plan: Plan, data: Mapping[str, Any]) -> Iterator[tuple[int, Place]]:
        """Yield the place of every condition of the program, by the object that it is."""
        if self._program.condition is not None:
            yield id(self._program.condition), ("conditions",)
        for name, step in every_step(plan).items():
            if name in self.items.places:
                for condition, at in _of_step(step, self.items.places[name], data):
                    yield id(condition), at

    def watch(self, what: str, **facts: Any) -> None:
        """Be told what a run finds out."""
        if (watched := self._watched.get(what)) is not None:
            watched(**facts)

    def _begun(self, step: str) -> None:
        if (item := self.items.steps.get(base_id(step))) is not None:
            item.marks.add("reached")

    def _judged(self, condition: Condition, roots: Mapping[str, Any]) -> None:
        place = self._places.get(id(condition))
        if place is None or place not in self.items.conditions:
            return
        holds = self.items.conditions[place].judge(roots, host.now())
        if len(place) > 2 and place[-3] == "branch" and isinstance(number := place[-2], int):  # noqa: PLR2004 # its place in it
            ways = self.items.ways[place[:-3]]
            if holds:
                ways[number].marks.add("taken")
            elif number == len(ways) - 2:
                ways[-1].marks.add("taken")

    def _failed(self, step: str, classes: AbstractSet[str], rule: int | None) -> None:
        for cls in classes if rule is not None else ("any",):  # where no rule decides, a plain `onFailure` does
            item = self.items.failures.get((base_id(step), rule or 0, cls))
            if item is not None:
                item.marks.add(cls)

    def see(self, seen: Performance) -> None:
        """Take what a finished play says of its holds."""
        kinds = {name: hold["kind"] for name, hold in seen.holds.items()}
        for one in seen.report["audit"]:
            if kinds.get(one.get("hold")) != "approval" or one["result"] != "accepted":
                continue
            ending = "expired" if one["via"] == "policy" else ENDINGS.get(one["decision"])
            item = self.items.holds.get((base_id(one["hold"]).partition("#")[0], ending or ""))
            if item is not None and ending is not None:
                item.marks.add(ending)

    @property
    def of(self) -> int:
        """How many items there are."""
        return sum(1 for _ in self.items.all())

    @property
    def covered(self) -> int:
        """How many of them are covered."""
        return sum(item.covered for item in self.items.all())

    @property
    def percent(self) -> float:
        """How many of a hundred are covered."""
        return round(100 * self.covered / self.of, 1) if self.of else 100.0

    def missing(self) -> list[CoverageItem]:
        """Return the items that are not covered."""
        return [item for item in self.items.all() if not item.covered]

    def counts(self) -> dict[str, dict[str, int]]:
        """Return how many items of each kind there are, and how many are covered."""
        found: dict[str, dict[str, int]] = {kind: {"covered": 0, "of": 0} for kind in KINDS}
        for item in self.items.all():
            found[item.kind]["of"] += 1
            found[item.kind]["covered"] += item.covered
        return found

    def to_json(self, source: Source) -> dict[str, Any]:
        """Return it as `trunkline test --json` prints it."""
        missing = [
            {
                "kind": item.kind,
                "path": shown(item.place),
                "line": source.place(pointer(item.place))[0],
                "text": item.text,
                "never": item.never,
            }
            for item in self.missing()
        ]
        return {"percent": self.percent, **self.counts(), "missing": missing}


def _of_step(step: Step, place: Place, data: Mapping[str, Any]) -> Iterator[tuple[Condition, Place]]:
    for one in fields(step):
        value = getattr(step, one.name)
        if isinstance(value, Condition) and one.name in OWN_CONDITIONS:
            yield value, (*place, *OWN_CONDITIONS[one.name])
    if isinstance(step, WaitStep) and step.event is not None:
        yield step.event.where, (*place, "wait", "where")
    if isinstance(step, BranchStep):
        for number, (condition, _) in enumerate(step.cases):
            yield condition, (*place, "branch", number, "conditions")
    if isinstance(step, ActionStep):
        own = _at(data, place).get("requireApproval")
        around = (*place, "requireApproval") if isinstance(own, dict) and own.get("bands") else ("approvals",)
        for number, band in enumerate(step.policy.bands):
            yield band.when, (*around, "bands", number, "when")


def _at(data: Any, place: Place) -> Mapping[str, Any]:
    for part in place:
        data = data[part]
    found: Mapping[str, Any] = data
    return found
