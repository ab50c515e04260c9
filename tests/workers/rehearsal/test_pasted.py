"""The line that is said to answer a request answers it, whatever the action."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.engine import JSON
from tests.workers.rehearsal.stage import ACTIONS
from workers.definitions.loading import Source
from workers.definitions.runnable import load
from workers.rehearsal.suite.suite import SuiteOptions, play_suite

WITHOUT = ("recall", "remember", "send_slack_approval")
"""Actions whose steps need no answer, and one that is no step."""

VALUES = ("+1555010{}", "ada{}@example.com")
"""What stands in the place of a template: one of them is what the action takes."""


def plain(value: Any, text: str, numbers: itertools.count[int]) -> Any:
    """Return an example with values in the place of its templates, but for secrets."""
    if isinstance(value, dict):
        return {key: plain(one, text, numbers) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one, text, numbers) for one in value]
    if not isinstance(value, str) or "secrets." in value:
        return value
    return re.sub(r"{{.*?}}", lambda _: text.format(next(numbers)), value)


def written(name: str) -> JSON:
    action = ACTIONS[name]
    for text in VALUES:
        config = plain(action.example, text, itertools.count(10))
        step = {"id": "it", "actionType": name, "config": config, "requireApproval": False}
        trigger = {"event": action.triggers[0] if action.triggers else "ticket.created"}
        definition = {"name": "pasted", "trigger": trigger, "actions": [step]}
        if load(definition, Source(), ACTIONS)[0] is not None:
            return definition
    raise AssertionError(name)


@pytest.mark.parametrize("name", sorted(ACTIONS.keys() - set(WITHOUT)))
def test_the_line_to_paste_answers_the_request(name: str, tmp_path: Path) -> None:
    definition = written(name)
    (tmp_path / "pasted.yaml").write_text(yaml.safe_dump(definition))
    secrets = re.findall(r"secrets\.(\w+)", str(definition))
    test: JSON = {
        "secrets": secrets,
        "cases": [{"name": "it", "event": {"data": {"ticket": {"id": "7"}}}, "expect": {"outcome": "completed"}}],
    }
    path = tmp_path / "pasted.test.yaml"
    path.write_text(yaml.safe_dump(test))
    [file] = play_suite([path], ACTIONS, SuiteOptions()).files
    [unanswered, _outcome] = file.result.results[0].faults
    path.write_text(path.read_text() + f"answers:\n  {unanswered.paste}\n")
    suite = play_suite([path], ACTIONS, SuiteOptions())
    assert ([str(one) for one in suite.wrong], suite.passed) == ([], 1)
