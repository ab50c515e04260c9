"""What commands print hides nothing from who reads it on a terminal, and is JSON in ASCII for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine import Engine
from tests.workers.command import call, on
from tests.workers.definitions.documents import HELD

TURNED = "\u202etxt.exe \x1b[2J\u200b \u2066né"
"""Turns text around, clears the screen, and hides a character."""


@pytest.mark.parametrize("command", [["holds"], ["report", "RUN"]])
async def test_json_is_ascii_and_lines_hide_nothing(engine: Engine, command: list[str]) -> None:
    engine.define(HELD.replace("label: Refund the order", 'label: "Refund {{order.total}}"'))
    handle = await engine.start("held", engine.event({"order": {"total": TURNED}}))
    await engine.held(handle)
    arguments = [handle.id if word == "RUN" else word for word in command]
    scripted = await on(engine, *arguments, "--json")
    assert scripted.out.isascii()
    assert json.loads(scripted.out) == scripted.json
    if command[0] != "report":
        assert TURNED in json.dumps(scripted.json, ensure_ascii=False).replace("\\u001b", "\x1b")
    for text in ((await on(engine, *arguments)).out, scripted.err):
        assert not set("\u202e\x1b\u200b\u2066") & set(text)
    await handle.terminate()


def test_problems_of_a_file_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(
        'name: bad\ntrigger: {event: a.b}\nactions: [{actionType: "x\\u202ey\\u200b"}]\n'
    )
    machine, human = call("validate", str(tmp_path), "--json"), call("validate", str(tmp_path))
    assert machine.out.isascii()
    assert not set("\u202e\u200b") & set(human.out)
    assert "u202e" in human.out


@pytest.mark.parametrize("command", [["schema"], ["actions", "--json"], ["actions", "send_sms", "--json"]])
def test_what_describes_the_language_is_ascii(command: list[str]) -> None:
    assert call(*command).out.isascii()


def test_a_refusal_hides_nothing(tmp_path: Path) -> None:
    ended = call("validate", str(tmp_path / "no\u202ewhere"))
    assert ended.code
    assert "\u202e" not in ended.err
