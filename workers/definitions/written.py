"""What a plan has as its author wrote it: the parts of a definition, and what is said about all of its runs."""

from __future__ import annotations

from typing import Any, cast

from trunkline.durations import spell
from workers.definitions.model.automation import AutomationDefinition, Until, WaitDefinition
from workers.definitions.model.vocabulary import Part
from workers.definitions.model.waits import EventWait
from workflows.plan import Plan, StepPlan


def written(part: Part) -> dict[str, Any]:
    """Return what an author wrote of a part, by key; what a part holds are values and parts."""
    found = {info.alias or name: getattr(part, name) for name, info in type(part).model_fields.items()}
    return {key: value for key, value in found.items() if value is not None}


def about_runs(automation: AutomationDefinition) -> Plan:
    """Return what a definition says about all of its runs."""
    said = {
        "constants": automation.constants or None,
        "conditions": automation.conditions,
        "missing": automation.missing_variables,
        "priority": automation.priority,
        "fairness": automation.fairness,
        "perKey": None if automation.per_key is None else written(automation.per_key),
        "result": automation.result,
    }
    return cast("Plan", {key: value for key, value in said.items() if value is not None})


def waiting(step: WaitDefinition) -> StepPlan:
    """Return what a step waits for, and where it saves that."""
    plan: StepPlan = {"wait": written(step.wait) if isinstance(step.wait, Part) else step.wait}
    if step.save_as is not None:
        plan["saveAs"] = step.save_as
    return plan


def wait_label(wait: int | Until | EventWait) -> str:
    """Return what people see for a step that waits, where its author says nothing."""
    if isinstance(wait, EventWait):
        return f"Wait for {wait.event}"
    return f"Wait until {wait.until}" if isinstance(wait, Until) else f"Wait {spell(wait)}"
