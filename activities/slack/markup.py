"""Which texts of a message Slack reads as markup, and as which: there customers' words must be escaped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter, ValidationError

from activities.action import SyntaxName

LITERAL = frozenset({"plain_text", "raw_text", "text", "link", "emoji"})
"""Kinds of objects inside blocks whose text is shown as it stands."""

HOLDERS = frozenset({"section", "header", "button"})
"""Kinds whose `text` is an object, which may come from data."""


_FLAG = TypeAdapter(bool)


def text_syntax(use_markdown: Any) -> SyntaxName:
    """Return the syntax of a message's text; a flag that is a template may turn out to be true."""
    if isinstance(use_markdown, str) and ("{{" in use_markdown or "{%" in use_markdown):
        return "markdown"
    try:
        return "markdown" if _FLAG.validate_python(use_markdown) else "slack"
    except ValidationError:
        return "slack"


def block_syntaxes(value: Any, pointer: str) -> Iterator[tuple[str, SyntaxName]]:
    """Yield place and syntax of every text inside blocks that is markup or may become lists and objects from data.

    Args:
        value: blocks, or a part of them.
        pointer: JSON pointer to it.
    """
    if isinstance(value, str) and value.startswith("{{"):
        yield pointer, "slack-blocks"
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from block_syntaxes(item, f"{pointer}/{index}")
    if not isinstance(value, dict):
        return
    for name, item in value.items():
        place = f"{pointer}/{str(name).replace('~', '~0').replace('/', '~1')}"
        if name != "text" or not isinstance(item, str) or value.get("type") in HOLDERS:
            yield from block_syntaxes(item, place)
        elif value.get("type") not in LITERAL:
            yield place, "markdown" if value.get("type") == "markdown" else "slack"
