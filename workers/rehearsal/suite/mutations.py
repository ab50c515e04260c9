"""Mutants: a definition with one thing changed, each of which some case ought to notice."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from activities.action import Action
from workers.definitions.model.automation import kind_of
from workers.definitions.model.steps import steps
from workers.rehearsal.suite.items import parts
from workers.rehearsal.suite.paths import Place
from workflows.language.comparison import OPERATORS

Change = Literal["operator", "boundary", "group", "dropped", "time", "number", "swapped", "outcome", "text"]
CHANGES: tuple[Change, ...] = (
    *("operator", "boundary", "group", "dropped", "time", "number", "swapped", "outcome", "text"),
)

OPPOSITES = {
    "greater_than": "less_or_equal",
    "less_than": "greater_or_equal",
    "exists": "is_empty",
    "older_than": "newer_than",
}
EDGES = {"greater_than": "greater_or_equal", "less_than": "less_or_equal"}
OUTCOMES = {"completed": "failed", "failed": "completed", "rejected": "completed"}

POLICY_TIMES = ("remindAfter", "escalateAfter", "expiresAfter")
RETRY_TIMES = ("initialInterval", "maximumInterval", "within")
UNIT = re.compile(r"(\d+)([a-zA-Z]+)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One change of a definition.

    Attributes:
        place: what is changed.
        change: how.
        before: what stands there.
        after: what would; None where it is dropped.
        data: the whole definition, changed.
    """

    place: Place
    change: Change
    before: Any
    after: Any
    data: dict[str, Any]


Draft = tuple[Place, Change, Any, Callable[[Any], None]]
"""Where, how, what stands there afterwards, and what makes it so of a copy."""


def mutations(data: dict[str, Any], actions: Mapping[str, Action]) -> Iterator[Mutation]:
    """Yield every mutant of a definition, also those that would not be valid."""
    for place, change, after, apply in _drafts(data, actions):
        mutated = copy.deepcopy(data)
        apply(mutated)
        yield Mutation(place=place, change=change, before=at(data, place), after=after, data=mutated)


def at(data: Any, place: Place) -> Any:
    """Return what stands at a place."""
    for part in place:
        data = data[part]
    return data


def _drafts(data: Mapping[str, Any], actions: Mapping[str, Action]) -> Iterator[Draft]:
    if isinstance(data.get("conditions"), dict):
        yield _drop(("conditions",))
        yield from _condition(data["conditions"], ("conditions",))
    if isinstance(data.get("approvals"), dict):
        yield from _policy(data["approvals"], ("approvals",))
    if isinstance(data.get("onFailure"), dict):
        yield _drop(("onFailure",))
    for pointer, step, _ in steps(data):
        yield from _step(step, parts(pointer), actions)


def _step(step: Mapping[str, Any], place: Place, actions: Mapping[str, Action]) -> Iterator[Draft]:
    yield _drop(place)
    kind = kind_of(step)
    for key in ("conditions", "until"):
        if isinstance(step.get(key), dict):
            if key == "conditions":
                yield _drop((*place, key))
            yield from _condition(step[key], (*place, key))
    if kind == "actionType":
        yield from _action(step, place, actions)
    elif kind == "branch":
        yield from _branch(step, place)
    elif kind == "wait":
        yield from _wait(step["wait"], (*place, "wait"))
    elif kind == "stop":
        yield _put((*place, "stop"), "outcome", OUTCOMES[step["stop"]])
    for key in ("every", "atMost"):
        yield from _time(step, place, key)


def _action(step: Mapping[str, Any], place: Place, actions: Mapping[str, Action]) -> Iterator[Draft]:
    config = step.get("config") or {}
    yield from _texts(config, (*place, "config"))
    yield from _body(config.get("body"), (*place, "config", "body"))
    for key in ("requireApproval", "onFailure", "retry"):
        if step.get(key):
            yield _drop((*place, key))
    if isinstance(step.get("requireApproval"), dict):
        yield from _policy(step["requireApproval"], (*place, "requireApproval"))
    if isinstance(step.get("retry"), dict):
        for key in RETRY_TIMES:
            yield from _time(step["retry"], (*place, "retry"), key)
        yield from _number(step["retry"], (*place, "retry"), "maximumAttempts")
    for number, rule in enumerate(step["onFailure"] if isinstance(step.get("onFailure"), list) else ()):
        yield from _number(rule, (*place, "onFailure", number), "attempts")
        yield from _time(rule, (*place, "onFailure", number), "delay")
    if actions[step["actionType"]].calls:  # only there does time pass within an attempt
        yield from _time(step, place, "timeout")


def _branch(step: Mapping[str, Any], place: Place) -> Iterator[Draft]:
    ways: list[Place] = [(*place, "branch", number, "actions") for number in range(len(step["branch"]))]
    for number, way in enumerate(step["branch"]):
        yield from _condition(way["conditions"], (*place, "branch", number, "conditions"))
    if step.get("otherwise"):
        ways.append((*place, "otherwise"))
    for one, other in pairwise(ways):
        yield one[:-1] if one[-1] == "actions" else one, "swapped", None, _swap(one, other)


