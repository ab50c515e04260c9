from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.together import together
from trunkline.durations import YEAR, duration, spell
from workers.definitions.model.automation import AutomationDefinition
from workers.definitions.model.steps import step_ids, steps
from workers.definitions.model.vocabulary import MAX_ID


def automation(*actions: Any, **more: Any) -> dict[str, Any]:
    return {"name": "a", "trigger": {"event": "call.ended"}, "actions": list(actions), **more}


@together(
    ("written", "milliseconds"),
    [
        (0, 0),
        (30_000, 30_000),
        ("90s", 90_000),
        ("15m", 900_000),
        ("2h30m", 9_000_000),
        ("3d", 259_200_000),
        ("1w", 604_800_000),
        ("250ms", 250),
        ("1m500ms", 60_500),
        (" 5m ", 300_000),
        ("PT15M", 900_000),
        ("P1DT2H", 93_600_000),
        ("PT0.5S", 500),
        ("P2W", 1_209_600_000),
    ],
)
def test_durations(written: Any, milliseconds: int) -> None:
    assert duration(written) == milliseconds


@together("written", ["", "m", "P", "PT", "90", "15 minutes", "30m2h", "-5m", -1, 1.5, True, None, [], "9" * 99 + "s"])
def test_what_is_no_duration(written: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        duration(written)


@given(st.integers(min_value=0, max_value=YEAR))
def test_a_spelt_duration_reads_as_the_same(milliseconds: int) -> None:
    assert duration(spell(milliseconds)) == milliseconds


def test_every_step_kind_is_read() -> None:
    made = AutomationDefinition.model_validate(
        automation(
            {"label": "Text", "actionType": "send_sms", "config": {"text": "{{x}}"}, "saveAs": "sent", "timeout": "5s"},
            {"paths": [{"label": "One", "actions": [{"wait": "1m"}]}, {"actions": [{"wait": {"until": "{{x}}"}}]}]},
            {"branch": [{"conditions": {"all": []}, "actions": [{"stop": "failed"}]}], "otherwise": []},
            {"forEach": "{{x}}", "as": "order", "maxItems": 5, "parallel": 2, "actions": [{"wait": 0}]},
            {"stop": "rejected", "reason": "no"},
        )
    )
    assert made.actions is not None
    assert [type(step).__name__ for step in made.actions] == [
        "ActionDefinition",
        "PathsDefinition",
        "BranchDefinition",
        "ForEachDefinition",
        "StopDefinition",
    ]
    assert made.actions[0].timeout == 5_000  # type: ignore[union-attr] # the first step is an action
    assert made.actions[3].as_ == "order"  # type: ignore[union-attr] # the fourth is a loop


@together(
    "wrong",
    [
        {"wait": "1m", "stop": "failed"},
        {"label": "nothing to do"},
        {"wait": True},
        {"wait": {"until": "x", "or": "y"}},
        {"stop": "done"},
        {"actionType": "send_sms", "onFailure": "retry"},
        {"actionType": "send_sms", "requireApproval": "yes"},
        {"actionType": "send_sms", "timeout": 30},
        {"actionType": "send_sms", "retry": {"maximumAttempts": 0}},
        {"actionType": "send_sms", "retry": {"backoffCoefficient": 0.5}},
        {"actionType": "send_sms", "id": "Über"},
        {"actionType": "send_sms", "saveAs": "a-b"},
        {"actionType": "send_sms", "saveAs": "true"},
        {"paths": []},
        {"paths": [{"actions": []}]},
        {"paths": [{"actions": [{"wait": 1}]}], "onFailure": "hold"},
        {"forEach": "{{x}}", "actions": [{"wait": 1}], "maxItems": "5"},
        {"forEach": "{{x}}", "actions": [{"wait": 1}], "as": "loop"},
        "send_sms",
    ],
)
def test_steps_that_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        AutomationDefinition.model_validate(automation(wrong))


@pytest.mark.parametrize("name", ["inline", "event", "", "-a", "a b", "a/b", "x" * 101, "ü"])
def test_names_that_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        AutomationDefinition.model_validate(automation({"wait": 1}, name=name))


def test_there_is_one_body() -> None:
    both = automation({"wait": 1}, paths=[{"actions": [{"wait": 1}]}])
    for wrong in (both, {"name": "a", "trigger": {"event": "call.ended"}}):
        with pytest.raises(ValidationError, match="either `actions` or `paths`"):
            AutomationDefinition.model_validate(wrong)


def test_ids_are_made_from_labels_else_kinds_and_are_unique() -> None:
    data = automation(
        {"label": "Tell the Team!", "actionType": "send_sms"},
        {"label": "Tell the team", "actionType": "send_sms"},
        {"actionType": "kustomer.customer.create"},
        {"id": "tell-the-team-2", "wait": 1},
        {"label": "电话", "wait": 1},
        {"label": "Ä" * 100, "forEach": "{{x}}", "actions": [{"wait": 2}]},
    )
    ids = step_ids(data)
    assert list(ids.values()) == [
        "tell-the-team",
        "tell-the-team-3",
        "kustomer-customer-create",
        "tell-the-team-2",
        "wait",
        "a" * (MAX_ID - 6),
        "wait-2",
    ]


@given(
    st.lists(
        st.fixed_dictionaries(
            {}, optional={"label": st.text(max_size=80), "id": st.from_regex(r"[a-z0-9_-]{1,9}", fullmatch=True)}
        )
    )
)
def test_made_ids_are_valid_and_differ_from_all_others(drawn: list[dict[str, str]]) -> None:
    written = [step["id"] for step in drawn if "id" in step]
    ids = step_ids(automation(*({**step, "wait": 1} for step in drawn)))
    made = [ids[f"/actions/{index}"] for index, step in enumerate(drawn) if "id" not in step]
    assert all(0 < len(one) <= MAX_ID and one.isascii() for one in made)
    assert len({*made, *written}) == len(made) + len(set(written))


def test_an_added_step_leaves_labelled_ids_alone() -> None:
    before = automation({"label": "First", "wait": 1}, {"label": "Second", "wait": 1})
    after = automation({"label": "New", "wait": 1}, *before["actions"])
    assert set(step_ids(before).values()) < set(step_ids(after).values())


def test_steps_are_walked_in_the_order_of_the_definition() -> None:
    data = automation(
        {"paths": [{"actions": [{"wait": 1}]}, {"actions": [{"wait": 2}]}]},
        {"branch": [{"conditions": {}, "actions": [{"wait": 3}]}], "otherwise": [{"wait": 4}]},
    )
    assert [(place, depth) for place, _, depth in steps(data)] == [
        ("/actions/0", 1),
        ("/actions/0/paths/0/actions/0", 2),
        ("/actions/0/paths/1/actions/0", 2),
        ("/actions/1", 1),
        ("/actions/1/branch/0/actions/0", 2),
        ("/actions/1/otherwise/0", 2),
    ]
