"""What an edit changes, for people to look at: line by line where texts are long."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from workers.gateway.pages.fields import draft
from workflows.holds.wording import ABSENT, change

MOST = 100
LONGEST = 20_000
"""Characters of a value that are shown; how many there are besides is said."""

Place = tuple[str, Any, Any]


def difference(places: Iterable[Place]) -> list[dict[str, Any]]:
    """Return changes for people: `{text, lines}`, where a change of a long text has lines, each `{sign, text}`.

    Args:
        places: each changed place: its pointer, and its value before and after.
    """
    rows = [_row(place) for place in islice(places, MOST + 1)]
    if len(rows) > MOST:
        rows[MOST:] = [{"text": f"More than {MOST} places: the whole request shows all.", "lines": []}]
    return rows


def _row(place: Place) -> dict[str, Any]:
    pointer, before, after = place
    old, new = _text(before), _text(after)
    if "\n" in old or "\n" in new:
        return {"text": pointer or "all of it", "lines": [*_lines(old, new)]}
    return {"text": change(place), "lines": []}


def _lines(old: str, new: str) -> Iterator[dict[str, str]]:
    compared = difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    for line in islice(compared, 2, None):  # without the names of files
        if line.startswith("@@"):
            yield {"sign": "", "text": "…"}
        else:
            yield {"sign": line[0].strip(), "text": line[1:]}


def _text(value: Any) -> str:
    if value is ABSENT:
        return ""
    text = value if isinstance(value, str) else draft(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n… and {len(text) - LONGEST:,} more characters"
