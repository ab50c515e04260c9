"""How networks cut a text message into parts, each of which is billed as one message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""Characters of GSM-7 that take two places, an escape and a letter."""

Encoding = Literal["GSM-7", "UCS-2"]

SINGLE: dict[Encoding, int] = {"GSM-7": 160, "UCS-2": 70}
PART: dict[Encoding, int] = {"GSM-7": 153, "UCS-2": 67}
"""Places of one part of several: the rest of it says which part it is."""


@dataclass(frozen=True, slots=True)
class Segments:
    """A text as the network sees it: its encoding, its length in places of that encoding, and its number of parts."""

    encoding: Encoding
    length: int
    count: int


def segments(text: str) -> Segments:
    """Say how a text is encoded and cut; one character outside GSM-7 makes the whole text UCS-2."""
    encoding: Encoding = "GSM-7" if all(letter in BASIC or letter in EXTENDED for letter in text) else "UCS-2"
    places = [_places(letter, encoding) for letter in text]
    length = sum(places)
    if length <= SINGLE[encoding]:
        return Segments(encoding, length, 1)
    count, used = 1, 0
    for place in places:
        if used + place > PART[encoding]:  # what takes two places is never cut in half
            count, used = count + 1, 0
        used += place
    return Segments(encoding, length, count)


def _places(letter: str, encoding: Encoding) -> int:
    if encoding == "GSM-7":
        return 2 if letter in EXTENDED else 1
    return 2 if ord(letter) > 0xFFFF else 1  # noqa: PLR2004 - beyond this UTF-16 needs two units
