"""What nobody knows before it happens: a mark that stands among a run's data where a value will be."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workflows.language.names import Reference, written
from workflows.language.scope import ABSENT
from workflows.language.values import item
from workflows.plan import STATUSES

MARK = "\N{WHITE QUESTION MARK ORNAMENT} unknown"
UNKNOWN: Mapping[str, Any] = {MARK: True}
"""Stands where a value will be; plain JSON, so that it goes wherever a value goes."""

LOOP = "loop"


def mark() -> dict[str, Any]:
    """Return a mark for one place."""
    return dict(UNKNOWN)


def is_unknown(value: Any) -> bool:
    """Say whether a value is the mark."""
    return isinstance(value, dict) and MARK in value


def holds_unknown(value: Any) -> bool:
    """Say whether a mark is anywhere in a value."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if is_unknown(one):
            return True
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return False


def unknown_uses(
    references: Iterable[Reference],
    roots: Mapping[str, Any],
    unanswered: Collection[str] = (),
    *,
    looping: bool = False,
) -> list[Reference]:
    """Return the uses of roots that need what nobody knows.

    Args:
        references: the uses.
        roots: what can be seen.
        unanswered: ids of steps of which nobody knows how they end.
        looping: whether they stand in an iteration of a list that nobody knows.
    """
    return [one for one in references if _needs_unknown(one.path, roots, unanswered, looping=looping)]


def names(uses: Iterable[Reference]) -> list[str]:
    """Return uses as their authors write them, each once."""
    return list(dict.fromkeys(written(one.path) for one in uses))


def _needs_unknown(
    path: tuple[Any, ...], roots: Mapping[str, Any], unanswered: Collection[str], *, looping: bool
) -> bool:
    if path[0] == STATUSES and len(path) > 1:
        return path[1] in unanswered
    if path[0] == LOOP and looping:
        return True
    value = roots.get(path[0], ABSENT)
    for segment in path[1:]:
        if is_unknown(value):
            return True
        value = item(value, segment)
        if value is ABSENT:
            return False
    return holds_unknown(value)
