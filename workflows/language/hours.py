"""Hours of a week: whether an instant lies in them, when they next begin, and when so much time in them has passed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any, Self, get_args

from trunkline.wire import Day
from workflows.language.instants import zone

DAYS: tuple[str, ...] = get_args(Day)

OPENS, CLOSES = "09:00", "17:00"
"""When a day begins and ends, where its hours do not say so."""

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)

LONGEST = timedelta(days=3653)
"""How far ahead a moment may be: ten years."""

TIME = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])|24:00")


class BusinessHoursError(ValueError):  # the hours are bad, which is no error of this program
    """Business hours cannot be used, or never have enough time; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When time counts: while the clocks of a place show a time in the window of a working day.

    A window whose end is not after its start is a night's, and belongs to the day on which it begins.
    """

    zone: tzinfo
    days: frozenset[int]
    holidays: frozenset[date]
    opens: timedelta
    closes: timedelta

    @classmethod
    def read(cls, plan: Mapping[str, Any]) -> Self:
        """Read business hours in a plan's words; days are Monday to Friday, hours 09:00 to 17:00 unless it says so.

        Raises:
            BusinessHoursError: there is no such time zone, day or time.
        """
        opens, closes = _time(plan.get("start", OPENS)), _time(plan.get("end", CLOSES))
        if opens == closes:
            raise BusinessHoursError(f"Business hours from {plan.get('start')} to {plan.get('end')} hold no time.")
        days = plan.get("days", DAYS[:5])
        if not isinstance(days, list | tuple) or not days or any(day not in DAYS for day in days):
            raise BusinessHoursError(
                f"The days of business hours are some of {', '.join(DAYS)}; {days!r:.100} are not."
            )
        return cls(
            zone=_zone(plan.get("timeZone")),
            days=frozenset(DAYS.index(day) for day in days),
            holidays=frozenset(map(_date, plan.get("holidays", ()))),
            opens=opens,
            closes=closes if closes > opens else closes + DAY,
        )

    def open_at(self, instant: datetime) -> bool:
        """Say whether an instant lies in the hours; their beginning does, their end does not."""
        try:
            shown = instant.astimezone(UTC) + self._offset(instant)
            return any(self._windows(shown, shown + MOMENT))
        except OverflowError:  # the calendar ends within a day
            return False

    def opening(self, instant: datetime) -> datetime:
        """Return when the hours next begin, in UTC; the instant itself where it lies in them.

        Raises:
            BusinessHoursError: they do not within ten years.
        """
        instant = instant.astimezone(UTC)
        for begin, _ in self.spans(instant, instant + LONGEST):
            return begin
        raise BusinessHoursError("These hours do not begin within ten years: name more days or fewer holidays.")

    def spans(self, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield the spans of time that count, in order."""
        while since < until:
            for begin, end, offset in self._pieces(since, min(since + DAY, until)):
                for opens, closes in self._windows(begin + offset, end + offset):
                    yield opens - offset, closes - offset
            since += DAY

    def _pieces(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime, timedelta]]:
        """Yield the parts of at most a day over which the clocks run evenly, with their offset from UTC."""
        before, after = self._offset(begin), self._offset(end)
        if before == after:
            yield begin, end, before
            return
        early, late = begin, end
        while late - early > MOMENT:
            middle = early + (late - early) // 2
            early, late = (middle, late) if self._offset(middle) == before else (early, middle)
        yield begin, late, before
        yield late, end, after

    def _offset(self, instant: datetime) -> timedelta:
        return instant.astimezone(self.zone).utcoffset() or timedelta()

    def _windows(self, begin: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Yield what of the windows lies between two times that the clocks show."""
        midnight = datetime.combine(begin.date(), time(), UTC) - DAY  # the night that began yesterday may go on
        while midnight < end:
            if midnight.weekday() in self.days and midnight.date() not in self.holidays:
                opens, closes = max(midnight + self.opens, begin), min(midnight + self.closes, end)
                if opens < closes:
                    yield opens, closes
            midnight += DAY


def add(instant: datetime, duration: int, hours: Mapping[str, Any] | None = None) -> datetime:
    """Return the first moment, in UTC, at which so much time has passed since an instant.

    Args:
        instant: where the clock begins to run.
        duration: milliseconds; none have passed at once.
        hours: business hours in a plan's words, outside of which the clock stands still; None: it always runs.

    Raises:
        BusinessHoursError: the hours cannot be used, or the moment is more than ten years ahead.
    """
    instant = instant.astimezone(UTC)
    try:
        rest, horizon = timedelta(milliseconds=duration), instant + LONGEST
        spans = [(instant, horizon)] if hours is None else Hours.read(hours).spans(instant, horizon)
        if rest <= timedelta():
            return instant
        for begin, end in spans:
            if end - begin >= rest:
                return begin + rest
            rest -= end - begin
    except OverflowError:
        pass
    raise BusinessHoursError(
        "So much business time does not pass within ten years: name more days or hours, or less time."
    )


def _zone(name: Any) -> tzinfo:
    found = zone(name.strip()) if isinstance(name, str) else None
    if found is None:
        raise BusinessHoursError(
            f"There is no time zone {name!r:.100}: use a name of the IANA database, such as `Europe/Berlin`."
        )
    return found


def _time(text: Any) -> timedelta:
    if not isinstance(text, str) or not TIME.fullmatch(text):
        raise BusinessHoursError(f"A time of business hours is written as `09:00`; {text!r:.100} is not.")
    hour, _, minute = text.partition(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _date(text: Any) -> date:
    try:
        return date.fromisoformat(text)
    except (ValueError, TypeError):
        raise BusinessHoursError(f"A holiday is written as `2026-12-25`; {text!r:.100} is not.") from None
