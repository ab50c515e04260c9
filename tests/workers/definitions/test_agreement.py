"""Schema, validator and engine take the same values: every field of the models with values of every kind."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from activities.action import Action, names
from activities.catalog import catalog
from tests.starts import some
from workers.definitions.checking.findings import Findings
from workers.definitions.checking.shape import shape
from workers.definitions.loading import Source
from workers.definitions.model.approvals import (
    ApprovalDefinition,
    BandDefinition,
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
    ReactionDefinition,
    RepeatDefinition,
    RuleDefinition,
    SetDefinition,
    StopDefinition,
    WaitDefinition,
)
from workers.definitions.model.failures import RetryDefinition
from workers.definitions.model.hours import BusinessHoursDefinition
from workers.definitions.model.per_key import PerKey
from workers.definitions.model.schedule import Schedule
from workers.definitions.model.trigger import Trigger
from workers.definitions.model.until import Until
from workers.definitions.model.vocabulary import DefinitionPart
from workers.definitions.model.waits import EventWait
from workers.definitions.planning import check, make_plan
from workers.definitions.problems import Problem
from workers.definitions.schema import automation_schema
from workflows.compiled import program

CATALOG = catalog()
WHOLE_SCHEMA = {key: value for key, value in automation_schema(CATALOG).items() if key != "$schema"}


class Pattern:
    """The keyword `pattern` with Python's expressions: those for dates are too large for the library's own.

    `$` is the very end in JavaScript's patterns, which schemas have; Python's lets a line end follow.
    """

    def __init__(self, _schema: Any, pattern: str, _place: Any) -> None:
        self.pattern = re.compile(pattern.replace("$", r"\Z"))

    def validate(self, instance: Any) -> None:
        if isinstance(instance, str) and not self.pattern.search(instance):
            raise ValueError(f"{instance!r} does not match {self.pattern.pattern}")


def with_pythons_patterns(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {
            "pythons" if key == "pattern" and isinstance(value, str) else key: with_pythons_patterns(value)
            for key, value in schema.items()
        }
    return [with_pythons_patterns(item) for item in schema] if isinstance(schema, list) else schema


REGISTRY = jsonschema_rs.Registry([("urn:a", with_pythons_patterns(WHOLE_SCHEMA))])


@cache
def judge(definition: str) -> jsonschema_rs.Draft202012Validator:
    """Return what judges by one of the schema's definitions, or by the whole schema."""
    ref = f"urn:a#/$defs/{definition}" if definition else "urn:a"
    return jsonschema_rs.Draft202012Validator({"$ref": ref}, registry=REGISTRY, keywords={"pythons": Pattern})


EXISTS = {"field": "call.uuid", "operator": "exists"}
SAME = {"field": "wanted.call.uuid", "operator": "equals", "value": "{{call.uuid}}"}
NOTICE = {"actionType": "send_sms", "config": {"from": "+15550100", "to": "+15550101", "text": "Hi"}}
ACTION = {**NOTICE, "id": "first"}
STOP = {"stop": "completed"}

WHOLE: dict[str, Any] = {
    "name": "whole",
    "trigger": {"event": "call.ended"},
    "constants": {"limits": {"low": 1}},
    "result": {"id": "{{call.uuid}}"},
    "hours": {"office": {"timeZone": "UTC", "start": "08:59"}},
    "perKey": {"key": "{{call.uuid}}", "mode": "debounce", "quiet": "5m", "atMost": "10m"},
    "approvals": {
        "approvers": ["a@example.com"],
        "businessHours": {"timeZone": "UTC", "start": "08:59"},
        "bands": [{"when": EXISTS, "quorum": 1, "verified": True}],
        "notify": [{**NOTICE, "retry": {"within": "30d"}}],
    },
    "actions": [
        {
            **ACTION,
            "retry": {"within": "30d"},
            "requireApproval": True,
            "onFailure": [{"when": "refused", "do": "retry"}, {"when": "any", "actions": [{"wait": 0}]}],
            "onRejected": {"actions": [{"wait": 0}]},
        },
        {"paths": [{"actions": [STOP]}]},
        {"branch": [{"conditions": EXISTS, "actions": [STOP]}]},
        {"wait": "1s"},
        {"wait": {"until": "2030-01-31"}},
        {"forEach": "{{contact.tags}}", "actions": [{"wait": 0}]},
        STOP,
        {"set": {"first": 1}},
        {"repeat": [{"wait": 0}], "until": EXISTS, "every": "1m", "atMost": "1h"},
        {"wait": {"until": "opening", "hours": "office"}},
        {"wait": {"event": "call.*", "where": SAME, "atMost": "4d"}, "saveAs": "called"},
    ],
    "onFailure": {"actions": [{"wait": 0}]},
}
"""A definition with every part of the language in it."""

