from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.together import together
from tests.workflows.language.render import text
from workflows.language.date_patterns import formatted, spelled_out
from workflows.language.instants import EPOCH, instant, nanoseconds, zone, zone_names
from workflows.language.template import TemplateError


@pytest.mark.parametrize(
    ("iso", "same"),
    [
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21T10:15", "2026-11-21T10:15:00Z"),
        ("2026-11-21 10:15:30", "2026-11-21T10:15:30Z"),
        ("2026-11-21T10:15:30+01:00", "2026-11-21T09:15:30Z"),
        ("2026-11-21T10:15:30-0130", "2026-11-21T11:45:30Z"),
        ("2026-11-21T10:15:30+01", "2026-11-21T09:15:30Z"),
        ("2026-11-21T10:15:30,5z", "2026-11-21T10:15:30.500Z"),
        ("20261121T101530Z", "2026-11-21T10:15:30Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ],
)
def test_iso_8601_texts_are_instants_and_utc_without_an_offset(iso: str, same: str) -> None:
    assert nanoseconds(iso) == nanoseconds(same) is not None


@pytest.mark.parametrize(
    "other",
    ["", "now", "2026", "20261121", "1700000000", "2026-13-01", "2026-02-30", "2026-11-21T25:00", "2026-11-21T10:15:30+25:00",
     "2026-11-21T10:15:30+01:60", "21.11.2026", "03/04/2026", "10:00", "March", "2026-11-21T", "٢٠٢٦-11-21", "2026-11-21" + "0" * 50],
)  # fmt: skip
def test_other_texts_are_none(other: str) -> None:
    assert nanoseconds(other) is None


FIRST, LAST = (datetime.fromisoformat(day) for day in ("0001-01-02", "9999-12-30"))
OFFSETS = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(FIRST, LAST, timezones=OFFSETS))
def test_what_python_writes_is_read_back_as_the_same_instant(moment: datetime) -> None:
    assert nanoseconds(moment.isoformat()) == ((moment - EPOCH) // timedelta(microseconds=1)) * 1000


@given(
    st.datetimes(FIRST.replace(year=1900), LAST.replace(year=2199), timezones=st.just(UTC)),
    st.sampled_from("aAbBcdDeFGHIjmMnprRStTuUVwWxXyYzZ%"),
)
def test_a_directive_gives_what_python_gives_in_english(moment: datetime, directive: str) -> None:
    assert formatted(moment, spelled_out(f"%{directive}")) == moment.strftime(f"%{directive}")


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("{{ '2026-11-05T10:15:00Z' | date: '%-d.%-m.%Y %k:%M' }}", "5.11.2026 10:15"),
        (
            "{{ '2026-11-05T09:05:07.123456Z' | date: '%e|%_H|%0e|%^a|%L|%N|%s' }}",
            " 5| 9|05|THU|123|123456000|1793869507",
        ),
        ("{{ '2026-07-01T12:00:00Z' | date: '%H:%M %Z %:z', 'Europe/Berlin' }}", "14:00 CEST +02:00"),
        ("{{ '2026-12-01T12:00:00+05:30' | date: '%H:%M' }}", "06:30"),
        ("{{ 1700000000 | date: '%F %T' }}", "2023-11-14 22:13:20"),
        ("{{ 1700000000.5 | date: '%S.%L' }}", "20.500"),
        ("{{ -1 | date: '%F' }}", "1969-12-31"),
        ("{{ 'now' | date: '%F %T' }}", "2026-11-21 10:15:30"),
        ("{{ 'today' | date: '%F %T' }}", "2026-11-21 10:15:30"),
        ("{{ now | date: '%H:%M', 'America/New_York' }}", "05:15"),
        ("{{ today | date: '%A' }}", "Saturday"),
        ("{{ nothing | date: '%F' }}", ""),
        ("{{ contact.nope | date: '%F' }}", ""),
        ("{{ 'now' | date: '100%% %q' | size }}", None),
    ],
)
def test_the_date_filter(template: str, value: Any) -> None:
    if value is None:
        with pytest.raises(TemplateError, match="unknown directive `%q`"):
            text(template)
    else:
        assert text(template) == value


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("{{ 'March' | date: '%F' }}", '"March" is no date; a date is an ISO 8601 text'),
        ("{{ '03/04/2026' | date: '%F' }}", "is no date"),
        ("{{ '2026' | date: '%F' }}", '"2026" is no date'),
        ("{{ true | date: '%F' }}", "true is no date"),
        ("{{ contact.tags | date: '%F' }}", "a list of 2 elements is no date"),
        ("{{ 99999999999999 | date: '%F' }}", "outside 1 to 9999"),
        ("{{ '9999-12-31T23:00:00-05:00' | date: '%F' }}", "outside 1 to 9999"),
        ("{{ '0001-01-01' | date: '%F', 'America/New_York' }}", "outside 1 to 9999"),
        ("{{ 'now' | date: '%F', 'Europe/Berlim' }}", 'no time zone "Europe/Berlim"; did you mean Europe/Berlin?'),
        ("{{ 'now' | date: '%F', '../../etc/passwd' }}", "no time zone"),
        ("{{ 'now' | date: '%F', 7 }}", "no time zone 7"),
        ("{{ 'now' | date: '%' }}", "unknown directive `%`"),
    ],
)
def test_the_date_filter_refuses_anything_else_with_a_sentence(template: str, sentence: str) -> None:
    with pytest.raises(TemplateError) as caught:
        text(template)
    assert sentence in str(caught.value)


