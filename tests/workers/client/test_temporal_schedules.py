"""An author's schedule as Temporal keeps it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from workers.client.temporal_schedules import temporal_schedule
from workers.definitions.model.schedule import Schedule
from workers.errors import TrunklineError


def test_temporal_keeps_what_an_author_says() -> None:
    wanted = Schedule.model_validate({"cron": "30 8 * * fri-sun", "timeZone": "Europe/Prague", "jitter": "1m"})
    made = temporal_schedule("trunkline", "report", wanted)
    (calendar,) = made.spec.calendars
    assert [(one.start, one.end) for one in calendar.day_of_week] == [(5, 6), (0, 0)]
    assert (calendar.comment, made.spec.time_zone_name) == ("30 8 * * fri-sun", "Europe/Prague")
    assert (made.policy.overlap.name, made.policy.catchup_window) == ("SKIP", timedelta(days=1))
    assert getattr(made.action, "id", None) == "trunkline/trunkline/report"


def test_intervals_and_what_overlaps() -> None:
    wanted = Schedule.model_validate({"every": "90m", "overlap": "bufferOne", "catchUp": "1h"})
    made = temporal_schedule("trunkline", "report", wanted)
    assert [one.every for one in made.spec.intervals] == [timedelta(minutes=90)]
    assert (made.policy.overlap.name, made.policy.catchup_window) == ("BUFFER_ONE", timedelta(hours=1))


def test_an_id_that_temporals_databases_do_not_take_is_refused() -> None:
    with pytest.raises(TrunklineError, match="is too long: with its instant, Temporal takes at most 255 bytes"):
        temporal_schedule("q" * 150, "a" * 100, Schedule.model_validate({"every": "1h"}))
