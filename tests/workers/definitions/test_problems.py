from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.together import together
from tests.workers.actions_sample import SAMPLE
from workers.definitions.loading import Source, UnreadableFileError, read
from workers.definitions.planning import check
from workers.definitions.problems import CODES, Problem, document, listed, nearest, problem

ROOT = Path(__file__).parents[3]
BAD = sorted((ROOT / "tests/workers/definitions/bad").rglob("*.yaml"))
EXPECTED = re.compile(rb"# expect: (.*)")


def expected(path: Path) -> list[str]:
    match = EXPECTED.match(path.read_bytes())
    assert match, f"{path} must begin with `# expect: code:line, …`."
    return sorted(match[1].decode().split(", "))


def found(path: Path) -> list[Problem]:
    try:
        data, source = read(path)
    except UnreadableFileError as unreadable:
        return [unreadable.problem]
    return check(data, source, SAMPLE)[1]


@together("path", [path for path in BAD if path.parent.name == "bad"], ids=lambda path: path.stem)
def test_each_bad_definition_has_exactly_its_problems(path: Path) -> None:
    assert sorted(f"{one.code}:{one.line}" for one in found(path)) == expected(path)


@together("path", [path for path in BAD if path.parent.name == "bad"], ids=lambda path: path.stem)
def test_each_problem_is_a_sentence_at_a_place(path: Path) -> None:
    for one in found(path):
        assert one.message.endswith((".", "?")), one
        assert one.message[0] in "`'" or not one.message[0].islower(), one
        assert one.file == str(path)
        assert one.severity == CODES[one.code].severity


def test_every_code_has_a_bad_definition() -> None:
    shown = {entry.partition(":")[0] for path in BAD for entry in expected(path)}
    wrong = {code for code, entry in CODES.items() if entry.severity != "advice"}
    assert wrong - shown == set(), "Add a file to tests/workers/definitions/bad for these codes."


def test_codes_are_kebab_case_with_one_sentence() -> None:
    for code, entry in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)+", code)
        assert entry.meaning.endswith(".")


def test_the_page_of_problems_is_up_to_date() -> None:
    page = (ROOT / "docs/problems.md").read_text(encoding="utf-8")
    assert page == document(), "Run `.venv/bin/python -m workers.definitions.problems > docs/problems.md`."


def test_a_problem_reads_as_a_line_and_as_json() -> None:
    one = problem(
        "unknown-key", "There is no key 'x'.", hint="did you mean y?", file="a.yaml", line=3, column=5, step="s"
    )
    assert str(one) == "a.yaml:3:5: unknown-key: There is no key 'x'. (Did you mean y?)"
    assert json.loads(json.dumps(one.to_json())) == {
        "code": "unknown-key",
        "severity": "problem",
        "file": "a.yaml",
        "line": 3,
        "column": 5,
        "step": "s",
        "message": "There is no key 'x'.",
        "hint": "Did you mean y?",
    }
    assert str(problem("plain-http", "It is.")) == "warning: plain-http: It is."


def test_the_nearest_name_is_found_whatever_its_case() -> None:
    assert nearest("actiontype", ["actionType", "config"]) == "Did you mean actionType?"
    assert nearest("zzz", ["actionType"]) is None


def test_lists_are_cut() -> None:
    assert listed("a") == "a"
    assert listed("abc") == "a, b and c"
    assert listed("abcd", most=2) == "a, b and 2 more"


@pytest.mark.parametrize(
    ("once", "codes"),
    [
        ("{{contact.id}}", []),
        ("{{event.source}}/{{event.id}}", []),
        ("always", ["bad-once"]),
        ("{% assign x = 1 %}{{x}}", ["bad-once"]),
        ("{{contact.id}}-{{today}}", ["bad-once"]),
        ("{{variables.x}}", ["bad-once"]),
        ("{{run.id}}", ["bad-once"]),
        ("{{secrets.x}}", ["misplaced-secret"]),
        ("{{contact.id", ["bad-template"]),
        ("{{nothing.id}}", ["unknown-root"]),
        ("", ["out-of-range"]),
        (7, ["wrong-type"]),
    ],
)
def test_once_is_made_of_the_event(once: object, codes: list[str]) -> None:
    definition = {"name": "x", "trigger": {"event": "call.ended", "once": once}, "actions": [{"stop": "completed"}]}
    assert [one.code for one in check(definition, Source(), SAMPLE)[1]] == codes
