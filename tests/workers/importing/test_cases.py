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
