"""Points in time, written by a strftime pattern: the same on every machine, with English names."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from workflows.language.instants import DAYS, EPOCH, MONTHS

_DIRECTIVE = re.compile(r"%([-0_^]?)([A-Za-z%+]|:z)?")
_COMPOSED = {
    "c": "%a %b %e %H:%M:%S %Y",
    "D": "%m/%d/%y",
    "F": "%Y-%m-%d",
    "R": "%H:%M",
    "r": "%I:%M:%S %p",
    "T": "%H:%M:%S",
    "v": "%e-%^b-%Y",
    "X": "%H:%M:%S",
    "x": "%m/%d/%y",
}


def spelled_out(pattern: str) -> str:
    """Return a strftime pattern with the directives replaced that stand for several others."""
    return _DIRECTIVE.sub(lambda found: _COMPOSED.get(found[2] or "", found[0]), pattern)


def formatted(moment: datetime, pattern: str) -> str:
    """Write a moment by a spelled-out strftime pattern, with English names and the same result on every machine.

    Raises:
        ValueError: the pattern has an unknown directive; the message is that directive.
    """

    def written(found: re.Match[str]) -> str:
        flag, directive = found[1], found[2] or ""
        if directive in _WORDS:
            word = _WORDS[directive](moment)
            return word.upper() if flag == "^" else word
        if directive not in _NUMBERS:
            raise ValueError(found[0])
        width, number = _NUMBERS[directive]
        if flag == "-":
            return str(number(moment))
        blank = flag == "_" or (directive in _BLANK_PADDED and flag != "0")
        return str(number(moment)).rjust(width, " " if blank else "0")

    return _DIRECTIVE.sub(written, pattern)


def _offset(moment: datetime, between: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    sign, minutes = ("-" if seconds < 0 else "+"), abs(seconds) // 60
    return f"{sign}{minutes // 60:02}{between}{minutes % 60:02}"


def _half(moment: datetime) -> str:
    return "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004  # noon


def _week(moment: datetime, weekday: int) -> int:
    """Return the week of the year, where weeks begin so many days after Monday or Sunday."""
    return (moment.timetuple().tm_yday + 6 - weekday) // 7


_BLANK_PADDED = ("e", "k", "l")
_WORDS: dict[str, Callable[[datetime], str]] = {
    "%": lambda _: "%",
    "A": lambda at: DAYS[at.weekday()],
    "a": lambda at: DAYS[at.weekday()][:3],
    "B": lambda at: MONTHS[at.month - 1],
    "b": lambda at: MONTHS[at.month - 1][:3],
    "h": lambda at: MONTHS[at.month - 1][:3],
    "n": lambda _: "\n",
    "P": lambda at: _half(at).lower(),
    "p": _half,
    "t": lambda _: "\t",
    "Z": lambda at: at.tzname() or "",
    "z": lambda at: _offset(at, ""),
    ":z": lambda at: _offset(at, ":"),
}
_NUMBERS: dict[str, tuple[int, Callable[[datetime], int]]] = {
    "C": (2, lambda at: at.year // 100),
    "d": (2, lambda at: at.day),
    "e": (2, lambda at: at.day),
    "f": (6, lambda at: at.microsecond),
    "G": (4, lambda at: at.isocalendar().year),
    "g": (2, lambda at: at.isocalendar().year % 100),
    "H": (2, lambda at: at.hour),
    "I": (2, lambda at: at.hour % 12 or 12),
    "j": (3, lambda at: at.timetuple().tm_yday),
    "k": (2, lambda at: at.hour),
    "L": (3, lambda at: at.microsecond // 1000),
    "l": (2, lambda at: at.hour % 12 or 12),
    "M": (2, lambda at: at.minute),
    "m": (2, lambda at: at.month),
    "N": (9, lambda at: at.microsecond * 1000),
    "S": (2, lambda at: at.second),
    "s": (1, lambda at: (at - EPOCH) // timedelta(seconds=1)),
    "U": (2, lambda at: _week(at, (at.weekday() + 1) % 7)),
    "u": (1, lambda at: at.isoweekday()),
    "V": (2, lambda at: at.isocalendar().week),
    "W": (2, lambda at: _week(at, at.weekday())),
    "w": (1, lambda at: at.isoweekday() % 7),
    "Y": (4, lambda at: at.year),
    "y": (2, lambda at: at.year % 100),
}
