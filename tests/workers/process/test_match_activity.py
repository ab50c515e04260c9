from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.actions_sample import SAMPLE
from workers.definitions.automations import Automations
from workers.process.match_activity import MatchActivity
from workflows.event import read_event

WAITED = """
name: {name}
trigger: {{event: call.ended}}
conditions: {{field: call.waiting_time, operator: greater_than, value: {least}}}
actions: [{{stop: completed}}]
"""


async def test_an_event_keeps_what_it_starts_and_why_not_of_the_first_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(8):
        least = 10 if number in {1, 6, 7} else 90
        (tmp_path / f"{number}.yaml").write_text(WAITED.format(name=f"a{number}", least=least))

    async def awaited(kind: str) -> bool:
        return kind == "call.ended"

    matching = MatchActivity(Automations(tmp_path, SAMPLE), awaited)
    monkeypatch.setattr("workers.definitions.matching.NOT_STARTED", 2)
    event = read_event({"type": "call.ended", "data": {"call": {"waiting_time": 50}}}, default_id="e")
    answer = await matching.match(event)
    found = [(one["automation"], one["matches"], one["reason"]) for one in answer["matches"]]
    why = "`call.waiting_time` is 50, not greater than 90."
    assert found == [("a0", False, why), ("a1", True, None), ("a2", False, why), ("a6", True, None), ("a7", True, None)]
    assert answer["awaited"]


async def test_an_event_of_another_type_is_not_looked_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def awaited(kind: str) -> bool:
        return kind == "call.missed"

    (tmp_path / "a.yaml").write_text(WAITED.format(name="a", least=10))
    automations = Automations(tmp_path, SAMPLE)
    matching = MatchActivity(automations, awaited)
    events = [read_event({"type": kind, "data": {}}, default_id="e") for kind in ("call.missed", "call.begun")]
    assert await matching.match(events[0]) == {"matches": [], "awaited": True}, "it looks, as nobody has yet"
    monkeypatch.setattr(automations, "aside", None)
    assert await matching.match(events[0]) == {"matches": [], "awaited": True}
    assert await matching.match(events[1]) == {"matches": [], "awaited": False}
