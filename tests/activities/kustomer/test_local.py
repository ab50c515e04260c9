"""What a definition may say of the actions that need no Kustomer; what they do stands in their cases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from activities.catalog import catalog
from activities.errors import Refused
from activities.kustomer.local.generic_regex_match import RegexSearch, generic_regex_match
from activities.kustomer.local.transform_generic import NamedValues, transform_generic
from tests.engine import JSON
from workers.definitions.loading import Source
from workers.definitions.planning import check, make_plan
from workers.definitions.problems import Problem
from workflows.compiled import program
from workflows.language.template import TemplateError
from workflows.program import ActionStep

ACTIONS = catalog()
NOBODY: Any = None
"""Local actions use nothing of what surrounds them."""


def definition(action: str, config: JSON) -> JSON:
    trigger = {"event": "message.created"}
    return {"name": "x", "trigger": trigger, "actions": [{"actionType": f"kustomer.{action}", "config": config}]}


def found(action: str, **config: Any) -> list[Problem]:
    return check(definition(action, config), Source(), ACTIONS)[1]


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"regex": "(?<=a)b"}, "`regex`: It has a look-behind (`(?<=`), which RE2 cannot express."),
        ({"regex": r"(a)\1"}, r"`regex`: It has a back reference (`\1`), which RE2 cannot express."),
        ({"Regex": "("}, "`Regex`: A `(` is never closed."),
        ({"regex": r"\-", "flags": "u"}, r"`regex`: With the flag `u`, `\-` means nothing."),
        ({"regex": "a", "flags": "x"}, "`flags`: There is no flag 'x': there are g, i, m, s, u, y, d."),
    ],
)
def test_a_pattern_that_cannot_be_kept_is_found_before_a_run(config: JSON, says: str) -> None:
    (problem,) = found("generic_regex_match", testString="{{message.body}}", **config)
    assert (problem.code, problem.message) == ("bad-config", says)


@pytest.mark.parametrize("config", [{"regex": "{{message.body}}"}, {"regex": "(a", "flags": "{{message.body}}"}])
def test_a_pattern_from_data_is_judged_in_the_run(config: JSON) -> None:
    assert found("generic_regex_match", testString="{{message.body}}", **config) == []


async def test_what_only_a_run_shows_is_refused() -> None:
    with pytest.raises(Refused, match="The pattern cannot be used: there is nothing"):
        await generic_regex_match.function(RegexSearch(test_string="a", regex="*{{"), NOBODY)
    with pytest.raises(Refused, match="too costly for a text of 200,000 characters"):
        await generic_regex_match.function(RegexSearch(test_string="a" * 200_000, regex="(?:a?){50}b"), NOBODY)
    with pytest.raises(Refused, match="it is no JSON object"):
        await transform_generic.function(NamedValues(data="{{"), NOBODY)


@pytest.mark.parametrize(
    ("action", "config"),
    [
        ("transform_generic", {"data": "a: 1"}),
        ("transform_generic", {"data": '"a": "{{message.body}}", b'}),
        ("rest_api_json", {"uri": "shop.example.com", "method": "GET"}),
        ("rest_api_json", {"uri": "https://shop.example.com", "method": "TRACE"}),
        ("rest_api_generic", {"uri": "https://shop.example.com", "method": "GET", "json": True}),
    ],
)
def test_what_can_never_be_right_is_a_problem(action: str, config: JSON) -> None:
    assert len(found(action, **config)) == 1


def rendered(data: str, **message: Any) -> Any:
    written = definition("transform_generic", {"data": data})
    automation, problems = check(written, Source(), ACTIONS)
    assert automation is not None, problems
    step = program(make_plan(automation, written, ACTIONS)).block[0]
    assert isinstance(step, ActionStep)
    return step.config.render({"message": message}, datetime.now(UTC)).value["data"]


@pytest.mark.parametrize(
    "text", ['"body": "{{message.body}}", "n": {{message.n}}', '{"body": "{{message.body}}", "n": {{message.n}}}']
)
async def test_a_value_stays_in_its_place(text: str) -> None:
    body = 'x", "admin": true, "y": "'
    given = await transform_generic.function(NamedValues(data=rendered(text, body=body, n=[1, None])), NOBODY)
    assert given.output == {"body": body, "n": [1, None]}


def test_members_with_tags_are_judged_once_they_are_rendered() -> None:
    assert rendered('"a": {% if message.n %}1{% else %}2{% endif %}', n=True) == '"a": 1'
    with pytest.raises(TemplateError, match="what it renders to is none"):
        rendered('"a": {% if message.n %}1{% endif %}')


def test_a_key_from_data_cannot_replace_another() -> None:
    with pytest.raises(TemplateError, match='makes the key "n"'):
        rendered('"n": 1, "{{message.body}}": 2', body="n")
