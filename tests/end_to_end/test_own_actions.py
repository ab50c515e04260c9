"""Actions of a user's own: the module that the guide shows, outside the repository, in a real run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from activities.catalog import catalog
from tests.engine import Engine, step
from tests.starts import Processes

GUIDE = Path(__file__).parents[2] / "docs" / "adding-an-action.md"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The guide's module in a folder of its own."""
    (code,) = re.findall(r"```python\n(# acme_actions.py\n.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "acme_actions.py").write_text(code, encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    sys.modules.pop("acme_actions", None)


DEFINITION = """
name: remember
trigger: {event: test.fired, data: [contact]}
actions:
  - label: Remember
    actionType: create_contact
    config: {name: "{{contact.name}}", phone: "+15550100"}
    saveAs: added
  - label: Tell
    actionType: http_request
    config: {method: POST, url: RECEIVER/tell, body: {id: "{{variables.added.contactId}}"}}
"""


async def test_the_guides_action_runs(engine: Engine, module: Path) -> None:
    engine.actions = catalog(["acme_actions"])
    engine.connections["book"] = {"kind": "addressbook", "token": "book-token-123456", "baseUrl": engine.receiver.url}
    engine.receiver.answer("/contacts", 429)
    engine.receiver.answer("/contacts", 201, {"id": "c7"})
    engine.define(DEFINITION)
    report = await engine.run("remember", engine.event({"contact": {"name": "Ada"}}))
    assert report["outcome"] == "completed"
    assert step(report, "Remember")["attempts"] == 2
    assert engine.receiver.to("/contacts")[-1].body == {"name": "Ada", "phone": "+15550100"}
    assert engine.receiver.to("/contacts")[-1].headers["authorization"] == "Bearer book-token-123456"
    assert engine.receiver.to("/tell")[0].body == {"id": "c7"}


def test_the_command_line_knows_it(processes: Processes, module: Path, tmp_path: Path) -> None:
    def trunkline(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(module), "TRUNKLINE_ACTIONS": "acme_actions", "NO_COLOR": "1"}
        return processes.run(
            [sys.executable, "-m", "workers.cli", *words], env=environment, capture_output=True, text=True, check=False
        )

    shown = trunkline("actions", "create_contact")
    assert shown.returncode == 0, shown.stderr
    assert "Add a contact to the address book." in shown.stdout
    file = tmp_path / "remember.yaml"
    file.write_text(DEFINITION.replace("RECEIVER", "https://example.com").replace("phone:", "phonne:"))
    judged = trunkline("validate", str(file))
    assert judged.returncode == 1
    assert "phonne" in judged.stdout
    assert "phone" in judged.stdout.replace("phonne", "")