PLACES: list[tuple[type[DefinitionPart], str]] = [
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
    (RuleDefinition, "/actions/0/onFailure/1"),
    (ReactionDefinition, "/actions/0/onRejected"),
    (ReactionDefinition, "/onFailure"),
    (PathsDefinition, "/actions/1"),
    (PathDefinition, "/actions/1/paths/0"),
    (BranchDefinition, "/actions/2"),
    (CaseDefinition, "/actions/2/branch/0"),
    (WaitDefinition, "/actions/3"),
    (Until, "/actions/4/wait"),
    (ForEachDefinition, "/actions/5"),
    (StopDefinition, "/actions/6"),
    (SetDefinition, "/actions/7"),
    (RepeatDefinition, "/actions/8"),
    (Until, "/actions/9/wait"),
    (BusinessHoursDefinition, "/hours/office"),
    (WaitDefinition, "/actions/10"),
    (EventWait, "/actions/10/wait"),
    (PerKey, "/perKey"),
]

VALUES: list[Any] = [
    None, True, False, 0, 1, 5, 999, 60_000, -1, 1.0, 1.5, 10**9, "", " ", "x", "Two words", "a-b", "5", "1.5", "true",
    "get", "GET", "Post", "continue", "hold", "retry", "refused", "mon", "09:00", "9:00", "25:00", "2026-12-25", "UTC",
    "90s", "15m", "2h30m", "1d", "PT15M", "P1D", "15 m", "soon", "+15550100", "https://example.com", "call.ended", "call.*",
    "x\n", "+15550100\n", "x" * 300, "{{call.uuid}}", "{{contact.tags}}", "a {{call.uuid}}",
    "skip", "queue", "step", "start",
    [], ["x"], [1], ["a@example.com"], ["mon"], ["refused"], ["2026-12-25"], [{}], [STOP], [{"actions": [STOP]}],
    {}, {"x": 1}, {"x": "body"}, {"until": "2030-01-31"}, EXISTS, {"all": [EXISTS]}, {"not": EXISTS}, {"within": "5m"},
    {"approvers": ["a@example.com"]}, [{"key": "a", "value": 1}], [{"key": "a", "value": 1, "format": "number"}],
]  # fmt: skip

OF_SHAPE = frozenset(
    (
        "unknown-key",
        "missing-key",
        "wrong-type",
        "bad-name",
        "bad-duration",
        "out-of-range",
        "unknown-step",
        "two-kinds",
        "bad-config",
        "bad-condition",
        "static-field",
        "dynamic-operation",
        "unknown-action",
        "bad-cron",
    )
)
"""Problems of single values, which a schema can know; what names, people and steps mean for each other it cannot."""


def _of_several(problem: Problem) -> bool:
    """Say whether a problem is about how several fields go together; a field's own begins with its name."""
    return problem.code == "bad-config" and not problem.message.startswith("`")


