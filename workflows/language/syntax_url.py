"""Writes an address: values are percent-encoded, and can change neither its host nor the depth of its path."""

from __future__ import annotations

import re
import urllib.parse
from bisect import bisect_left, bisect_right
from collections import Counter
from typing import Any

from workflows.language.errors import TemplateError
from workflows.language.scope import Scope
from workflows.language.secrets import Secret
from workflows.language.syntax import Writer
from workflows.language.values import shown, text

LONGEST_PART = 64 * 1024

_AUTHORITY = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?//([^/?#\\]*)")
_HOST = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_PATH = re.compile(r"[^?#]*")
_ADDRESS = re.compile(r"\s*(?:[A-Za-z][A-Za-z0-9+.-]*:)?/[^?#]*(?P<query>\?)?")
_LONGEST_DOTS = len("%2e%2e")

TEMPLATED = "\0"
_FIXED_HOST = re.compile(
    r"\s*(?:(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#\0]*(?:[/?#]|\Z)"  # `https://host/…`
    r"|/(?!/)"  # `/path`: the host stands elsewhere
    r"|[^\0:/?#]+[/?#])"  # `path/…`
)


def host_is_templated(pieces: list[str]) -> bool:
    """Say whether data decides the host of an address; each piece is the author's text, or TEMPLATED."""
    address = "".join(pieces)
    return TEMPLATED in address and not _FIXED_HOST.match(address)


class Url(Writer):
    """An address. A value at its very start is an address itself and is inserted as it is."""

    name = "url"

    def __init__(self, scope: Scope) -> None:
        super().__init__(scope)
        self.begun = False
        self.values: list[tuple[int, str]] = []

    def literal(self, prepared: str) -> None:
        """Write a piece of the author's text."""
        self.out.append(prepared)
        self.begun = self.begun or not prepared.isspace()

    def value(self, value: Any, *, as_json: bool = False) -> None:
        """Write a value: as it is at the very start, percent-encoded after it."""
        if self.begun:
            super().value(value, as_json=as_json)
        else:
            self.begun = True
            self.out.append(text(value, self.scope))

    def escape(self, value: str) -> str:
        """Percent-encode everything that has a meaning in an address."""
        if len(value) > LONGEST_PART:
            raise TemplateError("A value is too long to be part of an address.")
        self.scope.spend(16 * len(value))
        self.values.append((len(self.out), value))
        try:
            return urllib.parse.quote(value, safe="")
        except UnicodeEncodeError:
            raise TemplateError(f"{shown(value)} is no valid text and cannot be part of an address.") from None

    def secret(self, secret: Secret) -> None:
        """Write a secret's placeholder."""
        super().secret(secret)
        self.begun = True

    def secret_escape(self) -> str | None:
        """Say that a secret is percent-encoded too, except at the very start."""
        return self.name if self.begun else None

    def finish(self, pointer: str) -> str:
        """Return the address if no value reaches beyond the place it was given."""
        result = super().finish(pointer)
        if self.values:
            starts = self.starts()
            values = [(starts[piece], value) for piece, value in self.values]
            self._check(result, values)
            _check_keys(result, [start for start, _ in values])
        return result

    @staticmethod
    def _check(address: str, values: list[tuple[int, str]]) -> None:
        authority = _AUTHORITY.match(address)
        path_start = authority.end() if authority else 0
        for start, value in values:
            in_host = authority and authority.start(1) <= start <= authority.end(1)
            if in_host and not _HOST.fullmatch(value):
                raise TemplateError(f"{shown(value)} cannot be part of a host: only letters, digits, `-` and `.` can.")
        path = _PATH.match(address, path_start)
        at = path_start
        for segment in (path[0] if path else "").split("/"):
            end = at + len(segment)
            if len(segment) <= _LONGEST_DOTS and urllib.parse.unquote(segment) in {".", ".."}:
                for start, value in values:
                    if at <= start <= end:
                        raise TemplateError(
                            f"{shown(value)} makes `{segment}` a part of the address's path: it would lead elsewhere."
                        )
            at = end + 1


def _check_keys(written: str, values: list[int]) -> None:
    """Refuse a query, or a form, in which a value is part of a key that is there already."""
    address = _ADDRESS.match(written)
    begin = (address.end() if address else 0) if not address or address["query"] else len(written)
    end = written.find("#", begin) if address else -1
    keys: list[tuple[str, bool]] = []
    for pair in written[begin : end if end >= 0 else len(written)].split("&"):
        key = pair.partition("=")[0]
        made = bisect_left(values, begin) < bisect_right(values, begin + len(key))
        keys.append((urllib.parse.unquote_plus(key), made))
        begin += len(pair) + 1
    counted = Counter(key for key, _ in keys)
    for key, made in keys:
        if made and counted[key] > 1:
            raise TemplateError(
                f"A value makes the key {shown(key)}, which is already there: one would override the other."
            )
