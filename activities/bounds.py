"""Cutting texts of others, such that a secret which a cut halves is still found."""

from __future__ import annotations

CUT = "…"
"""Ends every text that was cut; what stands before it may be the beginning of a secret."""


def cut(text: str, at_most: int) -> str:
    """Return a text of at most so many characters."""
    return text if len(text) <= at_most else text[: at_most - len(CUT)] + CUT
