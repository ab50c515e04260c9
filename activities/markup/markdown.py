"""Markdown as safe HTML and as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from typing import TYPE_CHECKING, Any

from activities.markup.plain import text_of_html

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

LINKED = re.compile(r"(?:https?://|mailto:)\S", re.IGNORECASE)
"""Addresses that a link may lead to; any other stays the text that it was written as."""


def parser(*, breaks: bool = False) -> MarkdownIt:
    """Return a parser of CommonMark with tables and strikethrough, to which HTML is text and unsafe links are none.

    Args:
        breaks: every line end of the author's is one in the HTML too.
    """
    from markdown_it import MarkdownIt

    made = MarkdownIt("commonmark", {"html": False, "breaks": breaks}).enable(["table", "strikethrough"])
    made.validateLink = _may_be_linked  # type: ignore[method-assign] # the library's own way to set it
    return made


def html_of(markdown: str) -> str:
    """Return Markdown as HTML, in which HTML of the author's is shown as text and links are http, https or mailto."""
    return str(_parser(breaks=False).render(markdown))


def text_of(markdown: str) -> str:
    """Return Markdown as plain text: addresses stand after what links to them, lists and code stay what they are."""
    return text_of_html(str(_parser(breaks=True).render(markdown)))


@cache
def _parser(*, breaks: bool) -> MarkdownIt:
    made = parser(breaks=breaks)
    if breaks:
        made.add_render_rule("image", _image_as_link)
    return made


def _may_be_linked(url: str) -> bool:
    return LINKED.match(url.strip()) is not None


def _image_as_link(_renderer: Any, tokens: Sequence[Token], index: int, *_: Any) -> str:
    """Return the link that stands for an image where none can be shown."""
    source = str(tokens[index].attrGet("src") or "")
    return f'<a href="{escape(source)}">{escape(tokens[index].content)}</a>'
