from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.starts import examples
from tests.together import together
from workflows.language.hours import DAYS, BusinessHoursError, add

HOUR = 3_600_000
BERLIN: dict[str, Any] = {"timeZone": "Europe/Berlin"}


def moment(text: str, zone: str = "Europe/Berlin") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@together(
    ("begin", "hours", "end"),
    [
        ("2026-03-02T10:00", 4, "2026-03-02T14:00"),  # a Monday
        ("2026-03-02T10:00", 7, "2026-03-02T17:00"),  # up to the last moment of the day, not the next morning
        ("2026-03-02T10:00", 8, "2026-03-03T10:00"),
        ("2026-03-02T06:00", 1, "2026-03-02T10:00"),
        ("2026-03-02T17:00", 1, "2026-03-03T10:00"),
        ("2026-03-02T20:00", 8, "2026-03-03T17:00"),
        ("2026-03-06T16:00", 2, "2026-03-09T10:00"),  # over a weekend
        ("2026-03-07T12:00", 1, "2026-03-09T10:00"),  # in one
        ("2026-03-27T16:00", 2, "2026-03-30T10:00"),  # over one in which the clocks change
        ("2026-10-23T16:00", 2, "2026-10-26T10:00"),
        ("2026-03-02T10:00", 40, "2026-03-09T10:00"),
        ("2026-03-07T12:00", 0, "2026-03-07T12:00"),
    ],
)
def test_time_passes_on_working_days_from_nine_to_five(begin: str, hours: int, end: str) -> None:
    assert add(moment(begin), hours * HOUR, BERLIN) == moment(end)


def test_holidays_do_not_count() -> None:
    hours = {**BERLIN, "holidays": ["2026-12-25", "2026-12-24"]}
    assert add(moment("2026-12-23T16:00"), 2 * HOUR, hours) == moment("2026-12-28T10:00")


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    night = {**BERLIN, "days": ["fri"], "start": "22:00", "end": "06:00"}
    assert add(moment("2026-03-06T12:00"), 3 * HOUR, night) == moment("2026-03-07T01:00")
    assert add(moment("2026-03-07T03:00"), 3 * HOUR, night) == moment("2026-03-07T06:00")
    assert add(moment("2026-03-07T03:00"), 4 * HOUR, night) == moment("2026-03-13T23:00")
    weekly = {**night, "holidays": ["2026-03-07"]}
    assert add(moment("2026-03-07T03:00"), 3 * HOUR, weekly) == moment("2026-03-07T06:00")


def test_a_night_in_which_the_clocks_change_is_shorter_or_longer() -> None:
    night = {**BERLIN, "days": ["sat"], "start": "22:00", "end": "06:00"}
    assert add(moment("2026-03-28T22:00"), 7 * HOUR, night) == moment("2026-03-29T06:00")
    assert add(moment("2026-10-24T22:00"), 9 * HOUR, night) == moment("2026-10-25T06:00")


def test_times_that_the_clocks_skip_or_show_twice_count_as_shown() -> None:
    early = {"timeZone": "America/New_York", "days": ["sun"], "start": "02:30", "end": "04:00"}
    assert add(moment("2026-03-08T00:00", "America/New_York"), HOUR, early) == moment(
        "2026-03-08T04:00", "America/New_York"
    )  # 02:30 does not exist: time counts from 03:00
    twice = {**early, "start": "01:30", "end": "02:00"}
    assert add(moment("2026-11-01T00:00", "America/New_York"), HOUR, twice) == datetime(2026, 11, 1, 7, 0, tzinfo=UTC)


def test_midnight_may_be_shown_twice() -> None:
    """Until 2018 Brazil's clocks went from midnight back to 23:00."""
    late = {"timeZone": "America/Sao_Paulo", "days": ["sat"], "start": "22:00", "end": "23:59"}
    begin = moment("2018-02-17T22:00", "America/Sao_Paulo")
    assert add(begin, 2 * HOUR, late) == begin.astimezone(UTC) + timedelta(hours=2, minutes=1)


def test_a_whole_day_and_single_minutes() -> None:
    day = {**BERLIN, "days": list(DAYS), "start": "00:00", "end": "24:00"}
    assert add(moment("2026-03-28T12:00"), 30 * 24 * HOUR, day) == moment("2026-03-28T12:00").astimezone(UTC) + (
        timedelta(days=30)
    )
    minute = {**BERLIN, "start": "12:00", "end": "12:01"}
    assert add(moment("2026-03-02T00:00"), 5 * 60_000, minute) == moment("2026-03-06T12:01")


def test_without_business_hours_the_clock_always_runs() -> None:
    begin = datetime(2026, 3, 7, tzinfo=UTC)
    assert add(begin, 90_000) == begin + timedelta(seconds=90)
    assert add(begin, -5) == begin


