"""Advice: what is no fault of a definition, and could be better."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from workers.definitions.checking.advice import advise
from workers.definitions.environments import Environments
from workers.definitions.loading import Source
from workers.definitions.planning import check
from workers.definitions.problems import CODES, Problem

CATALOG = catalog()

SMS: dict[str, Any] = {
    "label": "Tell",
    "actionType": "send_sms",
    "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"},
}


def advice(*actions: Any, event: str = "call.ended", **more: Any) -> list[Problem]:
    definition = {"name": "a", "trigger": {"event": event}, **more, "actions": list(actions)}
    made, problems = check(definition, Source(), CATALOG)
    assert made is not None, problems
    found = advise(definition, Source(), CATALOG, Environments())
    assert all(one.severity == "advice" and CODES[one.code].severity == "advice" for one in found)
    assert not {one.code for one in problems} & {one.code for one in found}
    return found


def http(method: str, url: str = "https://shop.example.com/orders/1", **more: Any) -> dict[str, Any]:
    return {"label": "Do it", "actionType": "http_request", "config": {"method": method, "url": url}, **more}


def carried_out(operation: str, **more: Any) -> dict[str, Any]:
    config = {"connectorId": "shop", "actionId": operation}
    return {"label": "Do it", "actionType": "execute_connector_action", "config": config, **more}


def test_a_careful_definition_gets_none() -> None:
    assert advice(SMS, http("GET", saveAs="order")) == []


def test_labels_are_missed_once_where_there_are_several_actions() -> None:
    bare = {key: value for key, value in SMS.items() if key != "label"}
    assert advice(bare) == []
    (one,) = advice(SMS, bare, {**SMS, "label": "Action 1"}, {**SMS, "label": "step-2"})
    assert one.code == "unlabeled-step"
    assert one.message == "3 of 4 actions have no label that says what they do: send_sms, action-1 and step-2."


@pytest.mark.parametrize(
    ("step", "codes"),
    [
        (http("DELETE"), ["unasked-harm"]),
        (http("delete"), ["unasked-harm"]),
        (http("DELETE", requireApproval=False), []),
        (http("DELETE", requireApproval={"approvers": ["ann"]}), []),
        (http("POST", "https://pay.example.com/refunds"), ["unasked-harm"]),
        (http("GET", "https://pay.example.com/refunds"), []),
        (
            {"label": "x", "actionType": "kustomer.draft_delete", "config": {"id": "1"}},
            ["unasked-harm"],
        ),
        (carried_out("repos/delete"), ["unasked-harm"]),
        (carried_out("refundOrder"), ["unasked-harm"]),
        (carried_out("PostRefunds", requireApproval=True, onFailure="continue"), []),
        (carried_out("listRefunds"), []),
        (carried_out("issues/create"), []),
        ({**SMS, "onFailure": [{"when": "any", "actions": [http("DELETE")]}]}, []),
        ({"forEach": "{{contact.emails}}", "actions": [http("DELETE")]}, ["unasked-harm"]),
    ],
)
def test_what_deletes_or_pays_asks_people_first(step: dict[str, Any], codes: list[str]) -> None:
    assert [one.code for one in advice(step)] == codes


def test_what_a_model_says_is_saved() -> None:
    ask = {"label": "Ask", "actionType": "generate_ai_response", "config": {"promptTemplate": "Hi"}}
    assert [one.code for one in advice(ask)] == ["unsaved-answer"]
    assert advice({**ask, "saveAs": "answer"}) == []


RATING = "{{input[123].value}}"
ASKED = {"field": "input[123].value", "operator": "exists"}


def sets(text: str, **more: Any) -> dict[str, Any]:
    return {"set": {"rating": text}, **more}


@pytest.mark.parametrize(
    ("steps", "count"),
    [
        ([sets(RATING)], 1),
        ([sets("{{input[123].value | default: 3}}")], 0),
        ([sets("{% if input[123].value %}{{input[123].value}}{% endif %}")], 0),
        ([sets(RATING, conditions=ASKED)], 0),
        ([{"branch": [{"conditions": ASKED, "actions": [sets(RATING)]}], "otherwise": [sets(RATING)]}], 1),
        ([sets("{{input[123]}}")], 0),
        ([{**SMS, "config": {**SMS["config"], "text": f"You said {RATING}, {RATING}"}}], 1),
    ],
)
def test_a_collected_input_may_be_empty(steps: list[Any], count: int) -> None:
    assert [one.code for one in advice(*steps)] == ["maybe-empty"] * count
    assert advice(*steps, conditions=ASKED) == []


def test_a_named_input_may_be_empty_too() -> None:
    trigger = {"event": "call.ended", "inputs": {"rating": 123}}
    definition = {"name": "a", "trigger": trigger, "actions": [sets("{{input.rating.value}}")]}
    assert [one.code for one in advise(definition, Source(), CATALOG, Environments())] == ["maybe-empty"]


@pytest.mark.parametrize(
    ("event", "text", "count"),
    [
        ("call.missed", "{{call.agent_email}}", 1),
        ("call.missed", "{{event.data.call.agent_id}}", 1),
        ("call.missed", "{{call.uuid | default: 'none'}}", 0),
        ("call.missed", "{{call.external_number}}", 0),
        ("call.ended", "{{call.agent_email}}", 0),
        ("call.*", "{{call.uuid}}", 0),
    ],
)
def test_of_a_missed_call_nobody_has_what_answered_ones_have(event: str, text: str, count: int) -> None:
    assert [one.code for one in advice(sets(text), event=event)] == ["maybe-empty"] * count


def test_no_value_equals_what_a_missed_call_lacks() -> None:
    ask = {"field": "call.agent_email", "operator": "equals", "value": "ann@example.com"}
    definition = {"name": "a", "trigger": {"event": "call.missed"}, "conditions": ask, "actions": [{"wait": "1m"}]}
    [warning] = check(definition, Source(), CATALOG)[1]
    assert (warning.code, warning.hint) == ("unknown-value", "It is null")


@pytest.mark.parametrize("data", [None, [], {}, {"actions": 5}, {"actions": [5, {"branch": 7}], "trigger": 7}])
def test_advice_about_what_is_no_definition_is_none(data: Any) -> None:
    assert advise(data, Source(), CATALOG, Environments()) == []
