"""Ways to read a text that somebody encoded, and where in the text each part of a reading stands.

Read this together with `scrubber.py`, which looks for secrets in every reading.
"""

from __future__ import annotations

import re
from binascii import a2b_base64
from bisect import bisect_right
from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache
from html.entities import html5
from itertools import accumulate

LEVELS = 2
"""How often one after another a text may have been encoded."""

UNESCAPES = LEVELS + 1
"""How often escapes are undone: once more, for secrets that look like escapes themselves."""

ESCAPE = re.compile(
    r"(\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|U[0-9a-fA-F]{8}|[uU][0-9a-fA-F]{4}"
    r"|u\{[0-9a-fA-F]{1,6}\}|[xX][0-9a-fA-F]{2}|[bfnrtBFNRT!-/:-@\[-`{-~])"
    r"|%(?:[0-9a-fA-F]{2}|u[0-9a-fA-F]{4})"
    r"|&(?:\#[0-9]{1,10};?|\#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};|amp|lt|gt|quot))"
)
"""One escape of JSON or a programming language, of a URL, or of HTML."""

UNFINISHED = re.compile(r"(?:\\(?:[uUxX][0-9a-fA-F]{0,7})?|%[0-9a-fA-F]?|&#?[0-9a-zA-Z]{0,10})\Z")
"""The beginning of an escape at the end of a text."""

LONGEST_ESCAPE = 34
"""Characters of the longest escape."""

CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
LAST = 0x10FFFF


@dataclass(frozen=True, slots=True)
class TextCode:
    """A way in which bytes are written as text.

    Attributes:
        found: finds texts of at least eight bytes, also with breaks in them.
        breaks: finds what is between the characters of the code.
        between: is put between the texts, so that nothing is read across them.
        bits: how many bits a character holds.
        whole: how many characters make whole bytes.
        decode: reads a text without breaks.
    """

    found: re.Pattern[str]
    breaks: re.Pattern[str]
    between: str
    bits: int
    whole: int
    decode: Callable[[str], bytes]


BASE64 = TextCode(
    re.compile(r"[A-Za-z0-9+/_-]{11,}(?:\r?\n[A-Za-z0-9+/_-]+)*"),
    re.compile(r"[\r\n]+"),
    between="A" * 4,
    bits=6,
    whole=4,
    decode=lambda text: a2b_base64(text.replace("-", "+").replace("_", "/")),
)
HEX = TextCode(
    re.compile(r"[0-9a-fA-F]{2}(?:[ :-]?[0-9a-fA-F]{2}){7,}[0-9a-fA-F]?"),
    re.compile(r"[ :-]"),
    between="0" * 4,
    bits=4,
    whole=2,
    decode=bytes.fromhex,
)


class Reading:
    """A text as it stands.

    Attributes:
        text: what is read.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the whole text this part of the reading stands."""
        return start, end


def readings(text: str) -> Iterator[Reading]:
    """Yield a text and every way to read it; together they take time in proportion to the text."""
    whole = Reading(text)
    yield whole
    yield from _decoded(whole, 1)
    escaped = whole
    for level in range(1, UNESCAPES + 1):
        unescaped = UnescapedReading.of(escaped)
        if unescaped is None:
            return
        yield unescaped
        if level < LEVELS:
            yield from _decoded(unescaped, level + 1, escaped)
        escaped = unescaped


def _decoded(reading: Reading, level: int, source: Reading | None = None) -> Iterator[Reading]:
    """Yield what is encoded in a reading and was not in its source, and what that means in turn."""
    for code in (BASE64, HEX):
        known = frozenset(code.found.findall(source.text)) if source else frozenset[str]()
        for decoded in DecodedReading.of(reading, code, known):
            yield decoded
            if level < LEVELS:
                yield from _decoded(decoded, level + 1)
                if unescaped := UnescapedReading.of(decoded):
                    yield unescaped


def unescape(text: str) -> str:
    """Return a text with one level of escapes undone; bytes become the characters of the same numbers."""
    return "".join(_unescaped(ESCAPE.split(text)))


def _unescaped(pieces: list[str]) -> list[str]:
    """Return pieces of a text, in turn plain and an escape, with what the escapes stand for."""
    pieces[1::2] = map(_character, pieces[1::2])
    return pieces


