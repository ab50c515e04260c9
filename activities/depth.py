"""How deep a JSON value nests: beyond a bound, nothing that comes later could read it."""

from __future__ import annotations

from typing import Any


def deeper(value: Any, most: int) -> bool:
    """Say whether a value nests deeper than `most` levels."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(most):
        if not level:
            return False
        level = [
            item
            for holder in level
            for item in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(item, dict | list)
        ]
    return bool(level)
