"""What is too large to be remembered is refused before anybody is asked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from activities.values.remember import ValueChange
from trunkline.keyed import LARGEST_VALUE, LONGEST_KEY


def test_a_key_and_a_value_have_bounds() -> None:
    ValueChange.model_validate({"key": "k" * LONGEST_KEY, "value": "v" * (LARGEST_VALUE - 2)})
    for config in (
        {"key": "k" * (LONGEST_KEY + 1), "value": 1},
        {"key": "k", "value": "v" * (LARGEST_VALUE - 1)},
        {"key": "k", "value": "ü" * (LARGEST_VALUE // 2)},
        {"key": "k", "add": float("inf")},
        {"key": "k", "add": True},
    ):
        with pytest.raises(ValidationError):
            ValueChange.model_validate(config)
