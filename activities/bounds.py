"""Bounds on what others send: how long a text may be, and how deep a value may nest."""

from __future__ import annotations

from typing import Any

CUT = "…"
"""Ends every text that was cut; what stands before it may be the beginning of a secret."""


def cut(text: str, at_most: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= at_most else text[: at_most - len(CUT)] + CUT


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
