"""Changing a held request: in a person's editor, or by a script."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.engine import Engine, step
from tests.starts import Processes
from tests.workers.command import ROOT, Ended, address, on, surroundings
from tests.workers.definitions.documents import HELD, PARKS
from workers.cli.edits import difference
from workers.cli.inputs import read_deadline
from workers.errors import UsageError
from workflows.steps.edits import MOST_OPERATIONS, edited

LEAD = {"TRUNKLINE_USER": "lead@example.com"}
EDITABLE = HELD.replace("expiresAfter: 1h", "allowEdit: true")


def editor(folder: Path, code: str) -> str:
    """Return the command of an editor that does to `text`, the file's, what the code says."""
    script = folder / "editor.py"
    lines = ["import pathlib, sys", "path = pathlib.Path(sys.argv[-1])", "text = path.read_text()"]
    script.write_text("\n".join([*lines, code, "path.write_text(text)"]))
    return f"{sys.executable} {script} --wait"


async def hold(engine: Engine, definition: str = EDITABLE) -> tuple[Any, dict[str, Any]]:
    engine.define(definition)
    handle = await engine.start("held", engine.event({"order": {"total": 12}}))
    (found,) = await engine.held(handle)
    return handle, found


async def still_held(engine: Engine, handle: Any, held: dict[str, Any]) -> None:
    """Check that nothing has changed, and let the run end."""
    assert await handle.query("holds") == [held]
    await engine.decide(handle, hold="refund", decision="approve", by="lead@example.com")
    await engine.finish(handle)


def kept(ended: Ended) -> Path:
    """Return the file in which the command says that the text is kept."""
    return Path(ended.err.partition("is kept in ")[2].split()[0].rstrip("."))


