"""What templates find of an event: documented fields that are null and not there, and names for collected inputs."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from tests.workflows.scripted import Scripted
from workers.definitions.loading import Source
from workers.definitions.planning import check
from workers.definitions.runnable import load
from workflows.event import roots_of

CATALOG = catalog()


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"id": "1", "type": kind, "source": "/tests", "data": data}


def test_documented_fields_that_are_null_are_there() -> None:
    missed = event("call.missed", call={"external_number": "+15550100", "uuid": "u"})
    found = roots_of(missed)["call"]
    assert found == {"external_number": "+15550100", "uuid": "u", "agent_id": None, "agent_email": None}
    assert missed["data"]["call"].keys() == {"external_number", "uuid"}, "the event stays as it came"
    for other in (event("order.paid", call={}), event("call.ended", call="none"), event("call.ended")):
        assert roots_of(other) == other["data"]


def test_inputs_are_found_by_their_names_and_their_ids() -> None:
    ended = event("call.ended", input={"123": {"value": "5"}, "124": {"value": ""}})
    found = roots_of(ended, {"rating": "123", "reason": "999"})
    assert found["input"] == {"123": {"value": "5"}, "124": {"value": ""}, "rating": {"value": "5"}}


async def test_a_run_finds_them() -> None:
    definition = {
        "name": "survey",
        "trigger": {
            "event": "call.ended",
            "inputs": {"rating": 123, "reason": "q-7"},
            "once": "{{input.rating.value}}/{{call.uuid}}",
        },
        "missingVariables": "fail",
        "conditions": {"field": "input.rating.value", "operator": "greater_than", "value": 3},
        "actions": [{"set": {"rating": "{{input.rating.value}}", "agent": "{{call.agent_email}}"}}],
    }
    made, problems = load(definition, Source(), CATALOG)
    assert made is not None
    assert [problem.code for problem in problems] == ["temporary-input"]
    ended = event("call.ended", call={}, input={"123": {"value": "5"}})
    assert made.identity(ended) == "5/"
    run = Scripted("- stop: completed", {})
    run.plan, run.event = made.plan, ended
    async with run:
        assert run.walk.state.variables == {"rating": "5", "agent": None}
        assert made.plan["inputs"] == {"rating": "123", "reason": "q-7"}


@pytest.mark.parametrize(
    ("trigger", "codes"),
    [
        ({"event": "call.ended", "inputs": {}}, ["out-of-range"]),
        ({"event": "call.ended", "inputs": {"a b": 1}}, ["bad-name"]),
        ({"event": "call.ended", "inputs": {"a": True}}, ["wrong-type"]),
        ({"event": "call.ended", "inputs": {"a": ""}}, ["out-of-range"]),
        ({"event": "ticket.created", "inputs": {"a": 1}}, ["unknown-key"]),
        ({"schedule": {"every": "1h"}, "inputs": {"a": 1}}, ["unknown-key"]),
        ({"event": "order.paid", "data": ["input"], "inputs": {"a": 1}}, []),
    ],
)
def test_inputs_are_of_calls(trigger: Any, codes: list[str]) -> None:
    definition = {"name": "survey", "trigger": trigger, "actions": [{"stop": "completed"}]}
    assert [one.code for one in check(definition, Source(), CATALOG)[1]] == codes


def test_a_name_that_is_none_is_told() -> None:
    text = "{{input.ratng.value}} {{input.rating.value}} {{input[7].value}}"
    trigger = {"event": "call.ended", "inputs": {"rating": 1}}
    (one,) = check({"name": "a", "trigger": trigger, "actions": [{"set": {"a": text}}]}, Source(), CATALOG)[1]
    assert (one.code, one.hint) == ("unknown-field", "Did you mean rating?")
