"""What automations remember over their runs, on a real server."""

from __future__ import annotations

import asyncio
import uuid
from base64 import b64encode

import pytest

from activities.errors import Refused
from tests.engine import Engine, step
from trunkline.keyed import LARGEST_VALUE, Change
from workers.payloads.keyed_hash import KeyedHash
from workers.process.kept_values import TemporalKeptValues
from workflows.keyed import value as kept_value

COUNTED = """
name: NAME
trigger: {event: test.fired, data: [who]}
actions:
  - {id: before, actionType: recall, config: {key: "{{who}}"}, saveAs: before}
  - {id: count, actionType: remember, config: {key: "{{who}}", add: 1, for: 1h}, saveAs: calls}
  - {id: once, actionType: remember, config: {key: "all/{{who}}", value: "{{run.automation}}", onlyIf: absent, shared: true}, saveAs: once}
"""

KEY = "k1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc="
OTHER = "k2:CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg="


def change(step: str, **more: object) -> Change:
    """Return a change of a step that is kept for an hour."""
    return {"step": step, "lasts": 3_600_000, **more}  # type: ignore[typeddict-item] # what a test says


async def test_runs_of_an_automation_share_what_it_remembers(engine: Engine) -> None:
    who = uuid.uuid4().hex
    names = [engine.define(COUNTED.replace("NAME", name)) for name in ("calls", "other-calls")]
    reports = [await engine.run(name, engine.event({"who": who})) for name in (names[0], names[0], names[1])]
    assert [report["variables"]["before"] for report in reports] == [
        {"found": False, "value": None},
        {"found": True, "value": 1},
        {"found": False, "value": None},
    ]
    assert [report["variables"]["calls"]["value"] for report in reports] == [1, 2, 1]
    assert [report["variables"]["once"]["first"] for report in reports] == [True, False, False]
    assert reports[2]["variables"]["once"]["value"] == "calls", "what is shared belongs to all automations"

    first = engine.handles[0]
    history = await first.fetch_history()
    counted = next(
        event.event_id
        for event in history.events
        if event.activity_task_scheduled_event_attributes.activity_type.name == "remember"
    )
    again = await engine.finish(await engine.reset(first.id, counted - 1))
    assert again["variables"]["calls"] == reports[0]["variables"]["calls"], "a reset gets the first answer"
    assert (await engine.run(names[0], engine.event({"who": who})))["variables"]["calls"]["value"] == 3


async def test_what_is_remembered_is_encrypted_and_its_key_is_nowhere(engine: Engine) -> None:
    engine.hold_keys(KEY)
    who = f"customer-{uuid.uuid4().hex}"
    engine.define(COUNTED.replace("NAME", "encrypted-calls"))
    report = await engine.run("encrypted-calls", engine.event({"who": who}))
    assert step(report, "count")["status"] == "succeeded"
    kept = TemporalKeptValues(engine.client, KeyedHash([KEY]))
    place = kept.ids("encrypted-calls", who)[0]
    history = (await engine.client.get_workflow_handle(place).fetch_history()).to_json()
    assert b64encode(b"binary/encrypted").decode() in history
    assert b64encode(b"json/plain").decode() not in history
    assert place not in TemporalKeptValues(engine.client, KeyedHash()).ids("encrypted-calls", who), "its hash is keyed"
    for keys in ([KEY, OTHER], [OTHER, KEY]):
        rolled = TemporalKeptValues(engine.client, KeyedHash(keys))
        assert await rolled.recall("encrypted-calls", who) == {"found": True, "value": 1}, "while keys are changed"
        assert (await rolled.remember("encrypted-calls", who, change("s", add=0)))["value"] == 1


async def test_steps_at_once_are_taken_one_after_the_other(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    await engine.serve()
    kept, key = TemporalKeptValues(engine.client, KeyedHash()), uuid.uuid4().hex
    answers = await asyncio.gather(*(kept.remember("a", key, change(f"s{n}", add=1)) for n in range(9)))
    assert sorted(answer["value"] for answer in answers) == [*range(1, 10)]
    assert sum(answer["first"] for answer in answers) == 1
    assert await kept.remember("a", key, change("s4", add=1)) == answers[4]
    with pytest.raises(Refused, match="at most 16,384 bytes"):
        await kept.remember("a", key, change("big", value="v" * LARGEST_VALUE))
    monkeypatch.setattr(kept_value, "MOST_ANSWERS", 2)
    await kept.remember("a", key, change("s9", add=1))
    oldest = next(n for n, answer in enumerate(answers) if answer["first"])
    assert (await kept.remember("a", key, change(f"s{oldest}", add=1)))["value"] == 11, "the oldest answer has gone"
