"""Writes one text piece by piece: the author's own as it is, values escaped for the syntax, secrets as placeholders."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, ClassVar

from workflows.language.errors import TemplateError
from workflows.language.scope import Scope
from workflows.language.secrets import Secret
from workflows.language.values import compact, inner, shown, text


class Writer:
    """A text while it is rendered. `prepare` runs when the text is compiled, everything else while it is rendered."""

    name: ClassVar[str | None] = None
    encodes_json: ClassVar[bool] = False

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.out: list[str] = []
        self.secrets: list[tuple[int, Secret, str | None]] = []

    @classmethod
    def prepare(cls, literal: str) -> Any:
        """Return a piece of the author's text in the form that `literal` takes."""
        return literal

    def literal(self, prepared: Any) -> None:
        """Write a piece of the author's text."""
        self.out.append(prepared)

    def value(self, value: Any, *, as_json: bool = False) -> None:
        """Write a value; `as_json` where its author put the filter `json` after it."""
        self.out.append(self.escape(compact(value, self.scope) if as_json else text(value, self.scope)))

    def escape(self, value: str) -> str:
        """Return a text escaped for this syntax."""
        return value

    def secret(self, secret: Secret) -> None:
        """Write a secret's placeholder."""
        self.secrets.append((len(self.out), secret, self.secret_escape()))
        self.out.append(secret.placeholder)

    def secret_escape(self) -> str | None:
        """Say how a secret at this place is escaped when it is filled in."""
        return self.name

    def written(self) -> str:
        """Return what is written so far."""
        return "".join(self.out)

    def finish(self, pointer: str) -> str:
        """Return the text, within the bound, and note where its secrets go."""
        result = self.written()
        self.scope.keep(len(result))
        if self.secrets:
            starts = self.starts()
            self.scope.places += [secret.place(pointer, starts[piece], how) for piece, secret, how in self.secrets]
        return result

    def starts(self) -> list[int]:
        """Return at which character each piece starts."""
        starts, at = [], 0
        for piece in self.out:
            starts.append(at)
            at += len(piece)
        return starts


class Plain(Writer):
    """Text without a syntax."""


OUTSIDE, INSIDE, BACKSLASH = 0, 1, 2


class JsonSyntax(Writer):
    """Text that is JSON: the author's quotes decide whether a value is part of a string or a JSON value of its own."""

    name = "json"
    encodes_json = True

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.state = OUTSIDE

    @classmethod
    def prepare(cls, literal: str) -> tuple[str, tuple[int, int, int]]:
        """Find, for each state before a piece, the state after it."""
        return literal, (json_state(literal, OUTSIDE), json_state(literal, INSIDE), json_state(literal, BACKSLASH))

    def literal(self, prepared: tuple[str, tuple[int, int, int]]) -> None:
        """Write a piece of the author's text and follow its quotes."""
        self.out.append(prepared[0])
        self.state = prepared[1][self.state]

    def value(self, value: Any, *, as_json: bool = False) -> None:
        """Write a value as part of a string, or as a JSON value."""
        if self.state == OUTSIDE:
            self.out.append(compact(value, self.scope))
        else:
            self._inside()
            plain = compact(value, self.scope) if as_json else text(value, self.scope)
            escaped = inner(plain)
            self.scope.spend(len(escaped) - len(plain))
            self.out.append(escaped)

    def _inside(self) -> None:
        if self.state == BACKSLASH:
            raise TemplateError("A backslash stands right before `{{`: it would change what the value means.")

    def secret_escape(self) -> str:
        """Say whether a secret stands inside quotes."""
        self._inside()
        return "json" if self.state == INSIDE else "json-value"


class KeyedJson(JsonSyntax):
    """JSON with values in its keys: only the result shows whether one of them is another key once more."""

    def finish(self, pointer: str) -> str:
        """Return the text if no object in it has a key twice, of which a receiver would take the last."""
        result = super().finish(pointer)
        self.check(self.bare())
        return result

    def bare(self) -> str:
        """Return the text without the secrets that are JSON values of their own."""
        pieces = list(self.out)
        for piece, _, how in self.secrets:
            if how == "json-value":
                pieces[piece] = "null"
        return "".join(pieces)

    def check(self, written: str) -> None:
        """Refuse a text in which an object has a key twice."""
        keys = json_keys(written, twice=True)
        if keys:
            raise TemplateError(
                f"A value makes the key {shown(keys[0])}, which its object already has: one would override the other."
            )


