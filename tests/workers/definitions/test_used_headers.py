"""Which headers of answers a plan has recorded: those that the automation uses, however it writes that."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from activities.exchange.headers import is_recorded, place_of, thinned
from tests.engine import JSON
from workers.definitions.loading import Source
from workers.definitions.runnable import load

ACTIONS = catalog()
ASK: JSON = {
    "label": "Ask",
    "actionType": "http_request",
    "config": {"method": "GET", "url": "https://a.example.com/"},
    "saveAs": "a",
}
REST: JSON = {
    "label": "Ask",
    "actionType": "kustomer.rest_api_json",
    "config": {"method": "GET", "uri": "https://a.example.com/"},
    "saveAs": "a",
}


def told(value: Any) -> JSON:
    url = "https://b.example.com/"
    return {"label": "Tell", "actionType": "http_request", "config": {"method": "PUT", "url": url, "body": value}}


def where(field: str, operator: str = "equals", **more: Any) -> JSON:
    return {**told("x"), "conditions": {"field": field, "operator": operator, **more}}


def planned(*actions: JSON, **more: Any) -> Any:
    definition = {"name": "tried", "trigger": {"event": "d.happened", "data": ["d"]}, "actions": list(actions), **more}
    made, problems = load(definition, Source(), ACTIONS)
    assert made is not None, problems
    return made.plan["block"][0].get("headers")


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (told("{{variables.a.body.id}} {{variables.a.status}}"), None),
        (told("at {{variables.a.headers.date}}"), ["date"]),
        (
            told({"x": ["{{variables.a.headers['X-Left'] | default: 0}}", "{{variables.a.headers.date}}"]}),
            ["date", "x-left"],
        ),
        (told("{{variables.a}}"), "all"),
        (told("{{variables.a.headers}}"), "all"),
        (told("{{variables.a.headers[d.name]}}"), "all"),
        (told("{{variables.a.headers.size}}"), "all"),
        (told("{{variables}}"), "all"),
        (told("{{variables[d.name].status}}"), "all"),
        (told("{% assign kept = variables.a %}{{kept.headers.date}}"), "all"),
        (told("{% for one in variables.a.headers %}{{one[0]}}{% endfor %}"), "all"),
        (told("{{variables.b.headers.date}}"), None),
        (where("variables.a.headers.date", value="x"), ["date"]),
        (where("variables.a.headers.x-left", "exists"), ["x-left"]),
        (where("d.n", value="{{variables.a.headers.age}}"), ["age"]),
        (where("variables.a", "exists"), None),
        (where("variables.a", value="x"), "all"),
        ({"set": {"copy": "{{variables.a}}"}}, "all"),
        ({"stop": "completed", "reason": "{{variables.a.headers.via}}"}, ["via"]),
        ({"label": "Wait", "wait": {"until": "{{variables.a.headers.expires}}"}}, ["expires"]),
    ],
)
def test_templates_and_conditions_say_what_is_used(then: JSON, expected: Any) -> None:
    other = {"set": {"b": {"headers": {"date": "x"}}}}
    assert planned(ASK, other, then) == expected


def test_what_uses_a_result_behind_its_block_counts_too() -> None:
    assert planned(ASK, result={"at": "{{variables.a.headers.date}}"}) == ["date"]
    on_failure = {"onFailure": {"actions": [told("{{variables.a.headers.via}}")]}}
    assert planned(ASK, **on_failure) == ["via"]
    loop = {"forEach": "{{d.list}}", "actions": [ASK], "collect": "{{variables.a}}", "saveAs": "every"}
    definition = {"name": "tried", "trigger": {"event": "d.happened", "data": ["d"]}, "actions": [loop]}
    made, problems = load(definition, Source(), ACTIONS)
    assert made is not None, problems
    assert made.plan["block"][0]["block"][0]["headers"] == "all"


def test_what_is_picked_or_not_saved_needs_nothing() -> None:
    use = told("{{variables.a}}")
    assert planned({**ASK, "pick": "headers"}, use) is None, "a `pick` takes what it needs from the whole answer"
    assert planned({key: value for key, value in ASK.items() if key != "saveAs"}) is None
    slack = {
        "label": "Say",
        "actionType": "send_slack_message",
        "config": {"channel": "#a", "text": "x"},
        "saveAs": "a",
    }
    assert planned(slack, use) is None, "its result has no headers"


def test_headers_that_stand_deeper_in_a_result_are_found() -> None:
    assert planned(REST, told("{{variables.a.response.headers.date}}")) == ["date"]
    assert planned(REST, told("{{variables.a.response}}")) == "all"
    assert planned(REST, told("{{variables.a.body}}")) is None


def test_every_answer_over_http_marks_its_headers() -> None:
    places = {name: place_of(one.result) for name, one in ACTIONS.items() if one.result is not None}
    found = {name: place for name, place in places.items() if place is not None}
    assert found == {
        "http_request": ("headers",),
        "api_request": ("headers",),
        "send_webhook": ("headers",),
        "execute_connector_action": ("headers",),
        "kustomer.rest_api_json": ("response", "headers"),
        "kustomer.rest_api_generic": ("response", "headers"),
    }


def test_what_says_how_it_goes_on_is_always_recorded() -> None:
    always = ["location", "link", "etag", "retry-after", "x-request-id", "request-id", "x-amz-request-id"]
    others = ["date", "content-type", "request-id-x", "x-left"]
    assert [name for name in (*always, *others) if is_recorded(name)] == always
    assert is_recorded("x-left", ["x-left"])
    assert is_recorded("anything", "all")
    result = ACTIONS["kustomer.rest_api_json"].result
    assert result is not None
    whole = {"body": 1, "response": {"statusCode": 200, "headers": {"date": "x", "etag": "y", "age": "1"}, "body": 1}}
    kept = thinned(result, whole, ["age"])
    assert kept == {"body": 1, "response": {"statusCode": 200, "headers": {"etag": "y", "age": "1"}, "body": 1}}
    assert thinned(result, whole, "all") == whole
