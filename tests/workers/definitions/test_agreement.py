"""Schema, validator and engine take the same values: every field of the models with values of every kind."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from activities.action import Action, names
from activities.catalog import catalog
from workers.definitions.loading import Source
from workers.definitions.model.approvals import (
    ApprovalDefinition,
    BandDefinition,
    BusinessHoursDefinition,
    NoticeDefinition,
    NoticeRetry,
)
from workers.definitions.model.automation import (
    ActionDefinition,
    AutomationDefinition,
    BranchDefinition,
    CaseDefinition,
    ForEachDefinition,
    PathDefinition,
    PathsDefinition,
    StopDefinition,
    Trigger,
    Until,
    WaitDefinition,
)
from workers.definitions.model.failures import RetryDefinition, RuleDefinition
from workers.definitions.model.vocabulary import Part
from workers.definitions.planning import check, make_plan
from workers.definitions.schema import automation_schema
from workflows.compiled import program

CATALOG = catalog()
SCHEMA = Draft202012Validator(automation_schema(CATALOG))

EXISTS = {"field": "call.uuid", "operator": "exists"}
NOTICE = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
ACTION = {**NOTICE, "id": "first"}
STOP = {"stop": "completed"}

WHOLE: dict[str, Any] = {
    "name": "whole",
    "trigger": {"event": "call.ended"},
    "approvals": {
        "approvers": ["a@example.com"],
        "businessHours": {"timeZone": "UTC"},
        "bands": [{"when": EXISTS, "quorum": 1}],
        "notify": [{**NOTICE, "retry": {"within": "5m"}}],
    },
    "actions": [
        {**ACTION, "retry": {"within": "5m"}, "requireApproval": True, "onFailure": [{"when": "refused", "do": "retry"}]},
        {"paths": [{"actions": [STOP]}]},
        {"branch": [{"conditions": EXISTS, "actions": [STOP]}]},
        {"wait": "1s"},
        {"wait": {"until": "2030-01-31"}},
        {"forEach": "{{contact.tags}}", "actions": [{"wait": 0}]},
        STOP,
    ],
}
"""A definition with every part of the language in it."""

PLACES: list[tuple[type[Part], str]] = [
    (AutomationDefinition, ""),
    (Trigger, "/trigger"),
    (ApprovalDefinition, "/approvals"),
    (BusinessHoursDefinition, "/approvals/businessHours"),
    (BandDefinition, "/approvals/bands/0"),
    (NoticeDefinition, "/approvals/notify/0"),
    (NoticeRetry, "/approvals/notify/0/retry"),
    (ActionDefinition, "/actions/0"),
    (RetryDefinition, "/actions/0/retry"),
    (RuleDefinition, "/actions/0/onFailure/0"),
    (PathsDefinition, "/actions/1"),
    (PathDefinition, "/actions/1/paths/0"),
    (BranchDefinition, "/actions/2"),
    (CaseDefinition, "/actions/2/branch/0"),
    (WaitDefinition, "/actions/3"),
    (Until, "/actions/4/wait"),
    (ForEachDefinition, "/actions/5"),
    (StopDefinition, "/actions/6"),
]

VALUES: list[Any] = [
    None, True, False, 0, 1, 5, 999, 60_000, -1, 1.0, 1.5, 10**9, "", " ", "x", "Two words", "a-b", "5", "1.5", "true",
    "get", "GET", "Post", "continue", "hold", "retry", "refused", "mon", "09:00", "9:00", "25:00", "2026-12-25", "UTC",
    "90s", "15m", "2h30m", "1d", "PT15M", "P1D", "15 m", "soon", "+15550100", "https://example.com", "call.ended", "call.*",
    "x\n", "+15550100\n", "x" * 300, "{{call.uuid}}", "{{contact.tags}}", "a {{call.uuid}}",
    [], ["x"], [1], ["a@example.com"], ["mon"], ["refused"], ["2026-12-25"], [{}], [STOP], [{"actions": [STOP]}],
    {}, {"x": 1}, {"x": "body"}, {"until": "2030-01-31"}, EXISTS, {"all": [EXISTS]}, {"not": EXISTS}, {"within": "5m"},
    {"approvers": ["a@example.com"]}, [{"key": "a", "value": 1}], [{"key": "a", "value": 1, "format": "number"}],
]  # fmt: skip

OF_SHAPE = frozenset(
    ("unknown-key", "missing-key", "wrong-type", "bad-name", "bad-duration", "out-of-range", "unknown-step", "two-kinds")
    + ("bad-config", "bad-condition", "static-field", "unknown-action")
)
"""Problems of single values, which a schema can know; what names, people and steps mean for each other it cannot."""


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name


def with_value(pointer: str, key: str, value: Any) -> dict[str, Any]:
    data = copy.deepcopy(WHOLE)
    place: Any = data
    for part in pointer.split("/")[1:]:
        place = place[int(part) if isinstance(place, list) else part]
    place[key] = value
    if (pointer, key) == ("", "paths"):
        del place["actions"]
    return data


def of_action(action: Action) -> dict[str, Any]:
    trigger = action.triggers[0] if action.triggers else "call.ended"
    step = {"actionType": action.name, "config": copy.deepcopy(dict(action.example))}
    return {"name": "one", "trigger": {"event": trigger}, "actions": [step]}


def disagreement(data: dict[str, Any]) -> str | None:
    """Return what schema, validator and engine say of a definition, where they do not say the same."""
    made, problems = check(data, Source(), CATALOG)
    refused = [f"{one.code}: {one.message}" for one in problems if one.severity == "problem" and one.code in OF_SHAPE]
    faults = [f"{error.json_path}: {error.message:.200}" for error in SCHEMA.iter_errors(data)]
    if made is not None:
        program(make_plan(made, data, CATALOG))
    if bool(refused) != bool(faults):
        return f"validator {refused or 'takes it'}, schema {faults or 'takes it'}"
    return None


@pytest.mark.parametrize(("model", "pointer"), PLACES, ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_of_the_language_is_judged_alike(model: type[Part], pointer: str) -> None:
    assert disagreement(WHOLE) is None
    found = []
    for key in keys(model):
        for value in VALUES:
            if said := disagreement(with_value(pointer, key, value)):
                found.append(f"{pointer}/{key} = {json.dumps(value)[:60]}: {said}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("action", CATALOG.values(), ids=lambda one: one.name)
def test_every_field_of_an_action_is_judged_alike(action: Action) -> None:
    assert disagreement(of_action(action)) is None
    found = []
    for name in action.config.model_fields:
        for key in names(action.config, name):
            for value in VALUES:
                data = of_action(action)
                config = data["actions"][0]["config"]
                for other in names(action.config, name):
                    config.pop(other, None)
                config[key] = value
                if said := disagreement(data):
                    found.append(f"{key} = {json.dumps(value)[:60]}: {said}")
    assert not found, "\n".join(found)


def test_every_model_has_a_place_here() -> None:
    def parts(model: type[Part]) -> Iterator[type[Part]]:
        for one in model.__subclasses__():
            yield one
            yield from parts(one)

    placed = {model for model, _ in PLACES}
    assert {model for model in parts(Part) if not model.__subclasses__() and model.__module__.startswith("workers.")} <= placed


@pytest.mark.parametrize("action", CATALOG.values(), ids=lambda one: one.name)
def test_what_the_validator_takes_the_action_takes(action: Action) -> None:
    for name in action.config.model_fields:
        key = names(action.config, name)[0]
        for value in VALUES:
            data = of_action(action)
            config: Mapping[str, Any] = {**data["actions"][0]["config"], key: value}
            data["actions"][0]["config"] = config
            if "{{" in json.dumps(config) or check(data, Source(), CATALOG)[0] is None:
                continue
            try:
                action.config.model_validate(config)
            except ValidationError as error:
                pytest.fail(f"{action.name}.{key} = {value!r}: {error}")
