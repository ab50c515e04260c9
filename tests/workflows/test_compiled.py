"""Policies and their bands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from workflows.compiled import compile_policy
from workflows.language.condition import Condition
from workflows.program import Group, Policy

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OVER = {"field": "request.config.amount", "operator": "greater_than", "value": 1000}


def under(plan: dict[str, Any], amount: Any) -> Policy:
    roots = {"request": {"config": {"amount": amount}}}

    def applies(when: Condition) -> bool:
        return when.may_hold(roots, NOW)

    return compile_policy(plan, ()).under(applies)


@pytest.mark.parametrize(("amount", "quorum"), [(5, 1), (1000, 1), (1001, 2), ("1001", 2), ("a lot", 2), (None, 2)])
def test_a_band_that_cannot_be_judged_applies(amount: Any, quorum: int) -> None:
    assert under({"bands": [{"when": {"all": [OVER]}, "quorum": 2}]}, amount).rules["quorum"] == quorum


def test_bands_only_make_a_policy_stricter() -> None:
    loose = {"quorum": 1, "selfApproval": True, "rejectNeedsReason": False, "allowEdit": True, "verified": False}
    strict = {
        "quorum": 3,
        "selfApproval": False,
        "rejectNeedsReason": True,
        "allowEdit": "needsApproval",
        "verified": True,
    }
    rules = under({**strict, "bands": [{"when": {"all": []}, **loose}]}, 1).rules
    assert (rules["quorum"], rules["selfApproval"], rules["rejectNeedsReason"]) == (3, False, True)
    assert (rules["allowEdit"], rules["verified"]) == ("needsApproval", True)
    rules = under(
        {**loose, "bands": [{"when": {"all": []}, **strict}, {"when": {"all": []}, "allowEdit": False}]}, 1
    ).rules
    assert (rules["quorum"], rules["selfApproval"], rules["rejectNeedsReason"]) == (3, False, True)
    assert (rules["allowEdit"], rules["verified"]) == (False, True)


def test_the_last_band_that_applies_names_the_approvers() -> None:
    plan = {
        "approvers": ["lead@example.com"],
        "bands": [
            {"when": {"all": [OVER]}, "approvers": ["group:finance"]},
            {"when": {"field": "request.config.amount", "operator": "greater_than", "value": 9000}, "approvers": ["b"]},
        ],
    }
    assert under(plan, 5000).approvers == (Group(name="finance"),)
    assert under(plan, 5).approvers != under(plan, 5000).approvers
    (boss,) = under(plan, 10_000).approvers or ()
    assert not isinstance(boss, Group)


def test_only_what_the_author_wrote_is_a_group() -> None:
    (one, other) = compile_policy({"approvers": ["group:finance", "{{ticket.owner}}"]}, ()).approvers or ()
    assert isinstance(one, Group)
    assert not isinstance(other, Group)


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        ({"all": [{"field": "a", "operator": "greater_than", "value": 1}]}, True),
        (
            {"all": [{"field": "a", "operator": "greater_than", "value": 1}, {"field": "b", "operator": "exists"}]},
            False,
        ),
        ({"any": [{"field": "a", "operator": "greater_than", "value": 1}, {"field": "b", "operator": "exists"}]}, True),
        ({"not": {"field": "a", "operator": "greater_than", "value": 1}}, True),
        ({"not": {"field": "c", "operator": "equals", "value": 1}}, False),
        ({"field": "a", "operator": "equals", "value": 1}, False),
        ({"field": "c", "operator": "contains", "value": 1}, True),
        ({"field": "c", "operator": "in", "value": [1]}, True),
        ({"field": "a", "operator": "matches", "value": "x"}, True),
    ],
)
def test_a_condition_may_hold_where_nobody_can_tell(condition: dict[str, Any], may: bool) -> None:
    (band,) = compile_policy({"bands": [{"when": condition}]}, ()).bands
    assert band.when.may_hold({"c": 1}, NOW) is may
