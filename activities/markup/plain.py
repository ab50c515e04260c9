"""HTML as plain text, in time proportional to its length."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from activities.markup.tags import Tag, tags

SPACED = frozenset(
    ("blockquote", "dl", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "ol", "p", "pre", "table", "ul")
)
"""Elements with an empty line around them."""

OWN_LINE = frozenset(
    (
        *("address", "article", "aside", "body", "caption", "center", "dd", "details", "div", "dt", "fieldset"),
        *("figcaption", "footer", "form", "header", "html", "li", "main", "nav", "section", "summary", "tbody"),
        *("tfoot", "thead", "tr"),
    )
)
"""Elements that begin a line and end one."""

UNSEEN = frozenset(("head", "script", "style", "template", "title"))
NESTED = frozenset(("blockquote", "ol", "ul"))
CELLS = frozenset(("td", "th"))
STRUCK = frozenset(("del", "s", "strike"))

DEEPEST = 20
"""Levels that are indented; what is nested deeper stands at the last."""

TARGET = re.compile(r"\s*(?:mailto:(?P<mail>[^?]+)|(?P<other>(?:https?|tel):.+))", re.IGNORECASE | re.DOTALL)
SPACE = re.compile(r"[ \t\r\n\f]+")


def text_of_html(html: str) -> str:
    """Return what a reader of HTML sees: addresses stand after what links to them, lists and code stay so."""
    reader = _Reader()
    for piece in tags(html):
        if isinstance(piece, str):
            reader.read(piece)
        elif piece.ends:
            reader.end(piece.name)
        else:
            reader.begin(piece)
    return reader.text()


@dataclass(slots=True)
class _Level:
    """An element that indents what is in it."""

    tag: str
    mark: str = ""
    number: int | None = None
    begun: bool = False

    def indent(self) -> str:
        """Return what a line begins with at this level: an item's mark stands before its first line."""
        return " " * len(self.mark) if self.begun and self.tag == "li" else self.mark


@dataclass(slots=True)
class _Link:
    """A link whose text is being read."""

    target: str
    parts: list[str] = field(default_factory=list)


class _Reader:
    """Collects the lines that a reader sees."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.levels: list[_Level] = []
        self.deeper: Counter[str] = Counter()
        self.unseen: str | None = None
        self.link: _Link | None = None
        self.spaced = False
        self.in_pre = False
        self.in_row = False

    def begin(self, element: Tag) -> None:
        """Begin an element."""
        tag, given = element.name, element.attributes
        if tag == "body" and self.unseen == "head":
            self.unseen = None  # the end of the head may be left out
        if tag in UNSEEN:
            self.unseen = self.unseen or tag
        if self.unseen:
            return
        self._leave(tag)
        if tag in SPACED or tag in OWN_LINE:
            self._end_line(spaced=tag in SPACED and not (tag in NESTED and self._in_list()))
        if tag == "li":
            self._begin_item()
        elif tag in NESTED:
            start = given.get("start", "")
            first = int(start) if start.isdecimal() and len(start) <= len("999999999") else 1
            self._enter(_Level(tag, "> " if tag == "blockquote" else "", first if tag == "ol" else None))
        elif tag == "a" and (found := TARGET.match(given.get("href", ""))):
            self.link = _Link((found["mail"] or found["other"]).strip())
        else:
            self._begin_small(tag, given)

    def _begin_small(self, tag: str, given: Mapping[str, str]) -> None:
        if tag == "br":
            self._end_line(empty=True)
        elif tag == "hr":
            self.line.append("---")
            self._end_line(spaced=True)
        elif tag == "img":
            self._write(given.get("alt", ""))
        elif tag in STRUCK:
            self._write("~~")
        elif tag == "pre":
            self.in_pre = True
        elif tag == "tr":
            self.in_row = False
        elif tag in CELLS:
            if self.in_row:
                self._write(" | ")
            self.in_row = True

    def end(self, tag: str) -> None:
        """End an element; one that was never begun changes nothing."""
        if self.unseen:
            self.unseen = None if tag == self.unseen else self.unseen
            return
        if tag == "pre":
            self._end_line()
            self.in_pre = False
        if tag in SPACED or tag in OWN_LINE:
            self._end_line(spaced=tag in SPACED and tag not in NESTED)
        if tag == "a":
            self._end_link()
        elif tag in STRUCK:
            self._write("~~")
        elif tag in NESTED or tag == "li":
            self._end_level(tag)
            self.spaced = self.spaced or (tag in NESTED and not self._in_list())

    def read(self, data: str) -> None:
        """Take a piece of text."""
        if self.unseen:
            return
        if not self.in_pre:
            self._write(data)
            return
        first, *more = data.split("\n")
        self._write(first)
        for line in more:
            self._end_line(empty=True)
            self._write(line)

    def text(self) -> str:
        """Return all lines."""
        self._end_link()
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _write(self, text: str) -> None:
        self.line.append(text)
        if self.link is not None:
            self.link.parts.append(text)

    def _end_link(self) -> None:
        link, self.link = self.link, None
        if link is None:
            return
        shown = SPACE.sub(" ", "".join(link.parts)).strip().removeprefix("mailto:")
        if shown.removesuffix("/") != link.target.removesuffix("/"):
            self.line.append(f" ({link.target})" if shown else link.target)

    def _end_line(self, *, spaced: bool = False, empty: bool = False) -> None:
        """Write the line that was read, if anything stands in it or it may be empty; an empty line may follow."""
        written = "".join(self.line)
        self.line.clear()
        written = f"    {written}" if self.in_pre else SPACE.sub(" ", written).strip(" ").replace("\u00a0", " ")
        if self.link is not None and written:
            self.link.parts.append(" ")
        if written.strip("| ") or (empty and self.lines and not self.spaced):
            if self.spaced and self.lines and self.lines[-1].strip("> "):
                self.lines.append("".join(level.indent() for level in self.levels if level.begun).rstrip())
            self.lines.append((self._indent() + written).rstrip())
            self.spaced = False
        self.spaced = self.spaced or spaced

    def _indent(self) -> str:
        made = "".join(level.indent() for level in self.levels)
        for level in self.levels:
            level.begun = True
        return made

    def _in_list(self) -> bool:
        return any(level.tag in {"ol", "ul"} for level in self.levels)

    def _leave(self, tag: str) -> None:
        """End the item before this one, whose end may be left out."""
        if tag == "li" and self.levels and self.levels[-1].tag == "li":
            self._end_line()
            self.levels.pop()

    def _begin_item(self) -> None:
        around = self.levels[-1] if self.levels else None
        mark = "- "
        if around is not None and around.number is not None:
            mark = f"{around.number}. "
            around.number += 1
        self._enter(_Level("li", mark))

    def _enter(self, level: _Level) -> None:
        if len(self.levels) < DEEPEST:
            self.levels.append(level)
        else:
            self.deeper[level.tag] += 1

    def _end_level(self, tag: str) -> None:
        if self.deeper[tag]:
            self.deeper[tag] -= 1
            return
        for index in range(len(self.levels) - 1, -1, -1):
            if self.levels[index].tag == tag:
                del self.levels[index:]
                return
            if self.levels[index].tag in NESTED and tag == "li":
                return
