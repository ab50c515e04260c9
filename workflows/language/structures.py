"""Lists and objects from data, in fields that take more than text: what of them is markup is escaped.

What the author wrote stays as it is; this is about what one whole `{{ }}` brings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workflows.language.scope import Scope
from workflows.language.syntax import Markdown, SlackText, Writer

Walk = Callable[[Any, Scope], Any]

LITERAL = frozenset({"plain_text", "raw_text", "text", "emoji"})
"""Kinds of objects in Slack's blocks whose text is shown as it stands."""

MENTIONS: Mapping[str, tuple[str, str]] = {
    "broadcast": ("range", "@"),
    "user": ("user_id", "@"),
    "usergroup": ("usergroup_id", "@"),
}
"""Elements of rich text that notify somebody, by what names them."""

TEXTS = frozenset({"text", "pretext", "fallback"})
TEXTS_OF_ATTACHMENTS = frozenset({"title", "footer", "author_name"})
FIELD = ("title", "value")
"""What a field of an attachment, or a fact of a card, has; elsewhere a `value` is never shown."""


def slack_blocks(value: Any, scope: Scope) -> Any:
    """Return Slack's blocks or attachments, or a part, such that data can neither mention nor mislead anybody."""
    if isinstance(value, list):
        return [slack_blocks(item, scope) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    if isinstance(kind, str) and kind in MENTIONS:
        named, sign = MENTIONS[kind]
        return {"type": "text", "text": f"{sign}{value.get(named, '')}"}
    if kind == "link":  # without a text of its own it shows where it leads
        return {key: item for key, item in value.items() if key != "text"}
    return {key: _slack_item(value, key, item, scope) for key, item in value.items()}


def _slack_item(owner: Mapping[str, Any], key: str, item: Any, scope: Scope) -> Any:
    if not isinstance(item, str):
        return slack_blocks(item, scope)
    kind = owner.get("type")
    if isinstance(kind, str):
        markup = key in TEXTS and kind not in LITERAL
    else:
        markup = key in TEXTS | TEXTS_OF_ATTACHMENTS or (key == "value" and set(FIELD) <= owner.keys())
    if not markup:
        return item
    writer: type[Writer] = Markdown if kind == "markdown" else SlackText
    return writer(scope).escape(item)


def adaptive_card(value: Any, scope: Scope) -> Any:
    """Return an Adaptive Card, or a part, whose texts are shown as they are and not read as Markdown."""
    if isinstance(value, list):
        return [adaptive_card(item, scope) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("type")
    shown: tuple[str, ...] = ("text",) if kind == "TextBlock" else ()
    if kind is None and set(FIELD) <= value.keys():
        shown = FIELD
    return {
        key: Markdown(scope).escape(item) if key in shown and isinstance(item, str) else adaptive_card(item, scope)
        for key, item in value.items()
    }


STRUCTURES: Mapping[str, Walk] = {"slack-blocks": slack_blocks, "adaptive-card": adaptive_card}
"""How lists and objects from data are escaped, by the syntax of the field that takes them; texts stay as they are."""
