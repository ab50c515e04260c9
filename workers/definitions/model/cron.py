"""Cron expressions: the instants of a schedule as ranges, in the form that Temporal keeps."""

from __future__ import annotations

import re
from dataclasses import dataclass

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
SUNDAY = 7
"""Sunday as the last day of a week; as the first it is 0."""

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

TERM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?")


class CronError(ValueError):
    """This is no cron expression; the message says where and what would be right."""


@dataclass(frozen=True, slots=True)
class Range:
    """Every `step`-th number from `start` to `end`."""

    start: int
    end: int
    step: int = 1

    def holds(self, number: int) -> bool:
        """Say whether a number is one of them."""
        return self.start <= number <= self.end and (number - self.start) % self.step == 0


@dataclass(frozen=True, slots=True)
class Cron:
    """When all five fields fit; days of the week count from Sunday, which is 0."""

    minutes: tuple[Range, ...]
    hours: tuple[Range, ...]
    days_of_month: tuple[Range, ...]
    months: tuple[Range, ...]
    days_of_week: tuple[Range, ...]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    words: tuple[str, ...] = ()

    def number(self, word: str) -> int:
        """Return the number that a word means."""
        if word.lower() in self.words:
            return self.words.index(word.lower()) + self.least
        if not word.isdecimal():
            named = f" or {self.words[0]} to {self.words[-1]}" if self.words else ""
            raise CronError(f"{word!r:.40} is no {self.name}: it is {self.least} to {self.most}{named}.")
        if not self.least <= int(word) <= self.most:
            raise CronError(f"{word:.40} is no {self.name}: it is {self.least} to {self.most}.")
        return int(word)

    def term(self, text: str) -> Range:
        """Return the range that one term of the field means."""
        found = TERM.fullmatch(text)
        if found is None or (found["first"] == "*" and found["last"]):
            raise CronError(
                f"{text!r:.40} cannot be read as {self.name}: write a number, a range such as 1-5, *, or one of them "
                "with a step, as */15; several are separated by commas."
            )
        step = int(found["step"] or 1)
        if not 1 <= step <= self.most:
            raise CronError(f"{text!r:.40} steps by {step}, which is outside 1 to {self.most}.")
        if found["first"] == "*":
            return Range(self.least, self.most - (self.most == SUNDAY), step)
        first = self.number(found["first"])
        last = self.number(found["last"]) if found["last"] else self.most if found["step"] else first
        if self.most == SUNDAY and last == 0 and first > last:
            last = SUNDAY  # fri-sun
        if first > last:
            raise CronError(f"{text!r:.40} ends before it begins: write two ranges, separated by a comma.")
        return Range(first, last, step)


FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, MONTHS),
    _Field("day of the week", 0, SUNDAY, DAYS),
)


def read_cron(text: str) -> Cron:
    """Read a cron expression: five fields, or `@hourly` and its like.

    Raises:
        CronError: it is none, or no date fits it.
    """
    words = text.split()
    if len(words) == 1 and words[0].startswith("@"):
        if words[0].lower() not in NICKNAMES:
            raise CronError(f"There is no {words[0]!r:.40}: there are {', '.join(NICKNAMES)}. `every` has intervals.")
        words = NICKNAMES[words[0].lower()].split()
    if len(words) != len(FIELDS):
        names = ", ".join(field.name for field in FIELDS)
        zone = " `timeZone` says the time zone." if "=" in text else ""
        raise CronError(f"A cron expression has five fields ({names}); this one has {len(words)}.{zone}")
    minutes, hours, days, months, week = (
        tuple(field.term(term) for term in word.split(",")) for field, word in zip(FIELDS, words, strict=True)
    )
    cron = Cron(minutes, hours, days, months, tuple(part for one in week for part in _from_sunday(one)))
    if not any(_has_day(cron, month, longest) for month, longest in enumerate(LONGEST_MONTHS, 1)):
        raise CronError("No date fits this: none of these months has such a day.")
    return cron


def _from_sunday(days: Range) -> tuple[Range, ...]:
    """Return days of the week with Sunday as 0."""
    if days.end < SUNDAY:
        return (days,)
    sunday = (Range(0, 0),) if days.holds(SUNDAY) else ()
    return sunday if days.start == SUNDAY else (Range(days.start, SUNDAY - 1, days.step), *sunday)


def _has_day(cron: Cron, month: int, longest: int) -> bool:
    fits = any(one.holds(month) for one in cron.months)
    return fits and any(one.start <= longest for one in cron.days_of_month)
