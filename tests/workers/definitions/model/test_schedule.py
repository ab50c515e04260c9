"""Schedules as authors write them: cron expressions mean what they say, and what cannot be meant is refused."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from tests.together import together
from workers.definitions.loading import Source
from workers.definitions.model.cron import CronError, Range, read_cron
from workers.definitions.planning import check

EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY = (Range(1, 31),), (Range(1, 12),), (Range(0, 6),)


@pytest.mark.parametrize(
    ("text", "minutes", "hours"),
    [
        ("0 8 * * *", [Range(0, 0)], [Range(8, 8)]),
        ("*/15 9-17 * * *", [Range(0, 59, 15)], [Range(9, 17)]),
        ("5/20 0,12 * * *", [Range(5, 59, 20)], [Range(0, 0), Range(12, 12)]),
        ("@hourly", [Range(0, 0)], [Range(0, 23)]),
        ("@DAILY", [Range(0, 0)], [Range(0, 0)]),
    ],
)
def test_minutes_and_hours(text: str, minutes: list[Range], hours: list[Range]) -> None:
    cron = read_cron(text)
    assert [*cron.minutes] == minutes
    assert [*cron.hours] == hours
    assert (cron.days_of_month, cron.months, cron.days_of_week) == (EVERY_DAY, EVERY_MONTH, EVERY_WEEKDAY)


@pytest.mark.parametrize(
    ("days", "ranges"),
    [
        ("mon-fri", [Range(1, 5)]),
        ("7", [Range(0, 0)]),
        ("sun", [Range(0, 0)]),
        ("fri-sun", [Range(5, 6), Range(0, 0)]),
        ("5-7", [Range(5, 6), Range(0, 0)]),
        ("1-7/2", [Range(1, 6, 2), Range(0, 0)]),
        ("2-7/2", [Range(2, 6, 2)]),
        ("SAT,wed", [Range(6, 6), Range(3, 3)]),
        ("*", [Range(0, 6)]),
        ("*/2", [Range(0, 6, 2)]),
    ],
)
def test_days_of_the_week_count_from_sunday(days: str, ranges: list[Range]) -> None:
    assert [*read_cron(f"0 8 * * {days}").days_of_week] == ranges


def test_months_have_names() -> None:
    cron = read_cron("0 8 29 feb,jun-aug *")
    assert cron.months == (Range(2, 2), Range(6, 8))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 8 * *", "five fields (minute, hour, day of the month, month, day of the week); this one has 4"),
        ("0 0 8 * * *", "this one has 6"),
        ("CRON_TZ=Europe/Prague 0 8 * * *", "`timeZone` says the time zone"),
        ("60 8 * * *", "60 is no minute: it is 0 to 59"),
        ("0 24 * * *", "24 is no hour"),
        ("0 8 0 * *", "0 is no day of the month: it is 1 to 31"),
        ("0 8 * 13 *", "13 is no month"),
        ("0 8 * * 8", "8 is no day of the week"),
        ("0 8 * * monday", "'monday' is no day of the week: it is 0 to 7 or sun to sat"),
        ("0 8 L * *", "'L' is no day of the month"),
        ("0 17-9 * * *", "'17-9' ends before it begins"),
        ("*/0 8 * * *", "steps by 0"),
        ("0 8 ? * *", "'?' cannot be read as day of the month"),
        ("0 8 30 2 *", "No date fits this"),
        ("0 8 31 apr,jun *", "No date fits this"),
        ("@every 5m", "five fields"),
        ("@reboot", "There is no '@reboot'"),
        ("", "this one has 0"),
    ],
)
def test_what_is_no_cron_expression_says_why(text: str, says: str) -> None:
    with pytest.raises(CronError) as wrong:
        read_cron(text)
    assert says in str(wrong.value)


def codes(trigger: Any, **more: Any) -> list[str]:
    data = {"name": "x", "trigger": trigger, "actions": [{"stop": "completed"}], **more}
    return [f"{one.code}" for one in check(data, Source(), catalog())[1]]


@together(
    ("trigger", "found"),
    [
        ({"schedule": {"cron": "0 8 * * mon-fri", "timeZone": "Europe/Prague"}}, []),
        ({"schedule": {"every": "30m", "overlap": "allowAll", "jitter": "10s", "catchUp": "1h"}}, []),
        ({"schedule": {"every": "30m"}, "live": False}, []),
        ({"event": "a.b", "live": False}, []),
        ({}, ["missing-key"]),
        ({"event": "a.b", "schedule": {"every": "30m"}}, ["two-kinds"]),
        ({"schedule": {}}, ["missing-key"]),
        ({"schedule": {"every": "30m", "cron": "@daily"}}, ["two-kinds"]),
        ({"schedule": {"every": "30m", "timeZone": "UTC"}}, ["unknown-key"]),
        ({"schedule": {"every": "30m"}, "once": "{{event.id}}"}, ["unknown-key"]),
        ({"schedule": {"every": "30m"}, "data": ["order"]}, ["unknown-key"]),
        ({"schedule": {"every": "30m", "evry": 1}}, ["unknown-key"]),
        ({"schedule": {"cron": "0 8 * * *", "timeZone": "Europe/Pague"}}, ["unknown-time-zone"]),
        ({"schedule": {"cron": "0 8 * * *", "timeZone": ""}}, ["unknown-time-zone"]),
        ({"schedule": {"every": "1500ms"}}, ["out-of-range"]),
        ({"schedule": {"every": 30}}, ["out-of-range"]),
        ({"schedule": {"every": "soon"}}, ["bad-duration"]),
        ({"schedule": {"every": "30m", "catchUp": "1s"}}, ["out-of-range"]),
        ({"schedule": {"every": "30m", "jitter": 30}}, ["hasty-deadline"]),
        ({"schedule": {"every": "30m", "overlap": "queue"}}, ["wrong-type"]),
        ({"schedule": "30m"}, ["wrong-type"]),
        ({"event": "schedule.fired"}, ["reserved-name"]),
        ({"event": "a.b", "live": "no"}, ["wrong-type"]),
    ],
)
def test_a_trigger_has_one_beginning_that_can_be_meant(trigger: Any, found: list[str]) -> None:
    assert codes(trigger) == found


def test_a_schedule_brings_no_data() -> None:
    uses = {"field": "contact.id", "operator": "exists"}
    assert codes({"schedule": {"every": "1h"}}, conditions=uses) == ["unknown-root"]
    recording = [{"actionType": "transcribe_recording", "config": {"language": "en-US"}}]
    assert "wrong-trigger" in codes({"schedule": {"every": "1h"}}, actions=recording)
