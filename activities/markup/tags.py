"""Splits HTML into tags and texts as browsers do, in time proportional to its length.

The standard library's parser is not used: a few thousand characters keep it busy for minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

RAW = frozenset(("script", "style", "textarea", "title"))
"""Elements whose content has no tags: it ends with their own end alone."""

_TAG = re.compile(r"<(?:(?P<end>/)?(?P<name>[A-Za-z][^\s/>]*)|(?P<comment>!--)|(?P<other>[!?/]))")
_ATTRIBUTE = re.compile(r"[\s/]*(?P<name>[^\s/>=][^\s/>=]*)\s*(?:=\s*(?P<value>\"[^\"]*\"|'[^']*'|[^\s>\"'][^\s>]*)?)?")
_BETWEEN = re.compile(r"[\s/=]*")
_END_OF_RAW = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in RAW}


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag: the element's name in lower case, and its attributes."""

    name: str
    ends: bool
    attributes: Mapping[str, str] = field(default_factory=dict)


def tags(html: str) -> Iterator[Tag | str]:
    """Yield tags and texts; what is begun and never ended, such as a comment, is the rest of the document."""
    at = 0
    while at < len(html):
        found = _TAG.search(html, at)
        if found is None:
            yield unescape(html[at:])
            return
        if found.start() > at:
            yield unescape(html[at : found.start()])
        if found["name"] is None:
            closing = "-->" if found["comment"] else ">"
            end = html.find(closing, found.end())
            if end < 0:
                return
            at = end + len(closing)
            continue
        name = found["name"].lower()
        attributes, end = _attributes(html, found.end())
        if end < 0:
            return
        at = end
        yield Tag(name, bool(found["end"]), attributes)
        if name in RAW and not found["end"]:
            ending = _END_OF_RAW[name].search(html, at)
            stop = ending.start() if ending else len(html)
            yield html[at:stop]
            at = stop


def _attributes(html: str, at: int) -> tuple[dict[str, str], int]:
    """Return a tag's attributes and where it ends, -1 where it never does."""
    found: dict[str, str] = {}
    while at < len(html):
        match = _ATTRIBUTE.match(html, at)
        if match is None:
            at = _BETWEEN.match(html, at).end()  # type: ignore[union-attr] # it matches nothing too
            if html.startswith(">", at):
                return found, at + 1
            at += 1
            continue
        at = match.end()
        if match["value"] is None and html[at : at + 1] in {'"', "'"}:
            return found, -1  # quotes that never end
        value = match["value"] or ""
        if value[:1] in {'"', "'"}:
            value = value[1:-1]
        found.setdefault(match["name"].lower(), unescape(value))
    return found, -1
