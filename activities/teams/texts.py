"""Which texts of an author's own card Teams reads as markup: there customers' words must be escaped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from activities.action import SyntaxName

FACT = {"title", "value"}

SENT_NOWHERE = ("Action.Submit", "Action.Execute")
"""Actions whose answer goes to a bot: there is none."""


def card_syntaxes(value: Any, pointer: str) -> Iterator[tuple[str, SyntaxName]]:
    """Yield place and syntax of every text of a card that is markup, or that may become lists and objects from data.

    Args:
        value: a card, or a part of it.
        pointer: JSON pointer to it.
    """
    if isinstance(value, str) and value.startswith("{{"):
        yield pointer, "adaptive-card"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from card_syntaxes(item, f"{pointer}/{index}")
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    fact = kind is None and value.keys() >= FACT
    for name, item in value.items():
        place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if isinstance(item, str) and ((kind == "TextBlock" and name == "text") or (fact and name in FACT)):
            yield place, "markdown"
        elif isinstance(item, str) and kind == "Action.OpenUrl" and name == "url":
            yield place, "url"
        else:
            yield from card_syntaxes(item, place)


def answered_by_nobody(value: Any) -> str | None:
    """Return the type of an action in a card that Teams would not carry out, if there is one."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in SENT_NOWHERE:
        return str(kind)
    return next((found for child in children if (found := answered_by_nobody(child))), None)
