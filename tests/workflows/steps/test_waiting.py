"""Waits that are computed, and waits for hours to begin; loops over objects."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.workflows.scripted import Scripted
from tests.workflows.simulation import BEGINNING
from workers.payloads.converter import DATA_CONVERTER
from workflows.report import timestamp

COMPUTED = """
- {id: rest, wait: "{{order.delay}}"}
"""


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("90s", 90), ("PT15M", 900), (1500, 1.5), (2000.0, 2), (" 2h30m ", 9_000), (0, 0), ("0s", 0)],
)
async def test_a_wait_may_be_computed(delay: Any, seconds: float) -> None:
    async with Scripted(COMPUTED, {"order": {"delay": delay}}) as run:
        assert run.steps["rest"]["until"] == timestamp(BEGINNING + timedelta(seconds=seconds))
        await run.advance(timedelta(seconds=seconds))
        assert run.statuses["rest"] == "succeeded"


@pytest.mark.parametrize("delay", [None, "", "soon", -1, "-5m", 1.5, True, [], {}, "90", "367d", "1 hour"])
async def test_what_is_no_duration_fails_the_step(delay: Any) -> None:
    async with Scripted(COMPUTED, {"order": {"delay": delay}}) as run:
        entry = run.steps["rest"]
        assert (entry["status"], entry["error"]["type"]) == ("failed", "Refused")
        assert entry["error"]["message"].startswith("`wait` ")
    async with Scripted(COMPUTED, {"order": {}}) as run:
        assert run.steps["rest"]["missing"] == ["order.delay"]
        assert run.statuses["rest"] == "failed"


HOURS = {"office": {"timeZone": "Europe/Berlin", "start": "08:30", "holidays": ["2030-01-08"]}}


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        ("2030-01-07T07:30:00+00:00", None),
        ("2030-01-07T15:59:59+00:00", None),
        ("2030-01-07T16:00:00+00:00", "2030-01-09T07:30:00.000Z"),
        ("2030-01-07T05:00:00+00:00", "2030-01-07T07:30:00.000Z"),
        ("2030-07-05T16:00:00+00:00", "2030-07-08T06:30:00.000Z"),
    ],
)
async def test_an_opening_is_waited_for_unless_it_is_open(at: str, opening: str | None) -> None:
    now = datetime.fromisoformat(at)
    for hours in ("office", HOURS["office"]):
        step = f"- {{id: rest, wait: {{until: opening, hours: {json.dumps(hours)}}}}}"
        run = Scripted(step, {}, hours=HOURS)
        run.time = now
        async with run:
            assert run.statuses["rest"] == ("succeeded" if opening is None else "running")
            assert run.steps["rest"]["until"] == (opening or timestamp(now))
            await run.continue_as_new()
            await run.advance(timedelta(days=4))
            assert run.statuses["rest"] == "succeeded"


async def test_hours_that_never_begin_fail_the_step() -> None:
    mondays = [(datetime(2030, 1, 7) + timedelta(weeks=n)).date().isoformat() for n in range(530)]  # noqa: DTZ001 # days
    async with Scripted(
        "- {id: rest, wait: {until: opening, hours: never}}",
        {},
        hours={"never": {"timeZone": "UTC", "days": ["mon"], "holidays": mondays}},
    ) as run:
        assert run.statuses["rest"] == "failed"
        assert "within ten years" in run.steps["rest"]["error"]["message"]


EACH = """
- id: each
  forEach: "{{prices}}"
  maxItems: 3
  actions:
    - set: {last: "{{item.key}}={{item.value}}"}
  collect: "{{item.key}}"
  saveAs: names
"""


async def test_a_loop_goes_over_an_object_in_its_order() -> None:
    async with Scripted(EACH, {"prices": {"b": 1, "a": {"x": 2}, "10": None}}) as run:
        assert run.walk.state.variables["names"] == ["b", "a", "10"]
        assert run.steps["each"]["counts"] == {"succeeded": 3}
    async with Scripted(EACH, {"prices": {}}) as run:
        assert run.walk.state.variables["names"] == []
    async with Scripted(EACH, {"prices": dict.fromkeys("abcd")}) as run:
        assert "`forEach` got 4 items" in run.steps["each"]["error"]["message"]
    async with Scripted(EACH, {"prices": 5}) as run:
        assert run.steps["each"]["error"]["message"] == "`forEach` needs a list or an object; this is a number."


async def test_the_order_of_an_object_survives_the_wire() -> None:
    value = {"data": {"prices": {"b": 1, "a": {"d": 1, "c": 2}}}}
    (payload,) = await DATA_CONVERTER.encode([value])
    (back,) = await DATA_CONVERTER.decode([payload])
    assert json.dumps(back) == json.dumps(value)
