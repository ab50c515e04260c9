"""What a run kept of a result, back in the form of the result."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def unpicked(kept: Any, pick: Any) -> Any:
    """Return a result by what was kept of it: what `pick` left out is left out."""
    if pick is None:
        return kept
    if isinstance(pick, Mapping):
        whole: Any = None
        for name, path in pick.items():
            whole = _put(whole, path, kept.get(name) if isinstance(kept, Mapping) else None)
        return whole
    return _put(None, pick, kept)


def _put(whole: Any, path: list[str | int], value: Any) -> Any:
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(key, int) and key >= 0:
        items = list(whole) if isinstance(whole, list) else []
        items += [None] * (key + 1 - len(items))
        items[key] = _put(items[key], rest, value)
        return items
    members = dict(whole) if isinstance(whole, Mapping) else {}
    members[str(key)] = _put(members.get(str(key)), rest, value)
    return members
