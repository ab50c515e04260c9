"""Models for speech that a language does not have."""

from __future__ import annotations

from pathlib import Path

from activities.catalog import catalog
from tests.workers.definitions.test_problems import expected
from workers.definitions.loading import read
from workers.definitions.planning import check

FILE = Path(__file__).parents[1] / "bad/speech/unknown-model.yaml"


def test_a_language_without_such_a_model_is_a_warning() -> None:
    data, source = read(FILE)
    made, problems = check(data, source, catalog())
    assert made is not None
    assert sorted(f"{one.code}:{one.line}" for one in problems) == expected(FILE)
    assert problems[0].message == "Google lists no model phone_call for cs-CZ."
