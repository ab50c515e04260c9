"""`trunkline replay`: histories from files, and what is said of one that this version cannot take over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.histories.features import KEY
from tests.workers.command import call

HISTORIES = Path(__file__).parents[2] / "histories" / "0.1.0"


def altered(name: str, folder: Path, change: dict[str, str]) -> Path:
    text = (HISTORIES / f"{name}.json").read_text()
    for was, now in change.items():
        assert was in text
        text = text.replace(was, now)
    (folder / f"{name}.json").write_text(text)
    return folder / f"{name}.json"


def test_files_and_folders_are_replayed(tmp_path: Path) -> None:
    folder = tmp_path / "inner" / "more"
    folder.mkdir(parents=True)
    altered("loop.1", folder, {})
    fresh = json.loads((HISTORIES / "quorum.1.json").read_text())
    fresh["events"] = fresh["events"][:2]
    (folder / "no-task-yet.json").write_text(json.dumps(fresh))
    listed = json.loads((HISTORIES / "gate.1.json").read_text())["events"]
    (folder / "as-a-list.json").write_text(json.dumps(listed))
    ended = call("replay", tmp_path, HISTORIES / "approval.1.json")
    assert (ended.code, ended.out, ended.err) == (0, "4 histories: 4 replayed, 0 could not be.\n", "")


def test_one_sentence_for_each_that_does_not_replay(tmp_path: Path) -> None:
    other = altered("loop.1", tmp_path, {"http_request": "api_request"})
    ended = call("replay", other, HISTORIES / "approval.1.json", "--json")
    assert ended.code == 1
    assert ended.err == ""
    wrong, right = ended.json
    assert (right["replays"], "why" in right) == (True, False)
    assert (wrong["replays"], wrong["from"], wrong["automation"]) == (False, str(other), "recorded")
    assert wrong["why"] == (
        "This version would do something else. Activity type of scheduled event 'api_request' does not match activity "
        "type of activity command 'http_request'"
    )
    shown = call("replay", other)
    assert shown.code == 1
    assert wrong["run"] in shown.out
    assert shown.out.endswith("1 history: 0 replayed, 1 could not be.\n")


def test_an_encrypted_history_needs_its_key() -> None:
    without = call("replay", HISTORIES / "encryption.1.json", "--json")
    assert without.code == 1
    [found] = without.json
    assert found["why"].startswith("It cannot be replayed. This is encrypted under the key 'recorded'")
    assert "\n" not in found["why"]
    other = call("replay", HISTORIES / "encryption.1.json", "--json", TRUNKLINE_ENCRYPTION_KEYS=f"other:{KEY[9:]}")
    assert other.json == without.json, "what is wrong is said where failures are encrypted, too"
    assert call("replay", HISTORIES / "encryption.1.json", TRUNKLINE_ENCRYPTION_KEYS=KEY).code == 0


@pytest.mark.parametrize(
    ("arguments", "content", "code", "says"),
    [
        ([], None, 2, "files or folders with histories, or --last N"),
        (["--last", "0"], None, 2, "1 or more"),
        (["x.json", "--last", "3"], None, 2, "files or folders with histories, or --last N"),
        (["missing.json"], None, 4, "There is no history missing.json."),
        (["."], None, 4, "has no *.json file"),
        (["x.json"], "{", 2, "x.json is no history: export one with"),
        (["x.json"], {"events": []}, 2, "x.json is no history"),
        (["x.json"], {"events": [{"eventId": "1"}]}, 2, "x.json is no history"),
        (["x.json"], {"events": [{"workflowExecutionStartedEventAttributes": {"input": 1}}]}, 2, "is no history"),
        (["x.json"], [3], 2, "x.json is no history"),
    ],
)
def test_what_is_no_history_is_said(arguments: list[str], content: Any, code: int, says: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "x.json").write_text(content if isinstance(content, str) else json.dumps(content))
    ended = call("replay", *arguments, cwd=tmp_path)
    assert ended.code == code
    assert says in " ".join(ended.err.split())
