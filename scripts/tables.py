"""Rows of Markdown tables."""

from __future__ import annotations


def row(*cells: str) -> str:
    """Return one row of a table; what a cell holds stays in it."""
    texts = [" ".join(cell.replace("|", "\\|").split()) for cell in cells]
    return f"| {' | '.join(texts)} |".replace("|  |", "| |").replace("|  |", "| |")
