"""What validation knows about the variables that `set` gives values, and about constants."""

from __future__ import annotations

from typing import Any

import pytest

from activities.catalog import catalog
from tests.engine import JSON
from tests.together import together
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan
from workers.definitions.problems import Problem

ACTIONS = catalog()
ASKED = {"field": "alert.id", "operator": "exists"}


def found(*actions: JSON, **top: Any) -> list[Problem]:
    trigger = {"event": "alert.raised", "data": ["alert"]}
    return check({"name": "x", "trigger": trigger, "actions": list(actions), **top}, Source(), ACTIONS)[1]


def codes(*actions: JSON, **top: Any) -> list[str]:
    return [one.code for one in found(*actions, **top)]


@together(
    ("actions", "expected"),
    [
        ([{"set": {"a": 1}}, {"set": {"b": "{{variables.a}}"}}], []),
        ([{"set": {"a": 1}}, {"set": {"a": "{{variables.a | plus: 1}}"}}], []),
        ([{"set": {"a": 1, "b": "{{variables.a}}"}}], ["saved-later"]),
        ([{"set": {"b": "{{variables.a}}"}}, {"set": {"a": 1}}], ["saved-later"]),
        ([{"set": {"ab": 1}}, {"set": {"b": "{{variables.ac}}"}}], ["unknown-variable"]),
        ([{"set": {"a": 1}, "conditions": ASKED}, {"set": {"b": "{{variables.a}}"}}], ["maybe-saved"]),
        ([{"set": {"a": 1}}, {"set": {"a": 2}, "conditions": ASKED}, {"set": {"b": "{{variables.a}}"}}], []),
        ([{"set": {"a": {"x": 1}}}, {"set": {"b": "{{variables.a.y}}"}}], ["unknown-field"]),
        ([{"set": {"a": {"x": 1}}}, {"set": {"a": "{{alert}}"}}, {"set": {"b": "{{variables.a.y}}"}}], []),
        ([{"paths": [{"actions": [{"set": {"a": 1}}]}, {"actions": [{"set": {"a": 2}}]}]}], ["shared-variable"]),
        ([{"forEach": "{{alert.ids}}", "actions": [{"set": {"a": 1}}]}, {"set": {"b": "{{variables.a}}"}}], ["saved-later"]),
        ([{"branch": [{"conditions": ASKED, "actions": [{"set": {"a": 1}}]}], "otherwise": [{"set": {"a": 2}}]}, {"set": {"b": "{{variables.a}}"}}], []),
        ([{"set": {"a": "{{secrets.token}}"}}], ["misplaced-secret"]),
        ([{"set": {"a": "Bearer abcdefghijkl"}}], ["literal-secret"]),
        ([{"set": {"a": "{{alert.id | nope}}"}}], ["bad-template"]),
        ([{"set": {"a": "{{alert.id | match: '(?=a)'}}"}}], ["bad-template"]),
        ([{"set": {"a-b": 1}}], ["bad-name"]),
        ([{"set": {"true": 1}}], ["reserved-name"]),
        ([{"set": {}}], ["out-of-range"]),
        ([{"set": [1]}], ["wrong-type"]),
        ([{"set": {"a": 1}, "saveAs": "b"}], ["unknown-key"]),
        ([{"set": {"a": 1}, "wait": "1m"}], ["two-kinds"]),
    ],
)  # fmt: skip
def test_variables_that_are_set_are_known_where_they_are(actions: list[JSON], expected: list[str]) -> None:
    assert codes(*actions) == expected


def test_constants_are_read_by_name_by_index_and_by_a_value() -> None:
    constants = {"tiers": {"high": {"within": "5m"}}, "days": ["mon"]}
    tests = {"field": "constants.tiers[alert.severity].within", "operator": "equals", "value": "{{constants.days[0]}}"}
    step = {"set": {"a": "{{constants.tiers[alert.severity]}} {{constants.tiers.high.within}} {{constants | json}}"}}
    assert codes(step, constants=constants, conditions=tests) == []


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("constants.tires", "There is no `constants.tires`.", "Did you mean tiers?"),
        ("constants.tiers.hgih", "There is no `constants.tiers.hgih`.", "Did you mean high?"),
        ("constants.tiers.other", "There is no `constants.tiers.other`.", "`constants.tiers` has high and low"),
        ("constants.days[1]", "There is no `constants.days[1]`.", "The list `constants.days` has 1 value, counted from 0"),
        ("constants.days[0].x", "There is no `constants.days[0].x`.", "`constants.days[0]` is a single value"),
    ],
)  # fmt: skip
def test_a_constant_that_is_not_there_is_named(path: str, message: str, hint: str) -> None:
    constants = {"tiers": {"high": 1, "low": 2}, "days": ["mon"]}
    (problem,) = found({"set": {"a": f"{{{{{path}}}}}"}}, constants=constants)
    assert (problem.code, problem.message, problem.hint) == ("unknown-constant", message, hint)


def test_without_constants_their_root_is_the_event_s_own_or_none() -> None:
    step = {"set": {"a": "{{constants.x}}"}}
    (problem,) = found(step)
    assert problem.message == "This automation has no constants."
    assert problem.hint == "Write constants: {x: …} at the top of the file"
    assert codes(step, trigger={"event": "alert.raised", "data": ["constants"]}) == []
    assert codes(step, trigger={"event": "alert.raised", "data": ["constants"]}, constants={"y": 1}) == [
        "unknown-constant"
    ]


def test_what_makes_an_event_the_same_may_use_constants_but_not_only() -> None:
    trigger = {"event": "alert.raised", "data": ["alert"]}
    step = {"set": {"a": 1}}
    once = {**trigger, "once": "{{constants.prefix}}{{alert.id}}"}
    assert codes(step, constants={"prefix": "p-"}, trigger=once) == []
    assert codes(step, constants={"prefix": "p-"}, trigger={**trigger, "once": "{{constants.prefix}}"}) == ["bad-once"]


def test_a_plan_keeps_values_as_they_are_written_and_a_label_that_names_them() -> None:
    data = {
        "name": "x",
        "trigger": {"event": "alert.raised", "data": ["alert"]},
        "constants": {"limit": 1.50},
        "actions": [{"set": {"a": "{{alert.id}}", "b": [1, None]}}, {"set": dict.fromkeys("abcdefg", 1)}],
    }
    automation, _ = check(data, Source(), ACTIONS)
    assert automation is not None
    plan = make_plan(automation, data, ACTIONS)
    assert plan["constants"] == {"limit": 1.5}
    assert plan["block"][0] == {"id": "set", "label": "Set a and b", "set": {"a": "{{alert.id}}", "b": [1, None]}}
    assert plan["block"][1]["label"] == "Set a, b, c, d, e and 2 more"
