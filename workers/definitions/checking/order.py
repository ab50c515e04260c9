"""Which of two places of a definition comes first: whether a step can have ended where something asks how it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal

Order = Literal["before", "beside", "never"]
"""Whether a step has ended before a place is reached, may end meanwhile, or cannot have ended yet."""

REACTIONS = ("onFailure", "onRejected")
"""Keys whose actions follow the end of what they stand in."""

LOOPS = ("forEach", "repeat")
"""Kinds of steps inside of which a status is that of one iteration or pass."""


def order(place: str, step: str, data: Any, background: Collection[str]) -> Order:
    """Say how a step stands to a place, both given by JSON pointer.

    Args:
        place: where somebody asks.
        step: the step that is asked about.
        data: the definition.
        background: pointers of the steps that nothing waits for.
    """
    reader, target = place.split("/")[1:], step.split("/")[1:]
    shared = 0
    while shared < min(len(reader), len(target)) and reader[shared] == target[shared]:
        shared += 1
    here, there = reader[shared:], target[shared:]
    if not there:
        return "before" if here[:1] and here[0] in REACTIONS and "actions" in here[1:3] else "never"
    found = _siblings(here, there, target[:shared])
    if found == "before":
        route = list(_steps(target, shared, data))
        if any(_loops(around) for pointer, around in route if pointer != step):
            return "never"
        if any(pointer in background for pointer, _ in route):
            return "beside"
    elif found == "beside" and any(
        _loops(around) for pointer, around in _steps(target, shared, data) if pointer != step
    ):
        return "never"
    return found


def _loops(step: Mapping[str, Any]) -> bool:
    return any(loop in step for loop in LOOPS)


def _siblings(here: list[str], there: list[str], shared: list[str]) -> Order:
    """Compare what two pointers say after what they have in common."""
    if not here:
        return "never"
    if here[0].isdecimal() and there[0].isdecimal():
        if shared[-1] == "paths":
            return "beside"
        in_order = shared[-1] in BLOCKS
        return "before" if in_order and int(there[0]) < int(here[0]) else "never"
    ended = {"actions", "paths", "repeat"}
    if (here[0] in REACTIONS and not shared) or here[0] in {"collect", "until"}:
        return "before" if there[0] in ended else "never"
    return "never"


def _steps(target: list[str], shared: int, data: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the steps around a step, itself included, that do not stand around the place that asks about it."""
    value: Any = data
    for index, part in enumerate(target):
        value = value[int(part)] if isinstance(value, list) else value[part]
        if index >= shared and isinstance(value, Mapping) and part.isdecimal() and target[index - 1] in BLOCKS:
            yield "/" + "/".join(target[: index + 1]), value


BLOCKS = ("actions", "otherwise", "repeat")
"""Keys of lists of steps."""