@together(
    ("hours", "words"),
    [
        ({}, "no time zone None"),
        ({"timeZone": "Berlin"}, "no time zone 'Berlin'"),
        ({"timeZone": "../../etc/passwd"}, "no time zone"),
        ({"timeZone": "Europe"}, "no time zone"),
        ({"timeZone": 5}, "no time zone"),
        ({"timeZone": ["UTC"]}, "no time zone"),
        ({"timeZone": "x" * 5_000}, "no time zone"),
        ({**BERLIN, "days": []}, "mon, tue"),
        ({**BERLIN, "days": ["monday"]}, "'monday'"),
        ({**BERLIN, "days": "mon"}, "mon, tue"),
        ({**BERLIN, "start": "9"}, "written as `09:00`"),
        ({**BERLIN, "end": "25:00"}, "written as `09:00`"),
        ({**BERLIN, "end": 17}, "written as `09:00`"),
        ({**BERLIN, "start": "09:00", "end": "09:00"}, "hold no time"),
        ({**BERLIN, "holidays": ["25.12.2026"]}, "written as `2026-12-25`"),
        ({**BERLIN, "holidays": [5]}, "written as `2026-12-25`"),
    ],
)
def test_bad_hours_are_a_sentence(hours: dict[str, Any], words: str) -> None:
    with pytest.raises(BusinessHoursError) as raised:
        add(datetime(2026, 3, 2, tzinfo=UTC), HOUR, hours)
    assert words in str(raised.value)
    assert len(str(raised.value)) < 300


@pytest.mark.parametrize("duration", [10**30, 400 * 366 * 24 * HOUR, 11 * 366 * 24 * HOUR])
@pytest.mark.parametrize("hours", [None, BERLIN])
def test_what_is_more_than_ten_years_ahead_is_a_sentence(duration: int, hours: dict[str, Any] | None) -> None:
    with pytest.raises(BusinessHoursError, match="within ten years"):
        add(datetime(2026, 3, 2, tzinfo=UTC), duration, hours)


def test_so_is_what_lies_beyond_the_calendar() -> None:
    for at in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        with pytest.raises(BusinessHoursError, match="within ten years"):
            add(at, 10**15, BERLIN)


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu", "UTC"]


def plan_of(zone: str, days: list[str], opens: int, closes: int, holidays: list[date]) -> dict[str, Any]:
    """Return business hours between two half hours of the day."""
    return {
        "timeZone": zone,
        "days": days,
        "start": f"{opens // 2:02}:{opens % 2 * 30:02}",
        "end": f"{closes // 2:02}:{closes % 2 * 30:02}",
        "holidays": [day.isoformat() for day in holidays],
    }


plans = st.builds(
    plan_of,
    st.sampled_from(ZONES),
    st.lists(st.sampled_from(DAYS), min_size=1, unique=True),
    st.integers(0, 47),
    st.integers(0, 47),
    st.lists(st.dates(date(2017, 10, 1), date(2018, 4, 30)), max_size=5),
).filter(lambda plan: plan["start"] != plan["end"])
instants = st.integers(0, 200 * 24 * 60).map(
    lambda minutes: datetime(2017, 10, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
durations = st.integers(0, 60 * HOUR)


def counts(instant: datetime, plan: dict[str, Any]) -> bool:
    """Say whether the minute that begins now counts, by nothing but what the clocks show."""
    shown = instant.astimezone(ZoneInfo(plan["timeZone"]))
    clock = shown.strftime("%H:%M")
    day = shown.date()
    if plan["start"] < plan["end"]:
        inside = plan["start"] <= clock < plan["end"]
    else:
        inside = clock >= plan["start"] or clock < plan["end"]
        if clock < plan["end"]:
            day -= timedelta(days=1)
    return inside and DAYS[day.weekday()] in plan["days"] and day.isoformat() not in plan["holidays"]


@given(plans, instants, st.integers(0, 20 * 60))
@settings(max_examples=examples(0.6), deadline=None)
def test_it_is_what_walking_minute_by_minute_comes_to(plan: dict[str, Any], begin: datetime, minutes: int) -> None:
    at, rest = begin, minutes
    while rest and at - begin < timedelta(days=40):
        rest -= counts(at, plan)
        at += timedelta(minutes=1)
    if not rest:
        assert add(begin, minutes * 60_000, plan) == at


@given(plans, instants, durations, durations)
@settings(max_examples=examples(1.5), deadline=None)
def test_it_does_not_matter_in_how_many_steps_time_passes(
    plan: dict[str, Any], begin: datetime, first: int, second: int
) -> None:
    assert add(add(begin, first, plan), second, plan) == add(begin, first + second, plan)


@given(plans, instants, instants, durations, durations)
@settings(max_examples=examples(1.5), deadline=None)
def test_later_and_longer_is_never_earlier(
    plan: dict[str, Any], one: datetime, other: datetime, first: int, second: int
) -> None:
    early, late = sorted((one, other))
    short, long = sorted((first, second))
    assert early <= add(early, short, plan) <= add(early, long, plan)
    assert add(early, short, plan) <= add(late, short, plan)
