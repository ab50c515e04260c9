"""Points in time: read from ISO 8601 texts, shown in a zone; neither the machine's clock nor its zone plays a part."""

from __future__ import annotations

import functools
import importlib.resources
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_INSTANT = 40
BILLION = 1_000_000_000

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?(?:([Zz])|([+-])([0-9]{2}):?([0-9]{2})?)?)?"
)
_BASIC = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?"
)


def nanoseconds(text: str) -> int | None:
    """Read an ISO 8601 date or time as nanoseconds since 1970, else give None; without an offset it is UTC."""
    if not 10 <= len(text) <= LONGEST_INSTANT or not text[0].isdecimal():  # noqa: PLR2004  # a date alone has ten characters
        return None
    found = _ISO.fullmatch(text) or _BASIC.fullmatch(text)
    if not found:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, ahead, ahead_minutes = found.groups()
    seconds = int(second or 0)
    leap = seconds == 60  # noqa: PLR2004  # the one that UTC inserts now and then
    try:
        local = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), seconds - leap, tzinfo=UTC)
    except ValueError:
        return None
    offset = int(ahead or 0) * 3600 + int(ahead_minutes or 0) * 60
    if offset >= 86_400 or int(ahead_minutes or 0) >= 60:  # noqa: PLR2004  # a day has 24 hours, an hour 60 minutes
        return None
    passed = local - EPOCH
    whole = passed.days * 86_400 + passed.seconds + leap + (offset if sign == "-" else -offset)
    return whole * BILLION + int((fraction or "0").ljust(9, "0"))


def instant(text: str) -> datetime | None:
    """Read an ISO 8601 date or time, to the microsecond, else give None.

    Raises:
        OverflowError: in UTC it lies outside the years 1 to 9999.
    """
    found = nanoseconds(text)
    return None if found is None else EPOCH + timedelta(microseconds=found // 1000)


@functools.lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Return the names of all time zones."""
    return tuple((importlib.resources.files("tzdata") / "zones").read_text().split())


@functools.lru_cache(maxsize=700)
def zone(name: str) -> tzinfo | None:
    """Return a time zone from the pinned `tzdata` package, whatever the machine has; None if there is none."""
    if name == "UTC":
        return UTC
    if name not in zone_names():
        return None
    with importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)

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
