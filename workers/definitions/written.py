"""What a plan has as its author wrote it: the parts of a definition, and what is said about all of its runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from trunkline.durations import spell
from trunkline.wire import HoursPlan
from workers.definitions.model.automation import AutomationDefinition, WaitDefinition
from workers.definitions.model.until import Until
from workers.definitions.model.vocabulary import DefinitionPart
from workers.definitions.model.waits import EventWait
from workflows.plan import Plan, StepPlan
from workflows.plan_parts import EventWaitPlan


def written(part: DefinitionPart) -> dict[str, Any]:
    """Return what an author wrote of a part, by key; what a part holds are values and parts."""
    found = {info.alias or name: getattr(part, name) for name, info in type(part).model_fields.items()}
    return {key: value for key, value in found.items() if value is not None}


def about_runs(
    automation: AutomationDefinition, *, environment: Mapping[str, Any] | None, hours: Mapping[str, HoursPlan]
) -> Plan:
    """Return what a definition says about all of its runs, with the values of the environment and the named hours."""
    facts = {
        "constants": automation.constants or None,
        "inputs": automation.trigger.inputs,
        "environment": environment or None,
        "hours": hours or None,
        "conditions": automation.conditions,
        "missing": automation.missing_variables,
        "priority": automation.priority,
        "fairness": automation.fairness,
        "perKey": None if automation.per_key is None else written(automation.per_key),
        "onRelease": "stay" if automation.on_release == "stay" else None,
        "result": automation.result,
    }
    return cast("Plan", {key: value for key, value in facts.items() if value is not None})


def waiting(step: WaitDefinition) -> StepPlan:
    """Return what a step waits for, and where it saves that."""
    wait = cast("EventWaitPlan", written(step.wait)) if isinstance(step.wait, DefinitionPart) else step.wait
    plan: StepPlan = {"wait": wait}
    if step.save_as is not None:
        plan["saveAs"] = step.save_as
    return plan


def wait_label(wait: int | str | Until | EventWait) -> str:
    """Return what people see for a step that waits, where its author says nothing."""
    if isinstance(wait, EventWait):
        return f"Wait for {wait.event}"
    if isinstance(wait, Until):
        return f"Wait until {wait.until}"
    return f"Wait {spell(wait) if isinstance(wait, int) else wait}"
