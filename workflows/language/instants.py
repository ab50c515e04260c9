"""Points in time, read as people and programs write them, and zones; no machine's clock or zone plays a part."""

from __future__ import annotations

import difflib
import functools
import importlib.resources
import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from workflows.language.values import NUMBER, is_number, number_in

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST_INSTANT = 100
BILLION = 1_000_000_000

FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799
"""The calendar, years 1 to 9999, in seconds since 1970; a number beyond it is milliseconds."""

MOST_MILLISECONDS = 10**13

HOW_DATES_ARE_WRITTEN = (
    "an ISO 8601 text (2026-11-21T10:15:00Z), one such as Sat, 21 Nov 2026 10:15:00 +0100, "
    "or the seconds or milliseconds since 1970"
)

_ISO = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[Tt ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r" ?(?:([Zz]|UTC|GMT|utc|gmt)|([+-])([0-9]{2}):?([0-9]{2})?(?: [A-Z]{3,4})?)?)?"
)
_BASIC = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})T([0-9]{2})([0-9]{2})(?:([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"(?:(Z)|([+-])([0-9]{2}):?([0-9]{2})?)?"
)
_DAY_ALONE = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_YEAR_ALONE = re.compile(r"[0-9]{4}")


def nanoseconds(text: str) -> int | None:
    """Read a date or time as nanoseconds since 1970, else give None; without an offset it is UTC.

    It is written as ISO 8601, or with the English name of its month as in RFC 2822; nothing is read that has two
    meanings, such as 03/04/2026.
    """
    if not 10 <= len(text) <= LONGEST_INSTANT:  # noqa: PLR2004  # a date alone has ten characters
        return None
    if found := _ISO.fullmatch(text) or _BASIC.fullmatch(text):
        year, month, day, hour, minute, second, fraction, _, sign, ahead, ahead_minutes = found.groups()
        return _since_epoch(year, month, day, (hour, minute, second, fraction), (sign, ahead, ahead_minutes))
    return _named(text)


Digits = str | None


def _since_epoch(  # the parts of a date as they are written
    year: str,
    month: str,
    day: str,
    time: tuple[Digits, Digits, Digits, Digits],
    offset_: tuple[Digits, Digits, Digits],
) -> int | None:
    (hour, minute, second, fraction), (sign, ahead, ahead_minutes) = time, offset_
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


def _named(text: str) -> int | None:
    found = next((match for form in _NAMED if (match := form.fullmatch(text))), None)
    if found is None:
        return None
    part = found.groupdict()
    month = next(n for n, name in enumerate(MONTHS, 1) if name.startswith(part["month"][:3].title()))
    hour, sign, ahead, ahead_minutes = part["hour"], part["sign"], part["ahead"], part["ahead_minutes"]
    if part["half"] is not None:
        if not 1 <= int(hour) <= 12:  # noqa: PLR2004  # a clock's face
            return None
        hour = str(int(hour) % 12 + (12 if part["half"].upper() == "PM" else 0))
    if (zone_ := part["zone"]) is not None and zone_.upper() in _AMERICAN:
        sign, ahead = "-", str(_AMERICAN[zone_.upper()])
    time = hour, part["minute"], part["second"], part["fraction"]
    return _since_epoch(part["year"], str(month), part["day"], time, (sign, ahead, ahead_minutes))


def moment(value: Any) -> datetime | None:
    """Read whatever a date arrives as: a text that `instant` reads, or Unix time as a number or a text.

    Seconds and milliseconds are told apart by their size. Eight digits that are a day (20261121) are that day, and a
    year alone is no date.

    Raises:
        OverflowError: in UTC it lies outside the years 1 to 9999.
    """
    if isinstance(value, str):
        written = value.strip()
        if _DAY_ALONE.fullmatch(written):
            written = f"{written[:4]}-{written[4:6]}-{written[6:]}"
        if found := instant(written):
            return found
        value = None if _YEAR_ALONE.fullmatch(written) else number_in(written)
    if not is_number(value):
        return None
    if FIRST_SECOND <= value <= LAST_SECOND:
        return EPOCH + timedelta(seconds=value)
    if not -MOST_MILLISECONDS < value < MOST_MILLISECONDS:
        raise OverflowError
    return EPOCH + timedelta(milliseconds=value)


def instant(text: str) -> datetime | None:
    """Read a date or time as `nanoseconds` does, to the microsecond, else give None.

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


def zone_like(name: str) -> str | None:
    """Return the time zone that is probably meant: the one of that city, else the one whose name is nearest."""
    city = name.strip().replace(" ", "_").lower()
    known = sorted(zone_names(), key=lambda one: (one.count("/"), one))
    cities = [one for one in known if one.lower() == city or one.lower().endswith(f"/{city}")]
    if cities:
        return cities[0]
    near = difflib.get_close_matches(name, known, 1)
    return near[0] if near else None


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

_AMERICAN = {"EST": 5, "EDT": 4, "CST": 6, "CDT": 5, "MST": 7, "MDT": 6, "PST": 8, "PDT": 7}
"""Zones that RFC 2822 gives a meaning, in hours behind UTC; no other name of a zone has one everywhere."""

_WEEKDAY = rf"(?:(?:{'|'.join(f'{day[:3]}(?:{day[3:]})?' for day in DAYS)}),? +)?"
_MONTH = rf"(?P<month>{'|'.join(f'{month[:3]}(?:{month[3:]})?' for month in MONTHS)})"
_TIME = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
_HALF = r"(?: ?(?P<half>[AaPp][Mm]))?"
_ZONE = (
    rf"(?P<zone>Z|UTC|UT|GMT|{'|'.join(_AMERICAN)})?"
    r"(?:(?P<sign>[+-])(?P<ahead>[0-9]{2}):?(?P<ahead_minutes>[0-9]{2}))?(?: \([A-Za-z ]{1,50}\))?"
)
_AFTER = rf"(?:,? +(?:at )?{_TIME}{_HALF}(?: ?{_ZONE})?)?"
_NAMED = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_WEEKDAY}(?P<day>[0-9]{{1,2}})[ -]{_MONTH}[ -](?P<year>[0-9]{{4}}){_AFTER}",  # RFC 2822
        rf"{_WEEKDAY}{_MONTH} +(?P<day>[0-9]{{1,2}}),? (?P<year>[0-9]{{4}}){_AFTER}",  # Nov 21, 2026
        rf"{_WEEKDAY}{_MONTH} +(?P<day>[0-9]{{1,2}}) {_TIME}{_HALF}(?: ?{_ZONE})? (?P<year>[0-9]{{4}})",  # C's asctime
    )
)

_FORMS = [form.pattern for form in (_ISO, _BASIC, *_NAMED, NUMBER)]
READABLE = re.sub(r"\(\?P<\w+>", "(?:", rf"^\s*(?!{_YEAR_ALONE.pattern}\s*$)(?:{'|'.join(_FORMS)})\s*$")
"""What a text matches that `moment` may read, as a pattern that JSON Schema takes too."""
