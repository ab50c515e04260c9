"""How wide texts are, and how they break into lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from workflows.holds.wording import visible

NARROW = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
"""Widths of Helvetica's characters from the blank to `~`, in thousandths of its size; Arial's are the same."""

WIDTHS = {chr(32 + place): int(width) / 1_000 for place, width in enumerate(NARROW.split())}
LETTER, WIDE, BOLD = 0.62, 1.05, 1.07
"""Any other letter, one that is as wide as high, and how much wider bold ones are."""

ELLIPSIS = "…"


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Return how wide a text is at a size, in pixels; an estimate that errs on the wide side."""
    return sum(map(_width, text)) * size * (BOLD if bold else 1)


def _width(character: str) -> float:
    known = WIDTHS.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character) or character in "\u200d\ufe0e\ufe0f":
        return 0
    wide = unicodedata.east_asian_width(character) in "WF" or unicodedata.category(character) == "So"
    return WIDE if wide else LETTER


def lines(text: str, size: float, room: float, most: int, *, bold: bool = False) -> list[str]:
    """Return a text in lines of at most `room` pixels; what is more than `most` lines ends with `…`."""
    found: list[str] = []
    line = ""
    for word in _words(visible(" ".join(text[: 40 * most * 8].split())), size, room, bold=bold):
        longer = f"{line} {word.text}" if line and word.apart else f"{line}{word.text}"
        if line and width(longer, size, bold=bold) > room:
            found.append(line)
            line = word.text
            if len(found) > most:
                break
        else:
            line = longer
    found.append(line)
    if len(found) <= most:
        return found
    last = found[most - 1]
    while last and width(last + ELLIPSIS, size, bold=bold) > room:
        last = last[:-1]
    return [*found[: most - 1], last.rstrip() + ELLIPSIS]


class _Word:
    """A piece that stays on one line, and whether a blank stands before it."""

    __slots__ = ("apart", "text")

    def __init__(self, text: str, *, apart: bool) -> None:
        self.text = text
        self.apart = apart


def _words(text: str, size: float, room: float, *, bold: bool) -> Iterator[_Word]:
    """Yield the words of a text; one that is wider than a line in pieces."""
    for word in text.split(" "):
        piece, apart = "", True
        for character in word:
            if piece and width(piece + character, size, bold=bold) > room:
                yield _Word(piece, apart=apart)
                piece, apart = "", False
            piece += character
            if character in "./_" and len(piece) > 8:  # noqa: PLR2004 # long names break at their joints
                yield _Word(piece, apart=apart)
                piece, apart = "", False
        if piece:
            yield _Word(piece, apart=apart)
