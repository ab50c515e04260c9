"""Every action behaves as its cases say, and has a case for every kind of end that its contract can have."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
from pydantic.alias_generators import to_camel

from activities.action import Action
from activities.catalog import catalog
from activities.rest.endpoint import endpoint
from activities.rest.sign_in import client_credentials
from tests.activities.attempts import KEY
from tests.activities.cases import Case, cases, examples
from tests.activities.ends import ends, missing
from tests.activities.own_actions import count_words
from tests.activities.playing import play
from tests.activities.rest.rows import ACTIONS as ROWS
from tests.activities.rest.rows import DESK, Record, Which
from tests.together import together

ACTIONS = catalog()
ALL = cases()
OF_ACTION = {name: [case for case in ALL if case.action == name] for name in ACTIONS}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=lambda action: action.name)
async def test_an_action_behaves_as_its_cases_say(action: Action) -> None:
    @together("case", OF_ACTION[action.name], ids=lambda case: case.title)
    async def behaves(case: Case) -> None:
        await play(action, case)

    await behaves()


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
    assert any(example.config and (example.sent or action.local) for example in found), "it says what is sent"


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
        ("a: {found: []}", "needs `look`"),
        ("a: {error: Unhappy}", "Unavailable"),
        ("a: {result: {}}\na: {result: {}}", "'a' is given twice"),
        ("a: {result: {}", "is no YAML"),
        ("- a", "a mapping of their titles"),
        ("a: 5", "a mapping of its parts"),
        ("a: {answer: drop, exchanges: [{answer: drop}], error: Refused}", "not both"),
    ],
)
def test_what_is_no_case_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "acme.yml").write_text(text)
    with pytest.raises(ValueError, match=says) as wrong:
        cases(folder=tmp_path)
    assert re.match(r".*/cases/acme\.yml:\d+: ", str(wrong.value)), "it names file and line"


HELPDESK = {row.name: row for row in ROWS}


async def test_several_requests_stand_in_a_row(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "helpdesk.search.yml").write_text("""
every: {connections: {desk: {kind: helpdesk, site: acme, apiKey: key-1234567890}}}
two pages:
  config: {text: refund}
  exchanges:
    - request: {method: GET, path: /v1/search, query: {kind: ticket, text: refund}}
      answer: {json: {data: [{id: 1}], links: {next: "https://vendor.example.com/v1/search?page=2"}}}
    - request: {method: GET, path: "/v1/search?page=2"}
      answer: {json: {data: [{id: 2}], links: {next: null}}}
  result: {items: [{id: 1}, {id: 2}], complete: true}
""")
    (tmp_path / "cases" / "helpdesk.person_create.yml").write_text("""
every: {connections: {desk: {kind: helpdesk, site: acme, apiKey: key-1234567890}}}
asked after its answer got lost:
  look: after
  config: {fullName: Ada}
  exchanges:
    - {request: {path: /v1/people, json: {fullName: Ada, tags: []}}, answer: drop, marked: true}
    - request: {method: GET, path: "/v1/people?sort=newest"}
      answer: {json: {data: [{id: p1, attributes: {key: 0c9a4f5e-6a0e-5d8a-9d43-1d2f6f1f7c11}}], links: {next: null}}}
  found: [{found: true, id: p1, attributes: {key: 0c9a4f5e-6a0e-5d8a-9d43-1d2f6f1f7c11}}]
""")
    for case in cases(folder=tmp_path):
        await play(HELPDESK[case.action], case)


async def test_a_token_is_asked_for_at_its_own_host(tmp_path: Path) -> None:
    service = dataclasses.replace(
        DESK, sign_in=client_credentials("https://login.example.org/token", lambda _desk: ("id", "secret-1234567"))
    )
    action = endpoint(service, "helpdesk.get", "Get.", "GET /v1/x/{id}", Which, Record, example={"id": "1"})
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "helpdesk.get.yml").write_text("""
with a token:
  connections: {desk: {kind: helpdesk, site: acme, apiKey: key-1234567890}}
  config: {id: p1}
  exchanges:
    - request: {host: login.example.org, path: /token, form: {grant_type: client_credentials}}
      answer: {json: {access_token: token-12345678, token_type: bearer}}
    - request: {method: GET, path: /v1/x/p1, headers: {Authorization: Bearer token-12345678}}
      answer: {json: {data: {id: p1}}}
  includes: {id: p1}
""")
    (case,) = cases(folder=tmp_path)
    await play(action, case)
    with pytest.raises(AssertionError, match=r"helpdesk\.get\.yml:2: .*\n.*2 requests must come"):
        await play(HELPDESK["helpdesk.person_get"], case)


def test_a_case_knows_where_it_stands(tmp_path: Path) -> None:
    (tmp_path / "cases").mkdir()
    file = tmp_path / "cases" / "http_request.yml"
    file.write_text("""
every: {config: {method: POST, url: https://vendor.example.com/}}
plain: {includes: {status: 200}}
many:
  answer: {status: 400}
  each:
    first: {error: Refused}
    second: {error: Unavailable}
listed:
  each:
    - {answer: drop, error: OutcomeUnknown}
""")
    found = {case.title: case.where for case in cases(folder=tmp_path)}
    lines = {"plain": 3, "many: first": 7, "many: second": 8, "listed (1)": 11}
    assert found == {title: f"{file}:{line}" for title, line in lines.items()}


async def test_a_failure_names_file_and_line(tmp_path: Path) -> None:
    case = Case.model_validate({**GOOD, "marked": False, "where": "acme.yml:7"})
    with pytest.raises(AssertionError, match=r"^acme\.yml:7: http_request, 'a case':"):
        await play(ACTIONS["http_request"], case)


def test_the_documented_form_is_the_readers(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/cases.md").read_text(encoding="utf-8")
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "create_contact.yml").write_text(text.partition("```yaml\n")[2].partition("```")[0])
    found = cases(folder=tmp_path)
    assert [case.title for case in found][-2:] == ["failures are sorted (4)", "asked after its answer got lost"]
    assert found[0].traffic[0].marked
    for name in Case.model_fields.keys() - {"action", "title", "where", "look", "exchanges"}:
        assert f"`{to_camel(name)}`" in text.partition("| part | keys |")[2], f"docs/cases.md lacks {name}"


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
