"""One definition in several environments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from activities.catalog import catalog
from tests.workflows.scripted import Scripted
from workers.definitions.automations import Automations
from workers.definitions.environments import Environments
from workers.definitions.loading import Source, read
from workers.definitions.planning import check
from workers.definitions.problems import Problem
from workers.definitions.roster import BadAutomationError
from workers.definitions.runnable import load

CATALOG = catalog()

ORDERS = """
name: orders
trigger: {event: order.paid, data: [order]}
environment: [shop, most, live]
conditions: {field: order.total, operator: newer_than, value: "{{env.most}}"}
actions:
  - label: Look at the order
    actionType: http_request
    config:
      method: GET
      url: "{{ env['shop'] }}/orders/{{order.id}}"
      headers: {Authorization: "Bearer {{secrets.shop}}"}
  - conditions: {field: env.live, operator: equals, value: true}
    wait: "{{ env.most }}"
  - set: {most: "{{env.most}}", name: "{{env.shop | split: '/' | last}}", text: "{{env.most}} of {{env.live}}"}
"""

DEV = "shop: https://shop.test.example.com\nmost: 5s\nlive: false\n"
PRODUCTION = "shop: https://shop.example.com\nmost: 5m\nlive: true\nunused: 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "environments").mkdir()
    (tmp_path / "orders.yaml").write_text(ORDERS)
    (tmp_path / "environments/dev.yaml").write_text(DEV)
    (tmp_path / "environments/production.yaml").write_text(PRODUCTION)
    return tmp_path


def problems(folder: Path, chosen: str = "dev", name: str = "orders") -> list[Problem]:
    data, source = read(folder / f"{name}.yaml")
    return check(data, source, CATALOG, environments=Environments.read(folder, chosen))[1]


def codes(folder: Path, chosen: str = "dev") -> list[str]:
    return [f"{one.code}:{Path(str(one.file)).name}:{one.line}" for one in problems(folder, chosen)]


def test_a_plan_has_the_values_of_the_environment_that_counts(folder: Path) -> None:
    plans = {name: Automations(folder, CATALOG, environment=name).plan("orders") for name in ("dev", "production")}
    dev, production = plans["dev"], plans["production"]
    assert dev["environment"] == {"shop": "https://shop.test.example.com", "most": "5s", "live": False}
    assert production["block"][0]["config"]["url"] == "https://shop.example.com/orders/{{order.id}}"
    assert production["block"][1]["wait"] == 300_000
    assert dev["conditions"] == {"field": "order.total", "operator": "newer_than", "value": "5s"}
    assert dev["block"][2]["set"]["text"] == "5s of false"
    assert dev["definition"] != production["definition"], "the values count in the hash of the definition"
    assert dev["id"] != production["id"]


async def test_a_run_finds_the_values_in_templates_and_conditions(folder: Path) -> None:
    data: dict[str, Any] = read(folder / "orders.yaml")[0]
    made, found = load(data, Source(), CATALOG, Environments.read(folder, "dev"))
    assert made is not None, found
    run = Scripted("- stop: completed", {"order": {"id": 7, "total": "2031-01-01"}})
    run.plan = made.plan
    async with run:
        assert run.sent[0]["config"]["url"] == "https://shop.test.example.com/orders/7"
        assert run.statuses["wait"] == "skipped"
        assert run.walk.state.variables == {"most": "5s", "name": "shop.test.example.com", "text": "5s of false"}


def test_every_environment_has_every_value(folder: Path) -> None:
    assert codes(folder) == []
    (folder / "environments/staging.yaml").write_text("shop: https://shop.staging.example.com\nmots: 5\nlive: true\n")
    assert codes(folder) == ["missing-environment-value:orders.yaml:4"]
    (one,) = problems(folder)
    assert one.message == f"{folder}/environments/staging.yaml has no value for 'most'."
    assert one.hint == "Did you mean mots?"
    assert codes(folder, "test") == ["missing-environment-value:orders.yaml:4"] * 2


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("", ["wrong-type:dev.yaml:None"]),
        ("- shop", ["wrong-type:dev.yaml:1"]),
        ("shop: [", ["bad-syntax:dev.yaml:2"]),
        ("shop: x\nmost: {a: 1}\nlive: false", ["wrong-type:dev.yaml:2"]),
        ("shop: x\nmost: 1\nlive:", ["wrong-type:dev.yaml:3"]),
        ('shop: "{{order.shop}}"\nmost: 1\nlive: true', ["wrong-type:dev.yaml:1"]),
        ("shop: x\nshop: y", ["duplicate-key:dev.yaml:2"]),
    ],
)
def test_a_file_that_is_wrong_is_told_once(folder: Path, content: str, found: list[str]) -> None:
    (folder / "environments/dev.yaml").write_text(content)
    assert codes(folder) == found
    with pytest.raises(BadAutomationError):
        Automations(folder, CATALOG).plan("orders")


def test_a_value_that_is_not_declared_is_an_unknown_root(folder: Path) -> None:
    for text, code in (
        ("{{env.shpo}}/x", "unknown-root:orders.yaml:11"),
        ("{{env.unused | upcase}}", "unknown-root:orders.yaml:11"),
        ("{{env[order.id]}}", "unknown-root:orders.yaml:11"),
    ):
        (folder / "orders.yaml").write_text(
            ORDERS.replace("{{ env['shop'] }}/orders/{{order.id}}", f"https://x.example.com/{text}")
        )
        assert codes(folder) == [code]
    (folder / "orders.yaml").write_text(ORDERS.replace("environment: [shop, most, live]\n", ""))
    assert {one.code for one in problems(folder)} == {"unknown-root"}, "and nothing about the secret beside it"


def test_an_environment_does_not_hide_data_of_that_name_where_none_is_named() -> None:
    definition = {
        "name": "x",
        "trigger": {"event": "a.b", "data": ["env"]},
        "actions": [{"set": {"a": "{{env.shop}}"}}],
    }
    assert check(definition, Source(), CATALOG)[1] == []
    secret = {"Authorization": "Bearer {{secrets.x}}"}
    get = {"actionType": "http_request", "config": {"method": "GET", "url": "{{env.shop}}/x", "headers": secret}}
    assert [one.code for one in check({**definition, "actions": [get]}, Source(), CATALOG)[1]] == ["exposed-secret"]
    declared = {**definition, "environment": ["most"]}
    assert [one.code for one in check(declared, Source(), CATALOG)[1]] == ["missing-environment-value", "unknown-root"]


def test_what_has_a_meaning_of_its_own_stays(folder: Path) -> None:
    environments = Environments.read(folder, "dev")
    data = {
        "name": "{{env.shop}}",
        "environment": ["shop", "live"],
        "a": [
            "{% raw %}{{env.shop}}{% endraw %}",
            "{{env.most}}",
            "{{env.live}}",
            "{{ env.live }}!",
            "a {{- env.live -}} b",
            "{{env.shop.x}}",
        ],
    }
    assert environments.filled(data)["name"] == "{{env.shop}}"
    assert environments.filled(data)["a"] == [
        data["a"][0],
        "{{env.most}}",
        False,
        "false!",
        "afalseb",
        "{{env.shop.x}}",
    ]


def test_a_worker_takes_what_has_changed(folder: Path) -> None:
    automations = Automations(folder, CATALOG)
    first = automations.plan("orders")
    (folder / "environments/dev.yaml").write_text(DEV.replace("5s", "6s"))
    automations.look()
    second = automations.plan("orders")
    assert (first["environment"]["most"], second["environment"]["most"]) == ("5s", "6s")
    (folder / "environments/dev.yaml").unlink()
    automations.look()
    assert automations.plan("orders") == second, "the last good version runs"
    assert automations.outdated("orders") is not None
    (folder / "environments/dev.yaml").write_text(DEV)
    automations.look()
    assert automations.plan("orders") == first
    assert automations.names() == ["orders"]
    assert automations.problems() == []


def test_a_definition_that_comes_with_its_run_takes_the_worker_s_values(folder: Path) -> None:
    plan = Automations(folder, CATALOG, environment="production").inline(read(folder / "orders.yaml")[0])
    assert json.dumps(plan["environment"]) == '{"shop": "https://shop.example.com", "most": "5m", "live": true}'
