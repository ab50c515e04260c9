"""Definitions and test files that tests write and play."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from activities.catalog import catalog
from tests.engine import JSON
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.rehearsal.answers import Answers
from workers.rehearsal.approvals import rehearsal_approvals
from workers.rehearsal.performance import Performance, PlayedDecision, Stage
from workers.rehearsal.play import play
from workers.rehearsal.suite.suite import SuiteOptions, SuiteResult, play_suite
from workflows.report import timestamp

ACTIONS = catalog()
CLOCK = datetime(2026, 11, 23, 9, tzinfo=UTC)

GET = {"label": "Look", "actionType": "http_request", "config": {"method": "GET", "url": "https://a.example.com/"}}
POST = {"label": "Pay", "actionType": "http_request", "config": {"method": "POST", "url": "https://b.example.com/"}}


def definition(*actions: JSON, **more: Any) -> JSON:
    """Return a definition whose event brings anything under `d`."""
    return {"name": "tried", "trigger": {"event": "d.happened", "data": ["d"]}, **more, "actions": list(actions)}


def stage(*actions: JSON, people: dict[str, list[str]] | None = None, **more: Any) -> Stage:
    made, problems = load(definition(*actions, **more), Source(), ACTIONS)
    assert made is not None, problems
    return Stage.of(made.plan, ACTIONS, rehearsal_approvals(ACTIONS, people or {}, ["token"]))


def played(
    on: Stage, *, answers: JSON | None = None, decisions: tuple[PlayedDecision, ...] = (), **more: Any
) -> Performance:
    event = {"specversion": "1.0", "id": "1", "source": "manual", "type": "d.happened", "data": {"d": {}}}
    given = more.pop("given", None) or Answers((answers or {}, {}))
    return play(on, event | more.pop("event", {}), **{"clock": CLOCK, "answers": given, "decisions": decisions, **more})


def moments(seen: Performance, step: str) -> list[float]:
    """Return after how many seconds each attempt at a step's request was made."""
    return [(one.at - seen.began).total_seconds() for one in seen.requests if one.step == step]


def step_of(seen: Performance, name: str) -> JSON:
    [entry] = [entry for entry in seen.report["steps"] if entry["id"] == name]
    found: JSON = entry
    return found


def after(seconds: float) -> str:
    return timestamp(datetime.fromtimestamp(CLOCK.timestamp() + seconds, UTC))


Try = Callable[..., JSON]


def suite(folder: Path, automation: JSON, test: JSON | str, **wanted: Any) -> SuiteResult:
    """Play a test file on a definition."""
    (folder / "tried.yaml").write_text(json.dumps(automation))
    path = folder / "tried.test.yaml"
    path.write_text(test if isinstance(test, str) else yaml.safe_dump(test, sort_keys=False))
    return play_suite([path], ACTIONS, SuiteOptions(**wanted))
