"""Writes HTML: a value is text where text stands, and an address where the author links to it."""

from __future__ import annotations

import re
import urllib.parse
from html import escape

from workflows.language.errors import TemplateError
from workflows.language.scope import Scope
from workflows.language.secrets import Secret
from workflows.language.syntax import Writer
from workflows.language.values import shown

ADDRESSES = frozenset(("action", "background", "cite", "data", "formaction", "href", "poster", "src", "xlink:href"))
"""Attributes that are addresses."""

RAW = frozenset(("script", "style"))
"""Elements that hold no text."""

LONGEST_NAME = 100
LONGEST_SCHEME = len("mailto:")

_OPENING = re.compile(r"<(?:(?P<comment>!--)|(?P<other>[!?])|(?P<name>/?[A-Za-z][^\s/>]*)|/?\Z)")
_IN_TAG = re.compile(r"[>\"']")
_NAME = re.compile(r"([^\s/>=\"']+)\s*=\s*\Z")
_LINKED = re.compile(r"\s*(?:https?://|mailto:|tel:)", re.IGNORECASE)
_STYLE = re.compile(r"[\w#%., -]*")

TEXT, TAG, QUOTED, SKIPPED, CODE = range(5)
"""Where the text has arrived: between tags, in a tag, in an attribute's quotes, in a comment, in a script or style."""


class HtmlText(Writer):
    """HTML: a value makes no tag, and no link but to a web page, a mailbox or a telephone."""

    name = "html"

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.state = TEXT
        self.element = ""
        self.attribute = ""
        self.ending = ""
        self.address = ""

    def literal(self, prepared: str) -> None:
        """Write a piece of the author's text and follow its tags and quotes."""
        self.out.append(prepared)
        at = 0
        while at < len(prepared):
            at = self._read(prepared, at)

    def _read(self, piece: str, at: int) -> int:
        """Read a piece of the author's text up to where the state changes; return where that is."""
        if self.state == TEXT:
            return self._read_text(piece, at)
        if self.state == TAG:
            return self._read_tag(piece, at)
        if self.state == CODE:
            found = re.compile(f"</{self.element}", re.IGNORECASE).search(piece, at)
            if found:
                self.state, self.element = TAG, f"/{self.element}"
            return found.end() if found else len(piece)
        end = piece.find(self.ending, at)
        if self.state == QUOTED:
            self.address += piece[at : min(len(piece) if end < 0 else end, at + LONGEST_SCHEME)].lstrip()
        if end < 0:
            return len(piece)
        self.state = TAG if self.state == QUOTED else TEXT
        return end + len(self.ending)

    def _read_text(self, piece: str, at: int) -> int:
        found = _OPENING.search(piece, at)
        if found is None:
            return len(piece)
        if found["comment"] or found["other"]:
            self.state, self.ending = SKIPPED, "-->" if found["comment"] else ">"
        else:
            self.state, self.element = TAG, (found["name"] or "").lower()
        return found.end()

    def _read_tag(self, piece: str, at: int) -> int:
        found = _IN_TAG.search(piece, at)
        if found is None:
            return len(piece)
        if found[0] == ">":
            self.state = CODE if self.element in RAW else TEXT
        else:
            named = _NAME.search(piece[max(at, found.start() - LONGEST_NAME) : found.start()])
            self.state, self.ending, self.address = QUOTED, found[0], ""
            self.attribute = named[1].lower() if named else ""
        return found.end()

    def escape(self, value: str) -> str:
        """Escape what HTML reads as markup, or an address as a part of itself."""
        self.scope.spend(16 * len(value))
        self._check(value)
        if self.state != QUOTED or self.attribute not in ADDRESSES:
            return escape(value)
        begins, mailbox = not self.address, self.address[:LONGEST_SCHEME].lower() == "mailto:"
        self.address += value[:LONGEST_SCHEME].lstrip()
        if begins and _LINKED.match(value):
            return escape(value)
        try:
            return urllib.parse.quote(value, safe="@" if mailbox else "")
        except UnicodeEncodeError:
            raise TemplateError(f"{shown(value)} is no valid text and cannot be part of an address.") from None

    def _check(self, value: str | None) -> None:
        """Refuse a value, or a secret (None), at a place where escaping does not help."""
        if self.state == CODE:
            raise TemplateError(f"A value cannot stand in `<{self.element}>`.")
        named = self.state == QUOTED and self.attribute
        if self.state == TAG or (self.state == QUOTED and not named):
            raise TemplateError(
                'A value in a tag stands in the quotes of an attribute, as in `<a href="{{url}}">`; a `<` that begins '
                "no tag is written `&lt;`."
            )
        if named and (self.attribute.startswith("on") or self.attribute == "srcdoc"):
            raise TemplateError(f"A value cannot stand in the attribute `{self.attribute}`.")
        if named and self.attribute == "style" and not _STYLE.fullmatch(value or ""):
            raise TemplateError(f"{shown(value)} cannot stand in the attribute `style`.")

    def secret(self, secret: Secret) -> None:
        """Write a secret's placeholder."""
        self._check(None)
        super().secret(secret)

    def secret_escape(self) -> str:
        """Say whether a secret is part of an address."""
        return "url" if self.state == QUOTED and self.attribute in ADDRESSES else self.name or ""
