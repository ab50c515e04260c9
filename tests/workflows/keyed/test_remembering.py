"""What `remember` and `recall` mean, step by step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from trunkline.keyed import LARGEST_VALUE, LastingValue, RememberAnswer
from workflows.keyed.remembering import ChangeError, recalled, remembered

NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
HOUR = 3_600_000


def play(*changes: tuple[float, dict[str, Any]]) -> list[RememberAnswer]:
    """Return the answers to changes, each so many hours after the beginning."""
    kept: LastingValue | None = None
    answers = []
    for hours, change in changes:
        whole: Any = {"step": "s", "lasts": HOUR, **change}
        kept, answer = remembered(kept, whole, NOW + timedelta(hours=hours))
        answers.append(answer)
    return answers


def test_a_value_lasts_from_the_last_time_it_was_stored() -> None:
    first, same, other, late = play(
        (0, {"value": {"a": 1}}), (0.9, {"value": {"a": 1.0}}), (1.8, {"value": 2}), (2.8, {"value": 2})
    )
    assert first == {"first": True, "before": None, "value": {"a": 1}, "changed": True, "stored": True}
    assert (same["first"], same["changed"]) == (False, False)
    assert (other["before"], other["changed"]) == ({"a": 1.0}, True)
    assert late == {"first": True, "before": None, "value": 2, "changed": True, "stored": True}


def test_a_sum_lasts_from_the_first_number_on() -> None:
    answers = play((0, {"add": 1}), (0.5, {"add": 2}), (0.99, {"add": 0}), (1, {"add": 1}))
    assert [(answer["first"], answer["value"], answer["changed"]) for answer in answers] == [
        (True, 1, True),
        (False, 3, True),
        (False, 3, False),
        (True, 1, True),
    ]


def test_what_is_no_number_counts_as_nothing() -> None:
    for other in ("7", True, None, [7]):
        assert play((0, {"value": other}), (0, {"add": 2}))[1] == {
            "first": False,
            "before": other,
            "value": 2,
            "changed": True,
            "stored": True,
        }


def test_what_is_there_is_kept_where_nothing_may_be() -> None:
    _, kept, again, anew = play(
        (0, {"value": 1}),
        (0.9, {"value": 2, "absent": True}),
        (1, {"value": 3, "absent": True}),
        (1.5, {"value": 4, "absent": True}),
    )
    assert kept == {"first": False, "before": 1, "value": 1, "changed": False, "stored": False}
    assert (again["first"], again["value"], again["stored"]) == (True, 3, True), "its time did not begin anew"
    assert (anew["value"], anew["stored"]) == (3, False)


def test_true_is_no_one() -> None:
    assert play((0, {"value": 1}), (0, {"value": True}))[1]["changed"]


def test_nothing_is_found_once_its_time_is_over() -> None:
    kept: LastingValue = {"value": None, "until": (NOW + timedelta(hours=1)).isoformat()}
    assert recalled(kept, NOW) == {"found": True, "value": None}
    assert recalled(kept, NOW + timedelta(hours=1)) == recalled(None, NOW) == {"found": False, "value": None}


def test_what_is_too_large_is_not_kept() -> None:
    with pytest.raises(ChangeError, match="at most 16,384 bytes"):
        play((0, {"value": "v" * LARGEST_VALUE}))
    with pytest.raises(ChangeError, match="larger than a number"):
        play((0, {"value": 1e308}), (0, {"add": 1e308}))