def _wait(wait: Any, place: Place) -> Iterator[Draft]:
    if not isinstance(wait, dict):
        yield from _later(wait, place)
        return
    yield from _time(wait, place, "atMost")
    if isinstance(wait.get("where"), dict):
        yield from _condition(wait["where"], (*place, "where"))


def _policy(policy: Mapping[str, Any], place: Place) -> Iterator[Draft]:
    for key in policy:
        yield _drop((*place, key))
    for key in POLICY_TIMES:
        yield from _time(policy, place, key)
    yield from _number(policy, place, "quorum")
    for number, band in enumerate(policy.get("bands") or ()):
        at_band: Place = (*place, "bands", number)
        yield from _condition(band["when"], (*at_band, "when"))
        yield from _number(band, at_band, "quorum")
    for number, notice in enumerate(policy.get("notify") or ()):
        yield from _texts(notice.get("config") or {}, (*place, "notify", number, "config"))


def _condition(raw: Mapping[str, Any], place: Place) -> Iterator[Draft]:
    for group, other in (("all", "any"), ("any", "all")):
        if group in raw:
            if len(raw[group]) > 1:
                yield (*place, group), "group", other, _regroup(place, group, other)
            for number, part in enumerate(raw[group]):
                if len(raw[group]) > 1:
                    yield _drop((*place, group, number))
                yield from _condition(part, (*place, group, number))
    if "not" in raw:
        yield from _condition(raw["not"], (*place, "not"))
    if "operator" in raw:
        yield from _test(raw, place)


def _test(raw: Mapping[str, Any], place: Place) -> Iterator[Draft]:
    name = raw["operator"]
    opposite = _opposite(name)
    if opposite is None:
        yield place, "operator", f"not {name}", _negate(place)
    else:
        yield place, "operator", opposite, _operator(place, opposite)
    edges = {**EDGES, **{edge: name for name, edge in EDGES.items()}}
    if name in edges:
        yield place, "boundary", edges[name], _operator(place, edges[name])
    if name in ("older_than", "newer_than"):
        for place_, change, after, apply in _later(raw["value"], (*place, "value")):
            yield place_[:-1], "boundary" if change == "time" else change, after, apply


def _opposite(name: str) -> str | None:
    both = {**OPPOSITES, **{opposite: name for name, opposite in OPPOSITES.items()}}
    found = both.get(name) or (name.removeprefix("not_") if name.startswith("not_") else f"not_{name}")
    return found if found in OPERATORS else None


def _texts(value: Any, place: Place) -> Iterator[Draft]:
    """Yield a change of every text in a config."""
    if isinstance(value, str):
        yield _put(place, "text", f"{value}~")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*place, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*place, number))


def _body(body: Any, place: Place) -> Iterator[Draft]:
    for key, value in body.items() if isinstance(body, dict) else ():
        yield _drop((*place, key))
        yield from _body(value, (*place, key))


def _time(owner: Mapping[str, Any], place: Place, key: str) -> Iterator[Draft]:
    if owner.get(key) is not None:
        yield from _later(owner[key], (*place, key))


def _later(value: Any, place: Place) -> Iterator[Draft]:
    """Yield a duration with one more of its smallest unit."""
    if isinstance(value, int) and not isinstance(value, bool):
        yield _put(place, "time", value + 1)
    elif isinstance(value, str) and (found := UNIT.search(value)) is not None:
        yield _put(place, "time", f"{value[: found.start()]}{int(found[1]) + 1}{found[2]}")


def _number(owner: Mapping[str, Any], place: Place, key: str) -> Iterator[Draft]:
    if isinstance(owner.get(key), int):
        for more in (1, -1):
            yield _put((*place, key), "number", owner[key] + more)


def _drop(place: Place) -> Draft:
    def apply(data: Any) -> None:
        del at(data, place[:-1])[place[-1]]

    return place, "dropped", None, apply


def _put(place: Place, change: Change, value: Any) -> Draft:
    def apply(data: Any) -> None:
        at(data, place[:-1])[place[-1]] = value

    return place, change, value, apply


def _operator(place: Place, name: str) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        test = at(data, place)
        test["operator"] = name
        if not OPERATORS[name].takes_value:
            test.pop("value", None)

    return apply


def _negate(place: Place) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        owner = at(data, place[:-1])
        owner[place[-1]] = {"not": owner[place[-1]]}

    return apply


def _regroup(place: Place, group: str, other: str) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        owner = at(data, place)
        owner[other] = owner.pop(group)

    return apply


def _swap(one: Place, other: Place) -> Callable[[Any], None]:
    def apply(data: Any) -> None:
        first, second = at(data, one), at(data, other)
        at(data, one[:-1])[one[-1]], at(data, other[:-1])[other[-1]] = second, first

    return apply
