"""Durations as authors write them: `90s`, `15m`, `2h30m`, `3d`, ISO 8601, or milliseconds as a number."""

from __future__ import annotations

import re
from typing import Any

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
YEAR = 366 * DAY

_SHORT = re.compile(r"(?=.)(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?")
_ISO = re.compile(
    r"P(?=.)(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?"
    r"(?:T(?=.)(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?"
)
WRITTEN = rf"^\s*(?:(?=[0-9]){_SHORT.pattern}|{_ISO.pattern})\s*$"
"""What a duration's text matches, as a pattern that JSON Schema takes too."""

_UNITS = (7 * DAY, DAY, HOUR, MINUTE, SECOND, 1)
_LONGEST = 40


def duration(value: Any) -> int:
    """Return the milliseconds of a duration: an integer (ms), `90s`, `15m`, `2h30m`, `3d` or ISO 8601 (`PT15M`).

    Raises:
        ValueError: it is none of these.
    """
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 and value == value // 1:
        return int(value)
    if isinstance(value, str) and len(value) <= _LONGEST:
        text = value.strip()
        if match := _SHORT.fullmatch(text) or _ISO.fullmatch(text):
            return round(sum(float(n) * unit for n, unit in zip(match.groups(), _UNITS, strict=False) if n))
        if text.isdecimal():
            raise ValueError(
                f"{value!r} has no unit: write {text}s for seconds, or the number {text} for milliseconds."
            )
    raise ValueError(f"{value!r} is no duration: write 90s, 15m, 2h30m, 3d, PT15M, or a number of milliseconds.")


def spell(milliseconds: int) -> str:
    """Return a duration as an author would write it (`90000` is `1m30s`)."""
    if milliseconds == 0:
        return "0s"
    words, rest = "", milliseconds
    for unit, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", 1)):
        count, rest = divmod(rest, size)
        words += f"{count}{unit}" if count else ""
    return words
