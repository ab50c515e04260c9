"""Faults of steps that wait, repeat and race: exactly one problem each."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.catalog import catalog
from tests.together import together
from workers.definitions.loading import Source
from workers.definitions.planning import check
from workers.definitions.runnable import load
from workflows.compiled import program
from workflows.program import ActionStep

CATALOG = catalog()

GET = {"actionType": "http_request", "config": {"method": "GET", "url": "https://shop.example.com"}}
DONE = {"field": "variables.job.body.state", "operator": "equals", "value": "done"}
POLL: dict[str, Any] = {"repeat": [{**GET, "saveAs": "job"}], "until": DONE, "every": "30s", "atMost": "2h"}
OFFICE = {"timeZone": "Europe/Berlin"}


def found(*actions: Any, **more: Any) -> list[str]:
    definition = {"name": "a", "trigger": {"event": "order.paid", "data": ["order"]}, **more, "actions": list(actions)}
    problems = check(definition, Source(), CATALOG)[1]
    assert all(isinstance(one.message, str) and one.message for one in problems)
    return [one.code for one in problems]


def without(key: str) -> dict[str, Any]:
    return {name: value for name, value in POLL.items() if name != key}


@together(
    ("step", "codes"),
    [
        (POLL, []),
        ({**POLL, "backoff": 1.5, "maxPasses": 5, "onFailure": "continue"}, []),
        (without("until"), ["missing-key"]),
        (without("every"), ["missing-key"]),
        (without("atMost"), ["missing-key"]),
        ({**POLL, "repeat": []}, ["out-of-range"]),
        ({**POLL, "repeat": {}}, ["wrong-type"]),
        ({**POLL, "backoff": 0.5}, ["out-of-range"]),
        ({**POLL, "backoff": 11}, ["out-of-range"]),
        ({**POLL, "backoff": "2"}, ["wrong-type"]),
        ({**POLL, "every": "often"}, ["bad-duration"]),
        ({**POLL, "every": 0}, ["out-of-range"]),
        ({**POLL, "every": "{{order.every}}"}, ["bad-duration"]),
        ({**POLL, "atMost": "2 hours"}, ["bad-duration"]),
        ({**POLL, "atMost": "400d"}, ["out-of-range"]),
        ({**POLL, "every": 30}, ["hasty-deadline"]),
        ({**POLL, "maxPasses": 0}, ["out-of-range"]),
        ({**POLL, "onFailure": "hold"}, ["wrong-type"]),
        ({**POLL, "saveAs": "x"}, ["unknown-key"]),
        ({**POLL, "wait": "1s"}, ["two-kinds"]),
        ({**POLL, "until": {"field": "variables.jbo", "operator": "exists"}}, ["unknown-variable"]),
        ({**POLL, "until": {"field": "x", "operator": "is"}}, ["bad-condition"]),
        ({**POLL, "until": {"field": "now", "operator": "older_than", "value": "soon"}}, ["bad-duration"]),
        ({**POLL, "repeat": [{"set": {"n": "{{variables.job.body}}"}}, *POLL["repeat"]]}, ["maybe-saved"]),
        ({"wait": "{{order.delay}}"}, []),
        ({"wait": "{{order.delay}} "}, ["not-one-template"]),
        ({"wait": "{{order.days}}d"}, ["not-one-template"]),
        ({"wait": "{% if order %}1s{% endif %}"}, ["not-one-template"]),
        ({"wait": "{{secrets.x}}"}, ["misplaced-secret"]),
        ({"wait": "{{ordr.delay}}"}, ["unknown-root"]),
        ({"wait": "{{order.delay"}, ["bad-template"]),
        ({"wait": {"until": "opening"}}, ["missing-key"]),
        ({"wait": {"hours": "office"}}, ["missing-key"]),
        ({"wait": {"until": "2030-01-31", "hours": "office"}}, ["unknown-key"]),
        ({"wait": {"until": "opening", "hours": "office"}}, []),
        ({"wait": {"until": "opening", "hours": OFFICE}}, []),
        ({"wait": {"until": "opening", "hours": "offices"}}, ["unknown-hours"]),
        ({"wait": {"until": "opening", "hours": {"start": "08:00"}}}, ["missing-key"]),
        ({"wait": {"until": "opening", "hours": {**OFFICE, "end": "25:00"}}}, ["wrong-type"]),
        ({"conditions": {"field": "{{order.a}}{{order.b}}", "operator": "exists"}, "wait": "1s"}, ["bad-condition"]),
        ({"conditions": {"field": "{{ordr.a | size}}", "operator": "exists"}, "wait": "1s"}, ["unknown-root"]),
        ({"paths": [{"actions": [GET]}, {"actions": [GET]}], "first": True}, []),
        ({"paths": [{"actions": [GET]}], "first": "yes"}, ["wrong-type"]),
        ({"paths": [{"actions": [{"set": {"x": 1}}]}, {"actions": [{"set": {"x": 2}}]}], "first": True}, []),
        ({"paths": [{"actions": [{"set": {"x": 1}}]}, {"actions": [{"set": {"x": 2}}]}]}, ["shared-variable"]),
    ],
)
def test_each_fault_is_one_problem(step: dict[str, Any], codes: list[str]) -> None:
    assert found(step, hours={"office": OFFICE}) == codes


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"hours": {"office": {**OFFICE, "zone": "UTC"}}}, ["unknown-key"]),
        ({"hours": {"office": {"timeZone": "Moon"}}}, ["unknown-time-zone"]),
        ({"hours": {"the office": OFFICE}}, ["bad-name"]),
        ({"hours": {}}, ["out-of-range"]),
        ({"hours": {"office": 5}}, ["wrong-type"]),
        ({"hours": {"retry": {**OFFICE, "paths": 1}}}, ["unknown-key"]),
        ({"environment": []}, ["out-of-range"]),
        ({"environment": "shop"}, ["wrong-type"]),
        ({"first": True}, ["unknown-key"]),
    ],
)
def test_each_fault_at_the_top_is_one_problem(more: dict[str, Any], codes: list[str]) -> None:
    assert found({"wait": "1s"}, **more) == codes


def test_what_a_repeat_or_a_race_saves_is_known_afterwards() -> None:
    read = {"set": {"state": "{{variables.job.body}}"}}
    assert found(POLL, read) == []
    assert found({**POLL, "onFailure": "continue"}, read) == ["maybe-saved"]
    ways: list[Any] = [{"actions": POLL["repeat"]}, {"actions": POLL["repeat"]}]
    both = {"paths": ways, "first": True}
    assert found(both, read) == []
    assert found({**both, "paths": [*ways, {"actions": [GET]}]}, read) == ["maybe-saved"]
    inside = {"paths": [{"actions": POLL["repeat"]}, {"actions": [read]}], "first": True}
    assert found(inside) == ["saved-later"], "a path does not see what another one saves"


def test_statuses_inside_of_a_repeat_are_those_of_a_pass() -> None:
    look = {**POLL["repeat"][0], "id": "look", "onFailure": "continue"}
    asks = {"field": "steps.look.status", "operator": "equals", "value": "succeeded"}
    assert found({**POLL, "repeat": [look], "until": asks}) == []
    assert found({**POLL, "id": "poll", "repeat": [look], "until": asks}, {"conditions": asks, "wait": "1s"}) == [
        "ends-later"
    ]
    of_the_step = {"field": "steps.poll.status", "operator": "equals", "value": "failed"}
    assert found({**POLL, "id": "poll"}, {"conditions": of_the_step, "wait": "1s"}) == []
    assert found({"conditions": {"field": "loop.index", "operator": "exists"}, "wait": "1s"}) == ["outside-loop"]


def test_hours_are_named_in_policies_and_bands() -> None:
    band = {"when": {"field": "now", "operator": "during", "value": "office"}, "approvers": ["bob"]}
    policy = {"approvers": ["ann"], "expiresAfter": "8h", "businessHours": "office", "bands": [band]}
    definition = {
        "name": "a",
        "trigger": {"event": "order.paid", "data": ["order"]},
        "hours": {"office": {**OFFICE, "start": "8:30"}},
        "approvals": policy,
        "actions": [{**GET, "requireApproval": True}],
    }
    made, problems = load(definition, Source(), CATALOG)
    assert made is not None, problems
    assert made.plan["approvals"]["businessHours"] == {**OFFICE, "start": "08:30"}
    step = program(made.plan).block[0]
    assert isinstance(step, ActionStep)
    (compiled,) = step.policy.bands
    monday = datetime(2030, 1, 7, 8, tzinfo=UTC)
    assert compiled.when.holds({}, monday)
    assert not compiled.when.holds({}, monday - timedelta(hours=1))
    wrong = {**policy, "businessHours": "offcie"}
    assert [one.code for one in check({**definition, "approvals": wrong}, Source(), CATALOG)[1]] == ["unknown-hours"]
