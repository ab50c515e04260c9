"""The bridge: a definition held to the language and the catalog, and compiled into a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from workers.definitions.checking.approvals import check_approvals
from workers.definitions.checking.bounds import excess_of, is_json
from workers.definitions.checking.constants import check_constants
from workers.definitions.checking.environment import check_environment
from workers.definitions.checking.event_schema import check_schemas
from workers.definitions.checking.hours import check_hours
from workers.definitions.checking.operations import Services, findings_of
from workers.definitions.checking.picking import result_keys
from workers.definitions.checking.references import References
from workers.definitions.checking.shape import shape
from workers.definitions.checking.spellings import check_comments, check_variables
from workers.definitions.checking.steps import check_steps
from workers.definitions.checking.times import check_times
from workers.definitions.compiling import DEFAULTS, Catalog, Planner, digest, identified
from workers.definitions.environments import Environments
from workers.definitions.loading import Source
from workers.definitions.model.automation import AutomationDefinition, PathsDefinition
from workers.definitions.model.steps import step_ids, steps
from workers.definitions.problems import Problem, problem, serious
from workers.definitions.used_headers import Use
from workers.definitions.written import about_runs
from workflows.event import what
from workflows.plan import Plan


class Inspection(NamedTuple):
    """What was found about a definition.

    Attributes:
        data: the definition with the values of its environment in their places.
        automation: the same as a model; None where there are problems (warnings alone do not count).
        problems: problems and warnings.
        secrets, groups: names of the secrets and of the groups of people that it uses.
        uses: what it uses of its variables.
    """

    data: Any
    automation: AutomationDefinition | None
    problems: list[Problem]
    secrets: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    uses: frozenset[Use] = frozenset()


def check(
    data: Any,
    source: Source,
    catalog: Catalog,
    services: Services | None = None,
    environments: Environments | None = None,
) -> tuple[AutomationDefinition | None, list[Problem]]:
    """Hold a definition to the language and the catalog.

    Args:
        data: the definition as loaded.
        source: where its values stand (`Source()` for one that came over the wire).
        catalog: every action by name.
        services: what is known of described services: params of their operations are then checked too.
        environments: those of its folder; None: it is in none.

    Returns:
        The automation, or None where there are problems (warnings alone do not count), and all that was found.
    """
    found = inspect(data, source, catalog, services, environments)
    return found.automation, found.problems


def inspect(
    data: Any,
    source: Source,
    catalog: Catalog,
    services: Services | None = None,
    environments: Environments | None = None,
) -> Inspection:
    """Do what `check` does, and return besides what the definition needs of its workers."""
    if not isinstance(data, dict):
        sentence = f"A definition is an object with `name`, `trigger` and `actions`; this is {what(data)}."
        return Inspection(data, None, [problem("not-an-automation", sentence, file=source.file)])
    if (excess := excess_of(data)) is not None:
        return Inspection(
            data, None, [problem("too-large", excess, file=source.file, line=1 if source.values else None)]
        )
    if not is_json(data):
        sentence = "The definition holds a value that JSON does not have: infinite, not a number, or half a character."
        return Inspection(data, None, [problem("bad-value", sentence, file=source.file)])
    environments = environments or Environments()
    data = environments.filled(data)
    findings = findings_of(data, source, catalog, services)
    findings.lacking = environments.lacking(data.get("environment"))
    automation = shape(findings)
    contracts = check_steps(findings, catalog, services)
    check_times(findings)
    check_constants(findings)
    check_hours(findings)
    check_environment(findings, environments)
    check_variables(findings)
    check_comments(findings)
    check_schemas(findings, catalog)
    groups = check_approvals(findings, catalog)
    used = {str(step.get("actionType")) for _, step, _ in steps(data)} & catalog.keys()
    results = {name: result_keys(catalog[name]) for name in used if catalog[name].result is not None}
    references = References(findings, contracts, results)
    references.check()
    problems, secrets = findings.problems, references.secrets
    return Inspection(data, None if serious(problems) else automation, problems, secrets, groups, references.uses)


def make_plan(
    automation: AutomationDefinition,
    data: Mapping[str, Any],
    catalog: Catalog,
    environment: Mapping[str, Any] | None = None,
    uses: Collection[Use] = (),
) -> Plan:
    """Compile a definition without problems into its plan.

    Args:
        automation: what `check` returned.
        data: the definition from which `automation` was made, as `inspect` returned it.
        catalog: every action by name.
        environment: the values of the names that it takes from its environment.
        uses: what it uses of its variables.
    """
    planner = Planner(step_ids(data), catalog, automation.hours, uses)
    if automation.paths is not None:
        pointer = ""
        body = PathsDefinition(
            label=None, id=None, conditions=None, paths=automation.paths, onFailure=None, first=False
        )
        block = [planner.step(body, data, pointer)]
    else:
        block = planner.block(automation.actions or [], data["actions"], "/actions")
    definition = digest([data, environment] if environment else data)
    plan: Plan = {"automation": automation.name, "definition": definition, "defaults": DEFAULTS, "block": block}
    if automation.on_failure is not None:
        plan["onFailure"] = planner.block(
            automation.on_failure.actions, data["onFailure"]["actions"], "/onFailure/actions"
        )
    plan |= about_runs(automation, environment=environment, hours=planner.hours)
    if automation.approvals is not None:
        plan["approvals"] = planner.policy(automation.approvals)
    return identified(plan)
