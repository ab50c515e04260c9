"""Markdown and HTML as what people read: safe HTML, and plain text that keeps addresses, lists and code.

A long text takes a while: call these in a thread.
"""

from activities.markup.markdown import html_of, parser, text_of
from activities.markup.plain import text_of_html

__all__ = ["html_of", "parser", "text_of", "text_of_html"]
