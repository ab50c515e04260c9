"""What a run's page shows of long runs and of runs that only Temporal knows, and how it tells times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from workers.client.listing import ListedRun
from workers.client.looking import Look
from workers.gateway.pages.rendering import page
from workers.gateway.pages.run_showing import STEPS_ON_A_PAGE, shown_run
from workers.gateway.pages.times import ago, length

BEGAN = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)


def look(report: Any, **more: Any) -> Look:
    description: Any = SimpleNamespace(
        status=SimpleNamespace(name="RUNNING"), start_time=BEGAN, close_time=None, execution_time=BEGAN
    )
    given = {"listed": ListedRun(run="refund/1", automation="refund"), "held": [], "why": None, **more}
    return Look(description=description, report=report, **given)


def test_long_runs_are_shown_page_by_page() -> None:
    steps = [{"id": f"each[{n}].send", "label": f"Send <{n}>", "status": "succeeded"} for n in range(450)]
    found = shown_run(look({"steps": steps, "outcome": None}), 3)
    assert [step["label"] for step in found["steps"]] == [f"Send <{n}>" for n in range(2 * STEPS_ON_A_PAGE, 450)]
    assert (found["pages"], found["count"], found["steps"][0]["turn"]) == (3, 450, 401)
    values = {**found, "web": None, "run_at": "/run?run=a", "command": "refund/1", "picture": None}
    text = page("run", person="ann@example.com", csrf="", **values).text or ""
    assert "401. Send &lt;400&gt;" in text
    assert "/run?run=a&amp;page=2" in text
    assert "page=4" not in text


def test_what_only_temporal_knows_is_shown() -> None:
    told: Any = {"hold": "refund", "label": "Refund", "kind": "approval", "openedAt": "2026-11-28T08:00:00.000Z"}
    listed = ListedRun(run="refund/1", automation="refund", holds=["refund", "other"], rows=[told], more=3)
    found = shown_run(look(None, listed=listed, held=None, why="No worker answers."), 1)
    assert [hold["label"] for hold in found["held"]] == ["Refund", "other"]
    assert (found["outcome"], found["more_held"], found["why"]) == ("running", 3, "No worker answers.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "less than a minute"),
        (60, "1 minute"),
        (7_199, "1 hour"),
        (2 * 86_400, "2 days"),
        (1_234 * 86_400, "1,234 days"),
    ],
)
def test_times_are_told_in_words_with_the_instant_beside_them(seconds: int, words: str) -> None:
    assert length(timedelta(seconds=seconds)) == words
    at = datetime.now(UTC) - timedelta(seconds=seconds)
    assert f'datetime="{at.isoformat()}"' in ago(at.isoformat())
    assert f">{words} ago<" in ago(at.isoformat())
    later = datetime.now(UTC) + timedelta(seconds=seconds + 1)
    assert ">in " in ago(later.isoformat())
