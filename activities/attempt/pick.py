"""Which parts of a result a step keeps: taken before the result is measured, so that a large answer may have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.wire import Pick, PickPath

ABSENT: Any = object()
"""Nothing is there; told apart from a `null`."""


def picked(result: Any, pick: Pick) -> tuple[Any, list[PickPath]]:
    """Return what of a result is kept, and the paths that found nothing.

    Args:
        result: plain JSON.
        pick: one path, whose value is kept (null where there is none), or paths by name, of which an object is made;
            a name whose path finds nothing is left out of it.
    """
    if isinstance(pick, Mapping):
        found = {name: follow(result, path) for name, path in pick.items()}
        missing = [pick[name] for name, value in found.items() if value is ABSENT]
        return {name: value for name, value in found.items() if value is not ABSENT}, missing
    value = follow(result, pick)
    return (None, [pick]) if value is ABSENT else (value, [])


def follow(value: Any, path: PickPath) -> Any:
    """Return what stands at the end of a path, as templates find it, or ABSENT."""
    for key in path:
        value = _item(value, key)
    return value


def _item(value: Any, key: str | int) -> Any:
    if isinstance(value, dict) and str(key) in value:
        return value[str(key)]
    if isinstance(value, list | str) and value and key in ("first", "last"):
        return value[0 if key == "first" else -1]
    if isinstance(value, dict | list | str) and key == "size":
        return len(value)
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return ABSENT