class CheckedJson(KeyedJson):
    """JSON with tags in it: only the result shows whether it is JSON."""

    def check(self, written: str) -> None:
        """Refuse a text that is no JSON, or in which an object has a key twice."""
        if fault := json_fault(written):
            raise TemplateError(f"This text begins like JSON, but what it renders to is none: {fault}.")
        super().check(written)


class MembersJson(CheckedJson):
    """The members of an object, written without its braces."""

    def bare(self) -> str:
        """Return the whole object."""
        return f"{{{super().bare()}}}"


def json_keys(written: str, *, twice: bool = False) -> list[str]:
    """Return the keys of all objects in a JSON text, or one JSON value a line; with `twice` those that repeat."""
    found: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> None:
        keys = [key for key, _ in pairs]
        counted = Counter(keys)
        found.extend(key for key in counted if counted[key] > 1) if twice else found.extend(keys)

    try:
        json.loads(written, object_pairs_hook=collect)
    except ValueError:
        found.clear()
        for line in written.splitlines():
            if line.strip():
                json.loads(line, object_pairs_hook=collect)
    return found


def json_fault(written: str) -> str | None:
    """Say what keeps a text from being JSON, or one JSON value a line; None where nothing does."""
    try:
        json.loads(written)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as error:
        lines = [line for line in written.splitlines() if line.strip()]
        return None if len(lines) > 1 and all(json_fault(line) is None for line in lines) else str(error)
    return None


def json_state(literal: str, state: int) -> int:
    """Follow the author's quotes through a piece of text: outside, inside, or inside right after a backslash."""
    for character in literal:
        if state == BACKSLASH:
            state = INSIDE
        elif character == '"':
            state = OUTSIDE if state == INSIDE else INSIDE
        elif character == "\\" and state == INSIDE:
            state = BACKSLASH
    return state


_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_IN_LINK = str.maketrans({"&": "&amp;", "<": "%3C", ">": "%3E", "|": "%7C", "\n": "%0A"})
_MENTION = re.compile(r"^[!@#]")


class SlackText(Writer):
    """Slack's own markup: a value cannot mention anybody, and cannot make or change a link."""

    name = "slack"

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.link = ""

    @classmethod
    def prepare(cls, literal: str) -> tuple[str, str | None]:
        """Find out whether a piece leaves a link open: what stands in it so far, None where it does not say."""
        opened, closed = literal.rfind("<"), literal.rfind(">")
        if opened > closed:
            return literal, literal[opened:]
        return literal, "" if closed >= 0 else None

    def literal(self, prepared: tuple[str, str | None]) -> None:
        """Write a piece of the author's text and follow its angle brackets."""
        piece, link = prepared
        self.out.append(piece)
        if link is not None:
            self.link = link
        elif self.link:
            self.link += "|" if "|" in piece else "…"

    def escape(self, value: str) -> str:
        """Escape what Slack reads as markup."""
        self.scope.spend(4 * len(value))
        if not self.link or "|" in self.link:
            return value.translate(_SLACK)
        escaped = value.translate(_IN_LINK)
        if self.link == "<":
            escaped = _MENTION.sub(lambda sign: f"%{ord(sign[0]):02X}", escaped)
        self.link += "…" if value else ""
        return escaped


_MARKDOWN = str.maketrans(
    {**{sign: f"\\{sign}" for sign in "\\`*_~[](){}#+-=|!:@.^$"}, "&": "&amp;", "<": "&lt;", ">": "&gt;"}
)
_INDENT = re.compile(r"(?:(?<=[\r\n])|\A)[ \t]+")


class Markdown(Writer):
    """Markdown: a value stays plain text, whatever signs are in it."""

    name = "markdown"

    @classmethod
    def prepare(cls, literal: str) -> tuple[str, bool]:
        """Find out whether a piece ends in a backslash that escapes what follows."""
        return literal, (len(literal) - len(literal.rstrip("\\"))) % 2 == 1

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.backslash = False

    def literal(self, prepared: tuple[str, bool]) -> None:
        """Write a piece of the author's text."""
        self.out.append(prepared[0])
        self.backslash = prepared[1]

    def escape(self, value: str) -> str:
        """Escape every sign of Markdown, and keep leading white space from making a code block."""
        if self.backslash:
            raise TemplateError("A backslash stands right before `{{`: it would undo the value's escaping.")
        self.scope.spend(8 * len(value))
        return _INDENT.sub(lambda found: "\u00a0" * len(found[0]), value).translate(_MARKDOWN)