@together(
    "written",
    [
        "Sat, 21 Nov 2026 10:15:00 +0000",
        "Sat, 21 Nov 2026 10:15:00 GMT",
        "Sat, 21 Nov 2026 11:15:00 +0100 (CET)",
        "21 Nov 2026 10:15 UT",
        "Sat, 21 Nov 2026 05:15:00 EST",
        "Saturday, 21 November 2026 10:15:00 UTC",
        "2026-11-21 10:15:00 UTC",
        "2026-11-21 10:15:00 GMT",
        "2026-11-21 11:15:00 +0100 CET",
        "2026-11-21T10:15:00UTC",
        "Sat Nov 21 2026 11:15:00 GMT+0100 (Central European Standard Time)",
        "Sat Nov 21 10:15:00 2026",
        "Sat Nov 21 10:15:00 +0000 2026",
        "Nov 21, 2026 10:15 AM",
        "November 21, 2026 at 10:15:00 UTC",
        "1795256100",
        "1795256100.0",
        " 1795256100 ",
        "1795256100000",
        1795256100,
        1795256100000,
    ],
)
def test_dates_are_read_as_webhooks_write_them(written: Any) -> None:
    assert text("{{ x | date: '%FT%TZ' }}", x=written) == "2026-11-21T10:15:00Z"


@pytest.mark.parametrize("written", ["20261121", "2026-11-21", "21 Nov 2026", "Nov 21, 2026", "Sat, 21 Nov 2026"])
def test_a_day_is_its_midnight_in_utc(written: str) -> None:
    assert text("{{ x | date: '%FT%TZ' }}", x=written) == "2026-11-21T00:00:00Z"


@pytest.mark.parametrize(
    "written", ["31 Nov 2026", "Nov 21, 2026 13:00 PM", "21 Nov 26", "21 Nix 2026", "21/11/2026", "10:00"]
)
def test_what_is_no_date_or_has_two_meanings_is_refused(written: str) -> None:
    with pytest.raises(TemplateError, match="is no date"):
        text("{{ x | date: '%F' }}", x=written)


@given(st.datetimes(FIRST.replace(year=1974), LAST.replace(year=2199), timezones=st.just(UTC)))
def test_the_date_filter_reads_what_it_writes(moment: datetime) -> None:
    whole = moment.strftime("%FT%TZ")
    for pattern in ("%s", "%FT%TZ", "%F %T %Z", "%a, %d %b %Y %T %z", "%c", "%B %-d, %Y %-I:%M:%S %p"):
        chain = f"{{{{ x | date: '{pattern}' | date: '%FT%TZ' }}}}"
        assert text(chain, x=moment.isoformat()) == whole
    assert text("{{ x | date: '%s' | plus: 60 | minus: 60 | date: '%FT%TZ' }}", x=moment.isoformat()) == whole


def test_every_zone_can_be_loaded() -> None:
    assert len(zone_names()) > 400
    for name in zone_names():
        assert zone(name) is not None, name


def test_an_instant_beyond_the_calendar_overflows() -> None:
    with pytest.raises(OverflowError):
        instant("0001-01-01T00:00:00+05:00")
