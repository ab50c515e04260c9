"""Which texts of an author's own card Teams reads as markup: there customers' words must be escaped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from activities.action import SyntaxName

SENT_NOWHERE = ("Action.Submit", "Action.Execute")
"""Actions whose answer goes to a bot: there is none."""


def card_syntaxes(value: Any, pointer: str) -> Iterator[tuple[str, SyntaxName]]:
    """Yield place and syntax of every text of a card, or of a part, that is Markdown or the address of a link."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from card_syntaxes(item, f"{pointer}/{index}")
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    fact = kind is None and {"title", "value"} <= value.keys()
    for name, item in value.items():
        place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if not isinstance(item, str):
            yield from card_syntaxes(item, place)
        elif (kind == "TextBlock" and name == "text") or (fact and name in {"title", "value"}):
            yield place, "markdown"
        elif kind == "Action.OpenUrl" and name == "url":
            yield place, "url"


def answered_by_nobody(value: Any) -> str | None:
    """Return the type of an action in a card that Teams would not carry out, if there is one."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    kind = value.get("type") if isinstance(value, dict) else None
    if kind in SENT_NOWHERE:
        return str(kind)
    return next((found for child in children if (found := answered_by_nobody(child))), None)
