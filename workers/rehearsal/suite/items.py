"""What there is to cover in a definition: steps, tests, ways, failures and the endings of holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from activities.action import Action
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import step_ids, steps
from workers.rehearsal.suite.judged import MARKS, Hours, Node, tree, words
from workers.rehearsal.suite.paths import Part, Place

Kind = Literal["steps", "tests", "ways", "failures", "holds"]
KINDS: tuple[Kind, ...] = ("steps", "tests", "ways", "failures", "holds")

CONTAINERS = ("paths", "branch", "forEach", "repeat")
CLASSES = ("refused", "unavailable", "unknown", "timeout")


@dataclass(slots=True, kw_only=True)
class CoverageItem:
    """One thing that counts.

    Attributes:
        kind: what it is.
        place: where it stands.
        text: the same in words.
        wanted: the marks that it needs to be covered.
        marks: those that it has.
    """

    kind: Kind
    place: Place
    text: str
    wanted: tuple[str, ...]
    marks: set[str] = field(default_factory=set)

    @property
    def covered(self) -> bool:
        """Say whether it has every mark."""
        return self.marks >= set(self.wanted)

    @property
    def never(self) -> list[str]:
        """The marks that it lacks."""
        return [mark for mark in self.wanted if mark not in self.marks]


@dataclass(slots=True)
class Items:
    """Everything that there is to cover in one definition.

    Attributes:
        steps: by step id.
        conditions: by place.
        ways: by the branch's place, then by way; the last is `otherwise`.
        failures: by step id, rule and class; a plain `onFailure` has rule 0 and class `any`.
        holds: by step id and ending.
        places: where each step stands, by its id.
        hours: those of the plan, by name.
    """

    steps: dict[str, CoverageItem] = field(default_factory=dict)
    conditions: dict[Place, Node] = field(default_factory=dict)
    ways: dict[Place, list[CoverageItem]] = field(default_factory=dict)
    failures: dict[tuple[str, int, str], CoverageItem] = field(default_factory=dict)
    holds: dict[tuple[str, str], CoverageItem] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    hours: Hours = None

    def all(self) -> Iterator[CoverageItem]:
        """Yield every item."""
        yield from self.steps.values()
        for node in self.conditions.values():
            for test in node.tests():
                yield CoverageItem(kind="tests", place=test.place, text=test.text, wanted=MARKS, marks=test.marks)
        for ways in self.ways.values():
            yield from ways
        yield from self.failures.values()
        yield from self.holds.values()


def items_of(data: Mapping[str, Any], actions: Mapping[str, Action], hours: Hours = None) -> Items:
    """Return what there is to cover in a definition without problems; `hours` are those of its plan."""
    found = Items(hours=hours)
    ids = step_ids(data)
    if isinstance(data.get("conditions"), dict):
        found.conditions["conditions",] = tree(data["conditions"], ("conditions",), hours)
    approvals = data.get("approvals") or {}
    _bands(found, approvals, ("approvals",))
    for pointer, step, _ in steps(data):
        _step(found, ids[pointer], step, parts(pointer), actions, approvals)
    return found


def parts(pointer: str) -> Place:
    """Return a JSON pointer into a definition as a place."""
    return tuple(_part(part) for part in pointer.split("/")[1:])


def _part(text: str) -> Part:
    return int(text) if text.isdecimal() else text.replace("~1", "/").replace("~0", "~")


def _step(  # noqa: PLR0913, PLR0917 # what is known of a step
    found: Items,
    name: str,
    step: Mapping[str, Any],
    place: Place,
    actions: Mapping[str, Action],
    approvals: Mapping[str, Any],
) -> None:
    found.places[name] = place
    kind = kind_of(step)
    if kind not in CONTAINERS:
        found.steps[name] = CoverageItem(kind="steps", place=place, text=_name(step, name), wanted=("reached",))
    for at, raw in _conditions(step):
        found.conditions[(*place, *at)] = tree(raw, (*place, *at), found.hours)
    if isinstance(step.get("branch"), list):
        found.ways[place] = _ways(step, place)
    if kind == "actionType":
        for rule, cls, at in _failures(step, actions[step["actionType"]]):
            found.failures[name, rule, cls] = CoverageItem(
                kind="failures", place=(*place, *at), text=f"{cls} of {_name(step, name)}", wanted=(cls,)
            )
        _holds(found, name, step, place, approvals)


def _name(step: Mapping[str, Any], name: str) -> str:
    label = step.get("label")
    return label if isinstance(label, str) and label else name


def _conditions(step: Mapping[str, Any]) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for key in ("conditions", "until"):
        if isinstance(step.get(key), dict):
            yield (key,), step[key]
    wait = step.get("wait")
    if isinstance(wait, dict) and isinstance(wait.get("where"), dict):
        yield ("wait", "where"), wait["where"]
    for number, way in enumerate(step.get("branch") or ()):
        yield ("branch", number, "conditions"), way["conditions"]


def _bands(found: Items, policy: Any, place: Place) -> None:
    for number, band in enumerate((policy.get("bands") if isinstance(policy, dict) else None) or ()):
        at = (*place, "bands", number, "when")
        found.conditions[at] = tree(band["when"], at, found.hours)


def _ways(step: Mapping[str, Any], place: Place) -> list[CoverageItem]:
    ways = [
        CoverageItem(kind="ways", place=(*place, "branch", number), text=words(way["conditions"]), wanted=("taken",))
        for number, way in enumerate(step["branch"])
    ]
    return [*ways, CoverageItem(kind="ways", place=(*place, "otherwise"), text="otherwise", wanted=("taken",))]


def _failures(step: Mapping[str, Any], action: Action) -> Iterator[tuple[int, str, Place]]:
    on_failure = step.get("onFailure")
    if isinstance(on_failure, str):
        yield 0, "any", ("onFailure",)
    if not isinstance(on_failure, list):
        return
    left = producible(action, step)
    for number, rule in enumerate(on_failure):
        named: Sequence[str] = [rule["when"]] if isinstance(rule["when"], str) else rule["when"]
        for cls in named:
            if cls != "any":
                yield number, cls, ("onFailure", number)
        taken = [cls for cls in left if "any" in named and _takes(rule, cls, step, action, named)]
        for cls in taken:
            if cls not in named:
                yield number, cls, ("onFailure", number)
        gone = {*named, *taken, *(("timeout",) if "unknown" in named and not _safe(step, action) else ())}
        left = [cls for cls in left if cls not in gone]


def _takes(rule: Mapping[str, Any], cls: str, step: Mapping[str, Any], action: Action, named: Sequence[str]) -> bool:
    """Say whether a rule for any failure takes this class: a block follows only what certainly had no effect."""
    certain = cls in ("refused", "unavailable") or (cls == "timeout" and _safe(step, action))
    return certain or "unknown" in named or not rule.get("actions")


def _safe(step: Mapping[str, Any], action: Action) -> bool:
    return action.repeats(step.get("config") or {}) == "safe"


def producible(action: Action, step: Mapping[str, Any]) -> list[str]:
    """Return the classes of failure with which a step of this action can end."""
    if action.calls:
        return ["refused", "timeout"] if "timeout" in step else ["refused"]
    if action.local:
        return ["refused"]
    return [cls for cls in CLASSES if cls != "unknown" or not _safe(step, action)]


def _holds(found: Items, name: str, step: Mapping[str, Any], place: Place, approvals: Mapping[str, Any]) -> None:
    approval = step.get("requireApproval")
    if not approval:
        return
    own = approval if isinstance(approval, dict) else {}
    _bands(found, own, (*place, "requireApproval"))
    expires = (own if "expiresAfter" in own else approvals).get("expiresAfter") is not None
    for ending in ("approved", "rejected", *(("expired",) if expires else ())):
        found.holds[name, ending] = CoverageItem(
            kind="holds", place=(*place, "requireApproval"), text=f"{ending}: {_name(step, name)}", wanted=(ending,)
        )