def keys(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name


def at(data: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        data = data[int(part) if isinstance(data, list) else part]
    return data


def with_value(pointer: str, key: str, value: Any, whole: Mapping[str, Any] = WHOLE) -> dict[str, Any]:
    data = copy.deepcopy(dict(whole))
    at(data, pointer)[key] = value
    if (pointer, key) == ("", "paths"):
        del data["actions"]
    return data


def of_action(action: Action) -> dict[str, Any]:
    trigger = action.triggers[0] if action.triggers else "call.ended"
    step = {"actionType": action.name, "config": copy.deepcopy(dict(action.example))}
    return {"name": "one", "trigger": {"event": trigger}, "actions": [step]}


def disagreement(data: dict[str, Any], pointer: str = "", schema: str = "") -> str | None:
    """Return what schema, validator and engine say of a definition, where they do not say the same.

    The schema is asked about the part of it at `pointer` alone, and `schema` says which of its definitions that is.
    """
    findings = Findings(data, Source(), {})
    made = shape(findings)  # the cheap part first: most values end here
    made, problems = check(data, Source(), CATALOG) if made is not None else (None, findings.problems)
    refused = [str(one) for one in problems if one.code in OF_SHAPE and not _of_several(one)]
    faults = [] if judge(schema).is_valid(at(data, pointer)) else ["refuses it"]
    if made is not None:
        program(make_plan(made, data, CATALOG))
    if bool(refused) != bool(faults):
        return f"validator {refused or 'takes it'}, schema {faults or 'takes it'}"
    return None


@pytest.mark.parametrize(("model", "pointer"), PLACES, ids=lambda one: getattr(one, "__name__", ""))
def test_every_field_of_the_language_is_judged_alike(model: type[DefinitionPart], pointer: str) -> None:
    assert disagreement(WHOLE) is None
    found = []
    for number, key in enumerate(keys(model)):
        said = [
            (value, disagreement(with_value(pointer, key, value), pointer, model.__name__ if pointer else ""))
            for value in some(VALUES, number, least=2)
        ]
        found += [f"{pointer}/{key} = {json.dumps(value)[:60]}: {what}" for value, what in said if what]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("rule", [{"cron": "0 8 * * *"}, {"every": "30m"}], ids=["cron", "every"])
def test_every_field_of_a_schedule_is_judged_alike(rule: dict[str, str]) -> None:
    whole = {**WHOLE, "trigger": {"schedule": rule}}
    assert disagreement(whole) is None
    own = (*VALUES, "0 8 * * mon-fri", "cancelOther")
    values = [(key, value) for number, key in enumerate(keys(Schedule)) for value in some(own, number)]
    said = {
        f"{key} = {json.dumps(value)[:60]}": disagreement(
            with_value("/trigger/schedule", key, value, whole), "/trigger/schedule", "Schedule"
        )
        for key, value in values
    }
    found = [f"{what}: {fault}" for what, fault in said.items() if fault]
    assert not found, "\n".join(found)


def kind_of(info: FieldInfo) -> str:
    return f"{info.annotation} {info.metadata}"


FIRST = {
    kind_of(info): (action.name, name)
    for action in reversed(CATALOG.values())
    for name, info in reversed(action.config.model_fields.items())
}
"""The first field of each kind, which is tried with every value: others like it, and other spellings, with some."""


@pytest.mark.parametrize("action", CATALOG.values(), ids=lambda one: one.name)
def test_every_field_of_an_action_is_judged_alike(action: Action) -> None:
    assert disagreement(of_action(action)) is None
    found = []
    for place, (name, info) in enumerate(action.config.model_fields.items()):
        first = FIRST[kind_of(info)] == (action.name, name)
        for number, key in enumerate(names(action.config, name) if first else names(action.config, name)[:1]):
            for value in some(VALUES, place) if first and not number else VALUES[::25]:
                data = of_action(action)
                config = data["actions"][0]["config"]
                for other in names(action.config, name):
                    config.pop(other, None)
                config[key] = value
                if said := disagreement(data, "/actions/0/config", f"{action.name}.config"):
                    found.append(f"{key} = {json.dumps(value)[:60]}: {said}")
    assert not found, "\n".join(found)


def test_every_model_has_a_place_here() -> None:
    def parts(model: type[DefinitionPart]) -> Iterator[type[DefinitionPart]]:
        for one in model.__subclasses__():
            yield one
            yield from parts(one)

    placed = {model for model, _ in PLACES} | {Schedule}
    assert {
        model
        for model in parts(DefinitionPart)
        if not model.__subclasses__() and model.__module__.startswith("workers.")
    } <= placed


@pytest.mark.parametrize("action", CATALOG.values(), ids=lambda one: one.name)
def test_what_the_validator_takes_the_action_takes(action: Action) -> None:
    for place, (name, info) in enumerate(action.config.model_fields.items()):
        key = names(action.config, name)[0]
        for value in some(VALUES, place) if FIRST[kind_of(info)] == (action.name, name) else VALUES[::25]:
            data = of_action(action)
            config: Mapping[str, Any] = {**data["actions"][0]["config"], key: value}
            data["actions"][0]["config"] = config
            if "{{" in json.dumps(config) or check(data, Source(), CATALOG)[0] is None:
                continue
            try:
                action.config.model_validate(config)
            except ValidationError as error:
                pytest.fail(f"{action.name}.{key} = {value!r}: {error}")
