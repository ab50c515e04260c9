"""A key that says how a hold is decided stands in the definition, the plan, the hold and the history, under one table."""

from __future__ import annotations

import dataclasses
from typing import get_type_hints

import pytest

from trunkline.wire import PolicyRecord
from workers.definitions.model.approvals import ApprovalDefinition, BandDefinition
from workflows.hold_rules import HOLD_RULES, HoldRules
from workflows.holds.hold import Hold


def test_every_rule_of_holds_has_its_row() -> None:
    assert HOLD_RULES.keys() == get_type_hints(HoldRules).keys()


@pytest.mark.parametrize("name", HOLD_RULES)
def test_a_rule_is_known_wherever_it_must_be_written(name: str) -> None:
    rule = HOLD_RULES[name]
    for model in (ApprovalDefinition, BandDefinition):
        assert name in {info.alias for info in model.model_fields.values()}, f"{model.__name__} has no {name}"
    if rule.record is not None:
        fields = {field.name: field.default for field in dataclasses.fields(Hold)}
        assert fields.get(name) == rule.otherwise, f"a Hold has no {name}, or begins with another value"
        assert rule.record in get_type_hints(PolicyRecord), f"PolicyRecord has no {rule.record}"


@pytest.mark.parametrize("name", HOLD_RULES)
def test_of_two_values_one_is_stricter(name: str) -> None:
    rule = HOLD_RULES[name]
    values = {"quorum": (1, 3), "selfApproval": (True, False), "allowEdit": ("needsApproval", False)}
    loose, strict = values.get(name, (False, True))
    assert rule.stricter(loose, strict) == rule.stricter(strict, loose) == strict