async def test_what_the_editor_leaves_is_what_is_sent(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    handle, held = await hold(engine)
    command = editor(tmp_path, "text = text.replace(': 12', ': 5')")
    ended = await on(
        engine,
        "edit",
        handle.id,
        "refund",
        environment=LEAD,
        VISUAL=command,
        EDITOR="false",
        TMPDIR=str(tmp_path),
        processes=processes,
    )
    assert ended.code == 0, ended.err
    assert "/body/total: 12 → 5" in ended.out
    assert "This edit is lead@example.com's approval too" in ended.out
    assert "edited and approved by lead@example.com; the edited request is sent." in ended.out
    told = (await on(engine, "report", handle.id)).out
    assert "edited by lead@example.com at 20" in told
    assert "/body/total: 12 → 5" in told
    report = await engine.finish(handle)
    assert report["outcome"] == "completed"
    (sent,) = engine.receiver.to("/echo")
    assert sent.body == {"total": 5}
    (edit,) = step(report, "refund")["edited"]
    assert edit["before"]["digest"] == held["digest"]
    assert edit["edits"] == [{"op": "replace", "path": "/body/total", "value": 5}]
    assert not list(tmp_path.glob("trunkline-*")), "the draft is gone"


async def test_an_edit_that_needs_approval_voids_the_votes_and_is_shown(engine: Engine, tmp_path: Path) -> None:
    handle, held = await hold(engine, EDITABLE.replace("allowEdit: true", "allowEdit: needsApproval"))
    ended = await on(engine, "edit", handle.id, "refund", "--edits", '{"/body/total": 7}', "--json", environment=LEAD)
    assert (ended.code, ended.json["result"]) == (0, "needs_more")
    shown = await on(engine, "hold", "show", handle.id, "refund")
    assert f"by lead@example.com: {held['digest'][:12]}… became" in shown.out
    assert '"total": 7' in shown.out
    stale = await on(engine, "approve", handle.id, "refund", "--digest", held["digest"], "--json", environment=LEAD)
    assert (stale.code, stale.json["result"]) == (1, "digest_mismatch")
    assert (await on(engine, "approve", handle.id, "refund", environment=LEAD)).code == 0
    await engine.finish(handle)
    assert [sent.body for sent in engine.receiver.to("/echo")] == [{"total": 7}]


@pytest.mark.parametrize(
    ("code", "exit_code", "sentence"),
    [
        ("pass", 0, "Nothing was changed"),
        ("text = text.replace('{', '{ ')", 0, "Nothing was changed"),
        ("sys.exit(3)", 1, "ended with code 3: nothing was sent."),
    ],
)
async def test_an_editor_that_changes_nothing_or_fails_sends_nothing(
    engine: Engine, processes: Processes, tmp_path: Path, code: str, exit_code: int, sentence: str
) -> None:
    handle, held = await hold(engine)
    command = editor(tmp_path, code)
    ended = await on(
        engine, "edit", handle.id, "refund", environment=LEAD, EDITOR=command, TMPDIR=str(tmp_path), processes=processes
    )
    assert ended.code == exit_code
    assert sentence in ended.out + ended.err
    assert not list(tmp_path.glob("trunkline-*"))
    await still_held(engine, handle, held)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("text = text.replace('}', '', 1)", "not valid JSON"),
        ("text = '[]'", "a config is a JSON object"),
        ("text = '{\"a\": NaN}'", "NaN"),
        ("text = '[' * 200_000", "nested too deep"),
        ("path.write_text('{}'); sys.exit(1)", "ended with code 1"),
        ("text = text.replace('POST', 'SEND')", ""),
        ("text = text.replace(': 12', f': {2**60}')", ""),
    ],
)
async def test_what_was_written_is_never_lost(
    engine: Engine, processes: Processes, tmp_path: Path, code: str, sentence: str
) -> None:
    handle, held = await hold(engine)
    command = editor(tmp_path, code)
    ended = await on(
        engine, "edit", handle.id, "refund", environment=LEAD, EDITOR=command, TMPDIR=str(tmp_path), processes=processes
    )
    assert ended.code in {1, 2}
    assert sentence in ended.err
    (file,) = tmp_path.glob("trunkline-*")
    assert kept(ended) == file
    assert file.stat().st_mode & 0o777 == 0o600
    await still_held(engine, handle, held)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "set VISUAL or EDITOR"),
        ({"EDITOR": "no-such-editor-here"}, "'no-such-editor-here' cannot be started"),
        ({"EDITOR": "vi 'unclosed"}, "EDITOR is no command"),
    ],
)
async def test_an_editor_that_is_not_there_is_a_sentence(
    engine: Engine,
    processes: Processes,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    sentence: str,
) -> None:
    monkeypatch.delenv("EDITOR", raising=False)
    monkeypatch.delenv("VISUAL", raising=False)
    handle, held = await hold(engine)
    ended = await on(
        engine,
        "edit",
        handle.id,
        "refund",
        TMPDIR=str(tmp_path),
        environment={**LEAD, **variables},
        processes=processes,
    )
    assert ended.code == 2
    assert sentence in ended.err
    assert not list(tmp_path.glob("trunkline-*"))
    await still_held(engine, handle, held)


