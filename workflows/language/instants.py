"""Points in time: read from ISO 8601 texts, shown in a zone; neither the machine's clock nor its zone plays a part."""

from __future__ import annotations

import functools
import importlib.resources
import re
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
_BLANK_PADDED = {"e", "k", "l"}


def formatted(moment: datetime, pattern: str) -> str:
    """Write a moment by a strftime pattern, with English names and the same result on every machine.

    Raises:
        ValueError: the pattern has an unknown directive; the message is that directive.
    """

    def written(found: re.Match[str]) -> str:
        flag, directive = found[1], found[2]
        if directive in _COMPOSED:
            return formatted(moment, _COMPOSED[directive])
        if (word := _word(moment, directive)) is not None:
            return word.upper() if flag == "^" else word
        if directive is None or (numbers := _number(moment, directive)) is None:
            raise ValueError(found[0])
        number, width = numbers
        if flag == "-":
            return str(number)
        blank = flag == "_" or (directive in _BLANK_PADDED and flag != "0")
        return str(number).rjust(width, " " if blank else "0")

    return _DIRECTIVE.sub(written, pattern)


def _word(moment: datetime, directive: str | None) -> str | None:
    """Return what a directive that is no number stands for."""
    day, month = DAYS[moment.weekday()], MONTHS[moment.month - 1]
    half = "AM" if moment.hour < 12 else "PM"  # noqa: PLR2004  # noon
    words = {
        "%": "%",
        "A": day,
        "a": day[:3],
        "B": month,
        "b": month[:3],
        "h": month[:3],
        "n": "\n",
        "P": half.lower(),
        "p": half,
        "t": "\t",
        "Z": moment.tzname() or "",
        "z": _offset(moment, ""),
        ":z": _offset(moment, ":"),
    }
    return words.get(directive or "")


def _offset(moment: datetime, between: str) -> str:
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    sign, minutes = ("-" if seconds < 0 else "+"), abs(seconds) // 60
    return f"{sign}{minutes // 60:02}{between}{minutes % 60:02}"


def _number(moment: datetime, directive: str) -> tuple[int, int] | None:
    """Return a numeric directive's value and width."""
    year, week, weekday = moment.isocalendar()
    day = moment.timetuple().tm_yday
    hour = moment.hour % 12 or 12
    numbers = {
        "C": (moment.year // 100, 2),
        "d": (moment.day, 2),
        "e": (moment.day, 2),
        "f": (moment.microsecond, 6),
        "G": (year, 4),
        "g": (year % 100, 2),
        "H": (moment.hour, 2),
        "I": (hour, 2),
        "j": (day, 3),
        "k": (moment.hour, 2),
        "L": (moment.microsecond // 1000, 3),
        "l": (hour, 2),
        "M": (moment.minute, 2),
        "m": (moment.month, 2),
        "N": (moment.microsecond * 1000, 9),
        "S": (moment.second, 2),
        "s": ((moment - EPOCH) // timedelta(seconds=1), 1),
        "U": ((day + 6 - (moment.weekday() + 1) % 7) // 7, 2),
        "u": (weekday, 1),
        "V": (week, 2),
        "W": ((day + 6 - moment.weekday()) // 7, 2),
        "w": (weekday % 7, 1),
        "Y": (moment.year, 4),
        "y": (moment.year % 100, 2),
    }
    return numbers.get(directive)
