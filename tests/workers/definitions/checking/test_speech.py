"""Models for speech that a language does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.catalog import catalog
from activities.speech.languages import lack
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


@pytest.mark.parametrize(
    ("language", "model", "enhanced", "sentence", "hint"),
    [
        ("ko-KR", "phone_call", False, "no model phone_call for ko-KR", "telephony"),  # of telephones it has another
        ("hi-IN", "phone_call", True, "no model phone_call for hi-IN", "telephony"),
        ("en-IN", "phone_call", False, "no model phone_call for en-IN", "latest_long"),
        ("es-MX", "telephony", False, "no model telephony for es-MX", "telephony_short"),
        ("af-ZA", "latest_long", False, "no model latest_long for af-ZA", "command_and_search"),
        ("xh-ZA", "default", False, "no model default for xh-ZA", "latest_short"),
        ("en", "phone_call", False, "no model phone_call for en", "en-AU or en-GB or en-US"),
        ("qq-QQ", "video", False, "no model video for qq-QQ", "leave it out"),
        ("en-US", "phone_cal", False, "has no model phone_cal", "did you mean phone_call?"),
        ("en-US", "新しい", False, "has no model", "there are default"),
        ("en-US", "telephony", True, "no enhanced version of the model telephony", "leave"),
        ("cs-CZ", None, True, "no enhanced model for cs-CZ", "leave"),
    ],
)
def test_a_lack_is_said_with_what_there_is(
    language: str, model: str | None, enhanced: bool, sentence: str, hint: str
) -> None:
    found = lack(language, model, enhanced=enhanced)
    assert found is not None
    assert sentence in found.sentence
    assert hint in found.hint


@pytest.mark.parametrize(
    ("language", "model", "enhanced"),
    [
        *(
            ("EN-us", "phone_call", True),
            ("ru-RU", "phone_call", True),
            ("en-US", "video", True),
            ("de-DE", None, True),
        ),
        *(("cs-CZ", "latest_short", False), ("es-MX", "telephony_short", False), ("en", None, False)),
        *(("en", "default", False), ("qq-QQ", "command_and_search", False)),  # perhaps of the local model, or newer
    ],
)
def test_what_there_is_and_what_nobody_knows_is_no_lack(language: str, model: str | None, enhanced: bool) -> None:
    assert lack(language, model, enhanced=enhanced) is None
