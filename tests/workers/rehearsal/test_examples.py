"""Every example has tests that cover all of it, and Temporal's own server does what the rehearsal says."""

from __future__ import annotations

import json
import re
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.end_to_end.test_tutorial import as_printed
from tests.starts import Processes, some
from tests.workers.command import ROOT, call, surroundings
from tests.workers.rehearsal.stage import GET, definition, suite
from workers.definitions.folder import definition_files
from workers.rehearsal.real.differing import TOLERANCE, different
from workers.rehearsal.real.server import play_really, server_binary
from workers.rehearsal.suite.files import find

EXAMPLES = ROOT / "examples"
PAGE = (ROOT / "docs/testing.md").read_text(encoding="utf-8")


def test_every_example_has_tests() -> None:
    tested = {path.name.replace(".test.", ".") for path in find([EXAMPLES])}
    assert tested == {path.name for path in definition_files(EXAMPLES)}


def test_they_cover_everything() -> None:
    done = call("test", "examples", "--json", "--min-coverage", "100", cwd=ROOT)
    found = json.loads(done.out)
    assert (done.code, found["failed"], found["below"]) == (0, 0, []), done.out
    assert {file["coverage"]["percent"] for file in found["files"]} == {100.0}


def test_they_notice_nearly_every_mutant() -> None:
    done = call("test", *some(find([EXAMPLES])), "--json", "--min-mutants", "90", cwd=ROOT)
    found = json.loads(done.out)
    assert (done.code, found["failed"], found["below"]) == (0, 0, []), done.out
    for file in found["files"]:
        mutants = file["mutants"]
        assert mutants["percent"] >= 90
        assert mutants["excused"] <= 0.05 * mutants["of"]
        assert mutants["of"] == mutants["killed"] + mutants["excused"] + len(mutants["survivors"])


def test_temporals_own_server_agrees(processes: Processes) -> None:
    """In a process of its own, whose runtime of Temporal is."""
    command = [sys.executable, "-m", "trunkline", "test", "examples", "--real", "--json"]
    done = processes.run(command, check=False, capture_output=True, cwd=ROOT, env=surroundings(), timeout=240)
    found = json.loads(done.stdout)
    faults = [fault["message"] for file in found["files"] for case in file["cases"] for fault in case["faults"]]
    assert (faults, found["real"], done.returncode) == ([], True, 0)


def test_what_the_page_shows_is_what_is_printed() -> None:
    [command, output] = next(
        re.finditer(r"^```sh\ntrunkline (.+)\n```\n\n```text\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    ).groups()
    done = call(*command.split(), cwd=ROOT)
    assert as_printed(done.out, output), done.out


SAME = [
    ({"a": [1, "x"]}, {"a": [1, "x"]}),
    ("2026-11-23T09:00:00.000Z", "2026-11-23T09:00:04.900Z"),
    ("by 2026-11-23T09:00:00.000Z.", "by 2026-11-23T09:00:00.006Z."),
]
OTHERS = [
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {}),
    ([1], [1, 2]),
    ("2026-11-23T09:00:00.000Z", "2026-11-23T09:00:05.100Z"),
    ("by 2026-11-23T09:00:00.000Z.", "until 2026-11-23T09:00:00.000Z."),
    ("1", 1),
]


@pytest.mark.parametrize(("one", "other"), SAME, ids=str)
def test_instants_that_are_near_are_the_same(one: object, other: object) -> None:
    assert list(different(one, other, ())) == []


@pytest.mark.parametrize(("one", "other"), OTHERS, ids=str)
def test_everything_else_is_a_difference(one: object, other: object) -> None:
    assert len(list(different(one, other, ()))) == 1


def test_the_tolerance_is_what_the_page_says() -> None:
    assert timedelta(seconds=5) == TOLERANCE
    assert "5 s" in PAGE


def test_a_rehearsal_that_is_wrong_about_temporal_fails_its_case(tmp_path: Path, processes: Processes) -> None:
    """On a server, whose process is the SDK's own."""
    test = {"cases": [{"name": "a", "event": {}, "answers": {"look": {"status": 200}}}]}
    result = suite(tmp_path, definition({"wait": "3d"}, GET), test).files[0].result
    play_really(result, server_binary())
    assert result.failed == []
    result.results[0].seen.report["steps"][1]["attempts"] = 7
    play_really(result, server_binary())
    [fault] = result.results[0].faults
    assert fault.message == "On Temporal's server report.steps[1].attempts is 1, in the rehearsal 7."
