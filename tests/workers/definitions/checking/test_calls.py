"""What is wrong with a step that runs another automation, and with what a run tells its caller."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan

CALL: dict[str, Any] = {"actionType": "run_automation", "config": {"automation": "other"}, "saveAs": "told"}


def codes(*actions: dict[str, Any], **more: Any) -> list[str]:
    data = {"name": "x", "trigger": {"event": "call.ended"}, "actions": [*actions], **more}
    return [one.code for one in check(data, Source(), catalog())[1]]


@pytest.mark.parametrize(
    ("config", "found"),
    [
        ({"automation": "other", "data": {"id": "{{contact.id}}"}, "wait": False}, []),
        ({"automation": "{{contact.type}}"}, []),
        ({"automation": "event"}, ["bad-config"]),
        ({"automation": "a/b"}, ["bad-config"]),
        ({"automation": "other", "data": [1]}, ["bad-config"]),
        ({"automation": "other", "wait": "{{contact.id}}"}, ["static-field"]),
        ({"automation": "other", "data": {"token": "{{secrets.shop_token}}"}}, ["misplaced-secret"]),
        ({"data": {}}, ["missing-key"]),
    ],
)
def test_what_is_called_with_what(config: dict[str, Any], found: list[str]) -> None:
    assert codes({"actionType": "run_automation", "config": config}) == found


def test_no_secret_goes_into_a_run_that_is_planned() -> None:
    config = {"workflowTitle": "other", "type": "relative", "in": "1d", "input": {"token": "{{secrets.shop_token}}"}}
    assert codes({"actionType": "scheduler.schedule_workflow", "config": config}) == ["misplaced-secret"]


def test_a_retry_has_nothing_to_repeat() -> None:
    assert codes({**CALL, "retry": {"maximumAttempts": 3}}) == ["unused-key"]


def test_what_a_call_gives_is_known() -> None:
    assert codes(CALL, {"stop": "completed", "reason": "{{variables.told.outcom}}"}) == ["unknown-field"]
    assert codes({**CALL, "pick": "results.id"}) == ["bad-pick"]


@pytest.mark.parametrize(
    ("result", "found"),
    [
        ({"id": "{{variables.told.result.id}}", "how": "{{steps.call.status}}", "who": "{{contact.id}}"}, []),
        ({"id": "{{variables.sometimes}}"}, []),
        ({"id": "{{variables.nobodys}}"}, ["unknown-variable"]),
        ({"id": "{{secrets.shop_token}}"}, ["misplaced-secret"]),
        ({"id": "{{failure.message}}"}, ["outside-failure"]),
        ({"id": "{{steps.nobodys.status}}"}, ["unknown-step-id"]),
        ({"id": "{{contact.id"}, ["bad-template"]),
        ({"a b": 1}, ["bad-name"]),
        ("{{contact.id}}", ["wrong-type"]),
    ],
)
def test_what_a_run_tells(result: Any, found: list[str]) -> None:
    sometimes = {"conditions": {"field": "contact.type", "operator": "equals", "value": "lead"}}
    steps = [{**CALL, "id": "call"}, {**CALL, **sometimes, "saveAs": "sometimes"}]
    assert codes(*steps, result=result) == found


def test_a_call_has_only_the_time_that_its_author_gives_it() -> None:
    def planned(**more: Any) -> Any:
        data = {"name": "x", "trigger": {"event": "call.ended"}, "actions": [{**CALL, **more}]}
        automation, problems = check(data, Source(), catalog())
        assert automation is not None, problems
        return make_plan(automation, data, catalog())["block"][0]

    assert planned()["calls"] is True
    assert planned().keys().isdisjoint({"timeout", "retry"})
    assert planned(timeout="30s")["timeout"] == 30_000
