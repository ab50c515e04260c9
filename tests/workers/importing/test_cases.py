"""Workflows of other tools, and the automations that they become."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from activities.catalog import catalog
from workers.definitions.loading import read
from workers.definitions.planning import check
from workers.definitions.problems import serious
from workers.importing.draft import Draft, written
from workers.importing.keep import workflow
from workers.importing.unsaid import NoWorkflowError
from workers.importing.zendesk import rules

ACTIONS = catalog()
HERE = Path(__file__).parent
KEEP = yaml.safe_load((HERE / "keep.yml").read_text())
ZENDESK = yaml.safe_load((HERE / "zendesk.yml").read_text())


def fits(part: Any, whole: Any) -> bool:
    """Say whether a part is in a whole: objects deeply, lists element by element."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(key in whole and fits(part[key], whole[key]) for key in part)
    if isinstance(part, list):
        return isinstance(whole, list) and len(part) == len(whole) and all(map(fits, part, whole))
    return bool(part == whole)


def judged(draft: Draft, folder: Path, case: Mapping[str, Any]) -> dict[str, Any]:
    """Return the definition as its file has it, which has no problem and names its losses as the case does."""
    file = folder / "automation.yaml"
    file.write_text(written(draft.settle(ACTIONS), "a file", draft))
    data: dict[str, Any]
    data, source = read(file)
    assert serious(check(data, source, ACTIONS)[1]) == []
    assert [one.path for one in draft.unsaid] == case.get("unsaid", [])
    for key in ("trigger", "conditions", "hours", "constants", "onFailure"):
        if key in case:
            assert fits(case[key], data.get(key)), data.get(key)
    assert fits(case["steps"], data["actions"]), data["actions"]
    return data


@pytest.mark.parametrize("case", KEEP, ids=lambda case: case["name"])
def test_workflows_of_keep(case: dict[str, Any], tmp_path: Path) -> None:
    data = judged(workflow.translate({"workflow": case["workflow"]}), tmp_path, case)
    assert data["name"] == case["workflow"]["id"]


@pytest.mark.parametrize("case", ZENDESK, ids=lambda case: case["name"])
def test_rules_of_zendesk(case: dict[str, Any], tmp_path: Path) -> None:
    (draft,) = rules.translate(case["rule"])
    assert judged(draft, tmp_path, case)["name"] == case["automation"]


RULE: dict[str, Any] = {"conditions": {"all": []}, "actions": [{"field": "status", "value": "open"}]}


def test_each_rule_gets_a_name_of_its_own_that_an_automation_may_have(tmp_path: Path) -> None:
    titles = ["T", "T 2", "T", "Event", "inline"]
    drafts = rules.translate({"triggers": [{**RULE, "title": title} for title in titles]})
    assert [draft.name for draft in drafts] == ["t", "t-2", "t-3", "imported-event", "imported-inline"]
    for draft in drafts:
        judged(draft, tmp_path, {"steps": [{"actionType": "set_status"}]})


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({**RULE, "conditions": [1]}, "are not"),
        ({**RULE, "conditions": {"all": 1}}, "are not"),
        ({"automations": [RULE, 5]}, r"`automations\[1\]` is no rule"),
        ({"triggers": []}, "no rule of Zendesk"),
        ({"trigger": [RULE]}, "no rule of Zendesk"),
        ([RULE], "no rule of Zendesk"),
    ],
)
def test_what_is_no_rule_is_refused(data: Any, why: str) -> None:
    with pytest.raises(NoWorkflowError, match=why):
        rules.translate(data)
