"""What a backslash begins in JavaScript's regular expressions: a character, or a set of them."""

from __future__ import annotations

import re
from typing import NamedTuple

from trunkline.regex.bounded import PatternError

HIGHEST = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)
CARRIAGE_RETURN, LINE_FEED = 13, 10

Ranges = tuple[tuple[int, int], ...]

DIGITS: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = (
    *((0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029)),
    *((0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)),
)
SETS = {"d": DIGITS, "w": WORD, "s": SPACE}

CONTROLS = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13}
ITSELF = frozenset("^$\\.*+?()[]{}|/")
"""Characters that a backslash makes mean themselves, with the flag `u` too."""

BY_CODE = re.compile(
    r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})(?:\\u([Dd][C-Fc-f][0-9A-Fa-f]{2}))?|u\{([0-9A-Fa-f]{1,10})\}"
)
PROPERTY = re.compile(r"([pP])\{(?:(?:Script|sc|Script_Extensions|scx|General_Category|gc)=)?([A-Za-z_]+)\}")


class Character(NamedTuple):
    """One character."""

    code: int


class Set(NamedTuple):
    """Some characters, as what stands in RE2's brackets."""

    inside: str


def literal(code: int, *, lines: bool) -> str:
    """Return one character as RE2 has it.

    Args:
        code: its code point.
        lines: whether line feed and carriage return are one.

    Raises:
        PatternError: it is half of a character.
    """
    if code in SURROGATES:
        raise PatternError("it holds half of a character: no text here has one")
    if lines and code == CARRIAGE_RETURN:
        code = LINE_FEED
    shown = chr(code)
    return shown if shown.isascii() and shown.isalnum() else f"\\x{{{code:X}}}"


def written(ranges: Ranges, *, lines: bool) -> str:
    """Return ranges of characters as they stand in RE2's brackets."""
    parts = []
    for first, last in ranges:
        parts.append(f"\\x{{{first:X}}}" if first == last else f"\\x{{{first:X}}}-\\x{{{last:X}}}")
        if lines and first <= CARRIAGE_RETURN <= last:
            parts.append(f"\\x{{{LINE_FEED:X}}}")
    return "".join(parts)


def others(ranges: Ranges) -> Ranges:
    """Return all characters that are in none of the ranges, which are in order."""
    ends = [-1, *(last for _, last in ranges)]
    starts = [*(first for first, _ in ranges), HIGHEST + 1]
    return tuple((end + 1, start - 1) for end, start in zip(ends, starts, strict=True) if end + 1 < start)


def read_escape(  # noqa: C901, PLR0911 # one for each kind
    text: str, at: int, *, unicode: bool, in_class: bool = False
) -> tuple[Character | Set, int]:
    """Return what a backslash means and where it ends; `at` is behind the backslash.

    Raises:
        PatternError: it means nothing, or something that RE2 cannot express.
    """
    if at >= len(text):
        raise PatternError("it ends with a backslash")
    letter = text[at]
    if letter.lower() in SETS:
        ranges = SETS[letter.lower()]
        return Set(written(ranges if letter.islower() else others(ranges), lines=False)), at + 1
    if letter in CONTROLS:
        return Character(CONTROLS[letter]), at + 1
    if letter in "xupP":
        return _coded(text, at, unicode=unicode)
    if letter == "c":
        control = text[at + 1 : at + 2]
        if not (control.isascii() and control.isalpha()):
            raise PatternError("a letter belongs behind `\\c`: `\\cJ` is a line feed")
        return Character(ord(control) % 32), at + 2
    if letter.isdecimal():
        if letter != "0" or text[at + 1 : at + 2].isdecimal():
            raise PatternError(f"`\\{letter}` is read differently from place to place: write \\x and two digits")
        return Character(0), at + 1
    if in_class and letter == "b":
        return Character(8), at + 1
    if unicode and letter not in ITSELF and not (in_class and letter == "-"):
        raise PatternError(f"with the flag `u`, `\\{letter}` means nothing")
    return Character(ord(letter)), at + 1


def _coded(text: str, at: int, *, unicode: bool) -> tuple[Character | Set, int]:
    """Return a character that is given by its code, or those of a property."""
    letter = text[at]
    if text.startswith(("u{", "p{", "P{"), at) and not unicode:
        raise PatternError(f"`\\{letter}{{…}}` needs the flag `u`")
    if letter in "pP" and unicode:
        named = PROPERTY.match(text, at)
        if named is None:
            raise PatternError(f"a property belongs behind `\\{letter}`: `\\p{{L}}` or `\\p{{Script=Greek}}`")
        return Set(f"\\{named[1]}{{{named[2]}}}"), named.end()
    code = BY_CODE.match(text, at)
    if code is None:
        if unicode:
            raise PatternError(f"a code belongs behind `\\{letter}`: `\\x41`, `\\u0041` or `\\u{{1F600}}`")
        return Character(ord(letter)), at + 1
    found = int(code[1] or code[2] or code[4], 16)
    if found > HIGHEST:
        raise PatternError("`\\u{10FFFF}` is the last character there is")
    if code[3]:
        if found in range(0xD800, 0xDC00):
            return Character(0x10000 + ((found - 0xD800) << 10) + int(code[3], 16) - 0xDC00), code.end()
        return Character(found), at + 5
    return Character(found), code.end()
