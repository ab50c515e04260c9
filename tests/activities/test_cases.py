"""Every action behaves as its cases say, and has a case for every kind of end that its contract can have."""

from __future__ import annotations

from pathlib import Path

import pytest

from activities.action import Action
from activities.catalog import catalog
from tests.activities.attempts import KEY
from tests.activities.cases import Case, cases, examples
from tests.activities.ends import ends, missing
from tests.activities.own_actions import count_words
from tests.activities.playing import play

ACTIONS = catalog()
ALL = cases()


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.action}: {case.title}")
async def test_case(case: Case) -> None:
    await play(ACTIONS[case.action], case)


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_every_kind_of_end_has_a_case(action: Action) -> None:
    lacks = missing(action, cases(action.name))
    assert not lacks, "\n".join(lacks)


def test_every_file_is_an_actions() -> None:
    unknown = {case.action for case in ALL} - set(ACTIONS)
    assert not unknown, f"cases of no action: {', '.join(sorted(unknown))}"


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
def test_there_are_examples_for_the_reference(action: Action) -> None:
    found = examples(action.name)
    assert found, f"write a successful case with a whole `result` for {action.name}"
    assert all(example.config and example.result is not None for example in found)


def test_what_is_missing_is_said_in_one_sentence() -> None:
    assert missing(ACTIONS["send_sms"], []) == [
        f"write a case of kind {kind} in tests/activities/sms/cases/send_sms.yml" for kind in ends(ACTIONS["send_sms"])
    ]
    assert {*ends(ACTIONS["send_sms"])} >= {
        "success",
        "Refused",
        "Unavailable",
        "Unavailable with retryAfter",
        "OutcomeUnknown",
        "ResultTooLarge",
        "success with `marked: true`",
        "look-up that finds it",
        "look-up that finds nothing",
    }
    assert "success whose request carries the idempotency key" in ends(ACTIONS["send_webhook"])
    assert [*ends(count_words)] == ["success"], "a local action has no other end"


GOOD = {
    "action": "http_request",
    "title": "a case",
    "config": {"method": "POST", "url": "https://vendor.example.com/a?b=1", "body": {"n": 1}},
    "request": {
        "method": "POST",
        "path": "/a?b=1",
        "json": {"n": 1},
        "headers": {"Idempotency-Key": KEY, "X-No": None},
    },
    "answer": {"status": 201, "json": {"id": 7}},
    "marked": True,
    "includes": {"status": 201, "body": {"id": 7}},
}


async def test_a_case_that_is_right_passes() -> None:
    await play(ACTIONS["http_request"], Case.model_validate(GOOD))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"request": {**GOOD["request"], "method": "PUT"}}, "method: expected 'PUT', got 'POST'"),  # type: ignore[dict-item] # it is a mapping
        ({"request": {**GOOD["request"], "path": "/b"}}, "path: expected '/b'"),  # type: ignore[dict-item] # same
        ({"request": {**GOOD["request"], "json": {"n": 1.0}}}, "json.n: expected 1.0, got 1"),  # type: ignore[dict-item] # same
        ({"request": {**GOOD["request"], "json": {}}}, "json.n must not be there"),  # type: ignore[dict-item] # same
        ({"request": {**GOOD["request"], "headers": {"Content-Type": None}}}, "header Content-Type"),  # type: ignore[dict-item] # same
        ({"request": {"path": "/a?b=1"}}, "text: expected ''"),
        ({"request": "none"}, "0 requests must come; there came POST /a?b=1"),
        ({"marked": False}, "marked before the requests [0]"),
        ({"includes": {"body": {"id": 8}}}, "result.body.id: expected 8, got 7"),
        ({"answer": {"status": 400}}, "it must succeed; it was Refused"),
        ({"answer": "drop"}, "it must succeed; it was OutcomeUnknown"),
        ({"answer": {"status": 201, "json": {"id": 7}}, "resultLimit": 10}, "it was ResultTooLarge"),
    ],
)
async def test_a_case_that_is_wrong_fails_and_says_where(change: dict[str, object], says: str) -> None:
    with pytest.raises(AssertionError) as wrong:
        await play(ACTIONS["http_request"], Case.model_validate({**GOOD, **change}))
    assert says in str(wrong.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {config: {}}", "give one of result, includes, found, error"),
        ("a: {config: {}, result: {}, error: Refused}", "give one of result"),
        ("a: {confg: {}, result: {}}", "Extra inputs"),
        ("a: {found: []}", "needs `look: true`"),
        ("a: {error: Unhappy}", "Unavailable"),
        ("a: {result: {}}\na: {result: {}}", "'a' is given twice"),
        ("a: {answer: drop, exchanges: [{answer: drop}], error: Refused}", "not both"),
    ],
)
def test_what_is_no_case_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "acme.yml").write_text(text)
    with pytest.raises(ValueError, match=says):
        cases(folder=tmp_path)


def test_variants_are_laid_over_what_they_begin_with(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "acme.yml").write_text("""
every: {config: {a: 1}, answer: {status: 201}, result: {}}
plain: {}
many:
  config: {b: 2}
  each:
    twice: {config: {a: 3}}
    fails: {answer: drop, error: OutcomeUnknown}
listed:
  each: [{request: none, error: Refused}]
""")
    plain, twice, fails, listed = cases(folder=tmp_path)
    assert (plain.title, plain.config, plain.result) == ("plain", {"a": 1}, {})
    assert (twice.title, twice.config) == ("many: twice", {"a": 3, "b": 2})
    assert (fails.result, fails.error is not None and fails.error.type) == (None, "OutcomeUnknown")
    assert (listed.title, listed.traffic) == ("listed (1)", [])
