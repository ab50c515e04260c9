"""Every action keeps the promises that all actions make."""

from __future__ import annotations

import dataclasses
import importlib
import pkgutil
import re
from datetime import timedelta
from types import ModuleType

import pytest
from pydantic import BaseModel, ValidationError

import activities
from activities.action import NAME, Action, Config, spellings
from activities.catalog import FAMILIES, CatalogAsNeeded, CatalogError, catalog, connection_kinds
from tests.activities.own_actions import ACTIONS as OWN
from tests.activities.rest.rows import ACTIONS as ROWS
from workflows.language.template import is_template

ALL = [*catalog().values(), *OWN, *ROWS]


def modules() -> list[str]:
    return [module.name for module in pkgutil.walk_packages(activities.__path__, "activities.")]


def test_every_action_in_the_folders_is_in_the_catalog() -> None:
    listed = set(catalog())
    for name in modules():
        if name == "activities.attempt.temporal":
            continue
        for attribute, value in vars(importlib.import_module(name)).items():
            actions = value if isinstance(value, tuple) else (value,)  # rows stand in tuples
            if any(isinstance(action, Action) and action.name not in listed for action in actions):
                family = ".".join(name.split(".")[:2])
                pytest.fail(f"add `{attribute}` to the tuple ACTIONS of {family}")


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
def test_keeps_the_contract(action: Action) -> None:
    assert NAME.fullmatch(action.name)
    assert re.fullmatch(r"[A-Z].*[.]", action.summary), "the first line of the docstring is a sentence"
    assert len(action.summary) <= 100
    assert issubclass(action.config, Config)
    assert timedelta(seconds=1) <= action.timeout <= timedelta(hours=1)
    assert action.attempts is None or action.attempts >= 1
    assert action.repeats(action.example) in {"safe", "keyed", "never"}
    if action.connections:
        assert "connection" in action.config.model_fields, "runs look there for the connection whose limits count"
    assert all(spellings(action.config, field) for field in action.beside), "a field names each connection"


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
def test_the_example_is_valid_and_unknown_keys_are_refused(action: Action) -> None:
    try:
        action.config.model_validate(dict(action.example))
    except ValidationError as error:
        wrong = [e for e in error.errors() if not (isinstance(e["input"], str) and is_template(e["input"]))]
        assert not wrong
    with pytest.raises(ValidationError):
        action.config.model_validate({**action.example, "no such key": 1})


@pytest.mark.parametrize("action", ALL, ids=lambda action: action.name)
def test_every_field_is_described(action: Action) -> None:
    for model in filter(None, (action.config, action.result)):
        missing = undescribed(model)
        assert not missing, f"{action.name}: describe {', '.join(missing)}"


def undescribed(model: type[BaseModel]) -> list[str]:
    return [f"{model.__name__}.{name}" for name, field in model.model_fields.items() if not field.description]


def test_every_kind_of_connection_is_described_and_hides_what_it_must() -> None:
    kinds = connection_kinds(catalog())
    assert len({kind.kind for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert not undescribed(kind), undescribed(kind)


def test_actions_of_a_users_own_join() -> None:
    joined = catalog(["tests.activities.own_actions"])
    assert set(joined) == {*catalog(), "count_words"}


def test_a_local_action_has_no_connections_and_no_look_up() -> None:
    with pytest.raises(ValueError, match="send_sms is local"):
        dataclasses.replace(catalog()["send_sms"], local=True)


@pytest.mark.parametrize(
    ("module", "words"),
    [
        ("no.such.module", "cannot be imported"),
        ("tests.activities.test_catalog_without", "cannot be imported"),
        ("json", "no tuple ACTIONS"),
    ],
)
def test_a_module_that_cannot_join_says_why(module: str, words: str) -> None:
    with pytest.raises(CatalogError, match=words):
        catalog([module])


def test_a_name_that_exists_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.activities import own_actions

    monkeypatch.setattr(own_actions, "ACTIONS", (catalog()["send_sms"],))
    with pytest.raises(CatalogError, match="exists already"):
        catalog(["tests.activities.own_actions"])


def test_families_are_loaded_as_far_as_a_name_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[str] = []
    original = importlib.import_module

    def load(name: str) -> ModuleType:
        loaded.append(name)
        return original(name)

    monkeypatch.setattr("activities.catalog.importlib.import_module", load)
    known = CatalogAsNeeded()
    assert known["http_request"].name == "http_request"
    assert "send_sms" in known
    assert loaded == ["activities.http", "activities.slack", "activities.sms"]
    assert "no_such_action" not in known
    assert loaded == [f"activities.{family}" for family in FAMILIES]
    assert (dict(known), len(known)) == (catalog(), len(catalog()))
