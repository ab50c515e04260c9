"""Every history that was ever recorded replays: whoever runs a release has runs in flight with such histories."""

from __future__ import annotations

import json
from base64 import b64encode
from importlib.metadata import version
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from tests.histories.features import FEATURES, KEY
from workers.payloads.converter import data_converter
from workers.process.replaying import replayer
from workflows.steps import send

FOLDER = Path(__file__).parent
RECORDED = sorted(FOLDER.glob("*/*.json"))
"""Of each version, and under `killed` those of runs whose workers a storm has killed."""
VERSIONS = sorted(folder.name for folder in FOLDER.iterdir() if any(folder.glob("*.json")))


def history(path: Path) -> WorkflowHistory:
    """Return a history under the id that its run had: what it started has an id that is made of it."""
    text = path.read_text(encoding="utf-8")
    run = json.loads(text)["events"][0]["workflowExecutionStartedEventAttributes"]["workflowId"]
    return WorkflowHistory.from_json(run, text)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_recorded_history_replays(path: Path) -> None:
    """If it does not: see CONTRIBUTING, "Histories"."""
    await replayer(data_converter([KEY])).replay_workflow(history(path))


def test_this_version_has_a_history_of_each_feature() -> None:
    recorded = {path.name.partition(".")[0] for path in RECORDED if path.parent.name == version("trunkline")}
    assert recorded == set(FEATURES), "python -m scripts.record_histories"


def test_histories_show_what_they_are_recorded_for() -> None:
    newest = FOLDER / version("trunkline")
    assert "workflowExecutionContinuedAsNewEventAttributes" in (newest / "continue-as-new.1.json").read_text()
    assert "RESET_WORKFLOW" in (newest / "reset.2.json").read_text()
    assert b64encode(b"binary/encrypted").decode() in (newest / "encryption.1.json").read_text()
    assert "workflowExecutionContinuedAsNewEventAttributes" in (newest / "parked.1.json").read_text()
    assert "startChildWorkflowExecutionInitiatedEventAttributes" in (newest / "starter.1.json").read_text()
    asked = (newest / "call-continued.2.json").read_text()
    assert '"name": "run_automation"' in asked, "a run that continued as new asks how the other one ended"
    assert "childWorkflowExecutionCompletedEventAttributes" not in asked
    assert (newest / "quorum.1.json").read_text().count("workflowExecutionUpdateAcceptedEventAttributes") == 3


async def test_a_run_that_would_now_do_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(send, "activity_id", lambda *_: "other")
    with pytest.raises(Exception, match="TMPRL1100"):
        await replayer(data_converter([])).replay_workflow(history(FOLDER / VERSIONS[0] / "loop.1.json"))
