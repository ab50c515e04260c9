"""People as decisions and policies name them: ids that are compared, and groups that only workers know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

GROUP = "group:"
"""What the name of a group begins with, where an author or an operator wrote it; nothing that is rendered is one."""


HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3000\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff]"
)
"""Characters that make two ids out of what looks like one: controls, marks that turn text around, blanks but for the
plain one, and whatever else shows nothing. They are listed, so that a replay under another Unicode decides the same."""


def person(name: str) -> str:
    """Return a name in the form in which names are compared: NFC, then lower case."""
    return unicodedata.normalize("NFC", name.strip()).lower()


def hidden_in(name: str) -> str | None:
    """Return the character of a name that nobody sees, in words, or None where all of it can be seen."""
    found = HIDDEN.search(name)
    if found is None:
        return None
    return f"U+{ord(found[0]):04X} ({unicodedata.name(found[0], 'a control character').lower()})"


def distinct(names: Iterable[str]) -> list[str]:
    """Return names without those that name the same person again."""
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(person(name), name)
    return list(found.values())


def group(name: str) -> str | None:
    """Return which group a name stands for, or None where it is a person's."""
    return name.removeprefix(GROUP).strip() if name.startswith(GROUP) else None
