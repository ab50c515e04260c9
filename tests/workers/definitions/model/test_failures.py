from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tests.together import together
from workers.definitions.model.automation import RuleDefinition


def test_a_rule_is_for_one_class_or_for_several() -> None:
    assert RuleDefinition.model_validate({"when": "timeout", "do": "hold"}).classes == ["timeout"]
    several = RuleDefinition.model_validate(
        {"when": ["timeout", "http_429"], "do": "retry", "attempts": 100, "delay": "1m"}
    )
    assert (several.classes, several.attempts, several.delay) == (["timeout", "http_429"], 100, 60_000)


@together(
    "wrong",
    [
        {"when": "timeout"},
        {"do": "hold"},
        {"when": [], "do": "hold"},
        {"when": "http_500", "do": "hold"},
        {"when": ["timeout", 5], "do": "hold"},
        {"when": "timeout", "do": "skip"},
        {"when": "timeout", "do": "retry", "attempts": 0},
        {"when": "timeout", "do": "retry", "attempts": 101},
        {"when": "timeout", "do": "retry", "delay": "soon"},
        {"when": "timeout", "do": "retry", "within": "1h"},
    ],
)
def test_rules_that_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        RuleDefinition.model_validate(wrong)