@lru_cache(maxsize=8192)
def _character(escape: str) -> str:
    """Return what an escape stands for, or itself where it stands for nothing."""
    sign, body = escape[0], escape[1:]
    if sign == "&":
        return _entity(escape, body.rstrip(";"))
    if sign == "%":
        return chr(int(body.lstrip("u"), 16))
    kind, digits = body[0], body[1:].strip("{}")
    if "\\" in digits:
        high, low = int(digits[:4], 16), int(digits[-4:], 16)
        return chr(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))
    if digits:
        return _numbered(int(digits, 16), escape)
    return CONTROLS.get(kind.lower(), kind)


def _entity(escape: str, name: str) -> str:
    if name[0] == "#":
        digits = name[1:].lower()
        return _numbered(int(digits.lstrip("x"), 16) if digits[0] == "x" else int(digits), escape)
    return html5.get(f"{name};") or html5.get(f"{name.lower()};") or escape


def _numbered(code: int, escape: str) -> str:
    return chr(code) if code <= LAST else escape


class UnescapedReading(Reading):
    """A reading with one level of escapes undone."""

    def __init__(self, text: str, source: Reading) -> None:
        super().__init__(text)
        self.source = source
        self._places: tuple[list[int], list[int]] | None = None

    @classmethod
    def of(cls, source: Reading) -> UnescapedReading | None:
        """Return the reading, or None where there is nothing to undo."""
        text = unescape(source.text)
        return None if text == source.text else cls(text, source)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the whole text this part of the reading stands."""
        return self.source.span(self._at(start, first=True), self._at(end, first=False))

    def _at(self, at: int, *, first: bool) -> int:
        """Return the place in the source of a place in this reading: where an escape begins, or where it ends."""
        if self._places is None:
            self._places = self._found()
        read, written = self._places
        piece = bisect_right(read, at if first else at - 1) - 1
        if piece % 2:  # an escape
            return written[piece] if first else written[piece + 1]
        return written[piece] + at - read[piece]

    def _found(self) -> tuple[list[int], list[int]]:
        """Return where each piece begins in this reading and in its source: plain text and escapes in turn."""
        pieces = ESCAPE.split(self.source.text)
        written = [0, *accumulate(map(len, pieces))]
        return [0, *accumulate(map(len, _unescaped(pieces)))], written


class DecodedReading(Reading):
    """All that a reading has in base64 or hex, decoded from one of the characters at which a byte may begin.

    Args:
        text: the bytes, as characters of the same numbers.
        source: the reading that was decoded.
        code: what it is written in.
        shift: how many characters were left out at the beginning.
        known: texts of the source that are left out, because they were decoded elsewhere.
    """

    def __init__(self, text: str, source: Reading, code: TextCode, shift: int, known: AbstractSet[str]) -> None:
        super().__init__(text)
        self._known = known
        self.source = source
        self._code = code
        self._shift = shift
        self._places: tuple[list[int], list[int]] | None = None

    @classmethod
    def of(cls, source: Reading, code: TextCode, known: AbstractSet[str] = frozenset()) -> Iterator[DecodedReading]:
        """Yield what is encoded in a reading, decoded from each of the characters at which a byte may begin."""
        found = [text for text in code.found.findall(source.text) if text not in known]
        joined = code.breaks.sub("", code.between.join(found)) + code.between
        for shift in range(code.whole if found else 0):
            end = len(joined) - (len(joined) - shift) % code.whole
            yield cls(code.decode(joined[shift:end]).decode("latin-1"), source, code, shift, known)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return where in the whole text this part of the reading stands."""
        first = self._shift + start * 8 // self._code.bits
        last = self._shift + (end * 8 - 1) // self._code.bits
        return self.source.span(self._at(first), self._at(last) + 1)

    def _at(self, at: int) -> int:
        """Return the place in the source of a character of the joined texts."""
        if self._places is None:
            self._places = self._found()
        joined, written = self._places
        piece = bisect_right(joined, at) - 1
        return written[piece] + at - joined[piece]

    def _found(self) -> tuple[list[int], list[int]]:
        """Return where each piece without a break begins, in the joined texts and in the source."""
        joined, written, at = [], [], 0
        for found in self._code.found.finditer(self.source.text):
            if found[0] in self._known:
                continue
            begin, end = found.span()
            for gap in self._code.breaks.finditer(self.source.text, begin, end):
                joined.append(at)
                written.append(begin)
                at += gap.start() - begin
                begin = gap.end()
            joined.append(at)
            written.append(begin)
            at += end - begin + len(self._code.between)
        return joined, written