async def test_a_person_may_open_the_editor_again(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    handle, _ = await hold(engine)
    broken_first = "text = text[:-1].replace(': 12', ': 5') if text.endswith('x') else text + 'x'"
    command = editor(tmp_path, broken_first)

    def at_a_terminal() -> tuple[int, str]:
        ours, theirs = pty.openpty()
        process = processes.popen(
            [sys.executable, "-m", "workers.cli", "edit", handle.id, "refund"],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=surroundings(
                TEMPORAL_ADDRESS=address(engine), VISUAL=command, TMPDIR=str(tmp_path), TERM="dumb", **LEAD
            ),
            cwd=ROOT,
        )
        os.write(ours, b"y\n")
        out, _ = process.communicate(timeout=60)
        os.close(ours)
        os.close(theirs)
        return process.returncode, out

    code, out = await asyncio.to_thread(at_a_terminal)
    assert code == 0, out
    assert "Open the editor again? [Y/n]" in out
    await engine.finish(handle)
    assert [sent.body for sent in engine.receiver.to("/echo")] == [{"total": 5}]


async def test_what_may_not_be_edited_is_not_opened(engine: Engine, processes: Processes, tmp_path: Path) -> None:
    handle, held = await hold(engine, HELD)
    command = editor(tmp_path, "text = '{}'")
    ended = await on(
        engine, "edit", handle.id, "refund", environment=LEAD, EDITOR=command, TMPDIR=str(tmp_path), processes=processes
    )
    assert ended.code == 1
    assert "allowEdit" in ended.err
    scripted = await on(engine, "edit", handle.id, "refund", "--edits", '{"body": {}}', "--json", environment=LEAD)
    assert (scripted.code, scripted.json["result"]) == (1, "not_allowed")
    stale = await on(
        engine,
        "retry",
        handle.id,
        "refund",
        "--edit",
        "--digest",
        "0" * 64,
        environment=LEAD,
        EDITOR=command,
        processes=processes,
    )
    assert stale.code == 1
    assert "not the one you saw" in stale.err
    await still_held(engine, handle, held)


async def test_a_failed_step_is_retried_with_another_request(
    engine: Engine, processes: Processes, tmp_path: Path
) -> None:
    engine.define(PARKS)
    engine.receiver.answer("/missing", 404)
    for more in (["--edit"], ["--edits", "-"]):
        handle = await engine.start("parks", engine.event({"order": {}}))
        await engine.held(handle)
        stdin = json.dumps([{"op": "replace", "path": "/url", "value": f"{engine.receiver.url}/found"}]).encode()
        command = editor(tmp_path, "text = text.replace('/missing', '/found')")
        ended = await on(
            engine, "retry", handle.id, "ask", *more, "--by", "ann", EDITOR=command, stdin=stdin, processes=processes
        )
        assert ended.code == 0, ended.err
        report = await engine.finish(handle)
        assert report["outcome"] == "completed"
        assert step(report, "ask")["edited"][0]["by"] == "ann"
    assert len(engine.receiver.to("/found")) == 2


CONFIGS = [
    ({"a": 1}, {"a": True}),
    ({"a": 1}, {"a": 1.0}),
    ({"a": {"b/c": [1, 2, {"~": 3}]}}, {"a": {"b/c": [{"~": 4}, 2, 1]}, "n": None}),
    ({"a": [1, 2, 3], "b": "x"}, {"b": [1, 2, 3], "a": "x"}),
    ({"": 1, "a": 1}, {"": 2}),
    ({"a": list(range(300))}, {"a": [n * 2 for n in range(300)]}),
    ({f"k{n}": n for n in range(60)}, {f"k{n}": -n for n in range(40, 90)}),
]


@pytest.mark.parametrize(("before", "after"), CONFIGS)
def test_a_difference_makes_the_one_config_the_other(before: dict[str, Any], after: dict[str, Any]) -> None:
    edits = difference(before, after)
    assert len(edits) <= MOST_OPERATIONS
    result = edited(before, edits, [])
    assert json.dumps(result, sort_keys=True) == json.dumps(after, sort_keys=True)


def test_equal_configs_have_no_difference() -> None:
    assert difference({"a": [1, {"b": None}]}, {"a": [1, {"b": None}]}) == []


@pytest.mark.parametrize(
    ("text", "deadline"),
    [
        ("2d", "2d"),
        (" 90m ", "90m"),
        ("2027-01-31T17:00:00+01:00", "2027-01-31T16:00:00.000Z"),
        ("2027-01-31", "2027-01-31T00:00:00.000Z"),
    ],
)
def test_a_deadline_is_a_duration_or_an_instant(text: str, deadline: str) -> None:
    assert read_deadline(text) == deadline


@pytest.mark.parametrize("text", ["", "soon", "90", "2027-13-01", "-2d"])
def test_no_deadline_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError, match="no deadline"):
        read_deadline(text)
