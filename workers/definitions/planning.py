"""The bridge: a definition held to the language and the catalog, and compiled into a plan."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from workers.definitions.checking.approvals import check_approvals
from workers.definitions.checking.constants import check_constants
from workers.definitions.checking.event_schema import check_schema
from workers.definitions.checking.operations import Services, findings_of
from workers.definitions.checking.picking import result_keys
from workers.definitions.checking.references import References
from workers.definitions.checking.shape import shape
from workers.definitions.checking.spellings import check_comments, check_variables
from workers.definitions.checking.steps import check_steps
from workers.definitions.checking.times import check_times
from workers.definitions.compiling import DEFAULTS, Catalog, Planner, digest, identified
from workers.definitions.loading import Source
from workers.definitions.model.automation import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NESTING,
    MAX_STEPS,
    AutomationDefinition,
    PathsDefinition,
)
from workers.definitions.model.steps import step_ids, steps
from workers.definitions.problems import Problem, problem, serious
from workers.definitions.written import about_runs
from workflows.event import what
from workflows.plan import Plan


class Inspected(NamedTuple):
    """What was found about a definition.

    Attributes:
        automation: the definition as a model; None where there are problems (warnings alone do not count).
        problems: problems and warnings.
        secrets: names of the secrets that it uses.
        groups: names of the groups of people that it uses.
    """

    automation: AutomationDefinition | None
    problems: list[Problem]
    secrets: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()


def check(
    data: Any, source: Source, catalog: Catalog, services: Services | None = None
) -> tuple[AutomationDefinition | None, list[Problem]]:
    """Hold a definition to the language and the catalog.

    Args:
        data: the definition as loaded.
        source: where its values stand (`Source()` for one that came over the wire).
        catalog: every action by name.
        services: what is known of described services: params of their operations are then checked too.

    Returns:
        The automation, or None where there are problems (warnings alone do not count), and all that was found.
    """
    found = inspect(data, source, catalog, services)
    return found.automation, found.problems


def inspect(data: Any, source: Source, catalog: Catalog, services: Services | None = None) -> Inspected:
    """Do what `check` does, and return besides what the definition needs of its workers."""
    if not isinstance(data, dict):
        sentence = f"A definition is an object with `name`, `trigger` and `actions`; this is {what(data)}."
        return Inspected(None, [problem("not-an-automation", sentence, file=source.file)])
    if (excess := _too_large(data)) is not None:
        return Inspected(None, [problem("too-large", excess, file=source.file, line=1 if source.values else None)])
    if not _is_json(data):
        sentence = "The definition holds a value that JSON does not have: infinite, not a number, or half a character."
        return Inspected(None, [problem("bad-value", sentence, file=source.file)])
    findings = findings_of(data, source, catalog, services)
    automation = shape(findings)
    contracts = check_steps(findings, catalog, services)
    check_times(findings)
    check_constants(findings)
    check_variables(findings)
    check_comments(findings)
    check_schema(findings)
    groups = check_approvals(findings, catalog)
    results = {name: result_keys(action) for name, action in catalog.items() if action.result is not None}
    references = References(findings, contracts, results)
    references.check()
    problems = findings.problems
    return Inspected(None if serious(problems) else automation, problems, references.secrets, groups)


def make_plan(automation: AutomationDefinition, data: Mapping[str, Any], catalog: Catalog) -> Plan:
    """Compile a definition without problems into its plan.

    Args:
        automation: what `check` returned.
        data: the definition as loaded, from which `automation` was made.
        catalog: every action by name.
    """
    planner = Planner(step_ids(data), catalog)
    if automation.paths is not None:
        pointer = ""
        body = PathsDefinition(label=None, id=None, conditions=None, paths=automation.paths, onFailure=None)
        block = [planner.step(body, data, pointer)]
    else:
        block = planner.block(automation.actions or [], data["actions"], "/actions")
    plan: Plan = {"automation": automation.name, "definition": digest(data), "defaults": DEFAULTS, "block": block}
    if automation.on_failure is not None:
        plan["onFailure"] = planner.block(
            automation.on_failure.actions, data["onFailure"]["actions"], "/onFailure/actions"
        )
    plan |= about_runs(automation)
    if automation.approvals is not None:
        plan["approvals"] = planner.policy(automation.approvals)
    return identified(plan)


def _is_json(data: Any) -> bool:
    try:
        json.dumps(data, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return True


def _too_large(data: dict[str, Any]) -> str | None:
    level: list[Any] = [data]
    for _ in range(MAX_DEPTH):
        level = [c for v in level for c in (v.values() if isinstance(v, dict) else v) if isinstance(c, (dict, list))]
        if not level:
            break
    else:
        return f"The values of a definition may be nested {MAX_DEPTH} deep; these are deeper."
    size = len(json.dumps(data, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace"))
    if size > MAX_BYTES:
        return f"A definition has at most {MAX_BYTES // 1024} KiB as JSON; this one has {-(-size // 1024)} KiB."
    nesting = [depth for _, _, depth in steps(data)]
    if len(nesting) > MAX_STEPS:
        return f"A definition has at most {MAX_STEPS:,} steps; this one has {len(nesting):,}."
    if nesting and max(nesting) > MAX_NESTING:
        return f"Blocks may be nested {MAX_NESTING} deep; these are deeper."
    return None
