"""Characters that nobody sees: a line end behind a value, a zero-width space in a phone number."""

from __future__ import annotations

import unicodedata

from activities.bounds import without_secrets

HIDDEN = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"))
"""Unicode categories that show nothing, or no more than a gap."""

NAMES = {"\n": "a line end", "\r": "a carriage return", "\t": "a tab", " ": "a blank"}

LONGEST = 80


def unseen(text: str) -> str | None:
    """Say which character of a text nobody sees, and show the text with it spelled out; None where there is none.

    A plain blank counts at either end only.
    """
    last = len(text) - 1
    for place, character in enumerate(text):
        if unicodedata.category(character) not in HIDDEN or (character == " " and 0 < place < last):
            continue
        where = "at its end" if place == last else "at its beginning" if place == 0 else f"after {place} characters"
        return f"{spelled(text)} has {_name(character)} {where}"
    return None


def spelled(text: str) -> str:
    """Return a text in quotes as sentences show it, with what nobody sees as an escape."""
    return repr(text) if len(text) <= LONGEST else f"{without_secrets(text)[:LONGEST]!r}…"


def _name(character: str) -> str:
    if character in NAMES:
        return NAMES[character]
    return f"the invisible character U+{ord(character):04X} ({unicodedata.name(character, 'no name')})"
