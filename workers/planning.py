"""The bridge: a definition held to the language and the catalog, and compiled into a plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

from activities.action import Action, names
from workers.checking.arrival import SchemaError, judge
from workers.checking.contracts import check_config, filled
from workers.checking.findings import Findings
from workers.checking.loading import Source
from workers.checking.picking import check_pick, result_keys
from workers.checking.references import References
from workers.checking.shape import shape
from workers.problems import Problem, listed, nearest, problem, serious
from workflows.definition import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_NESTING,
    MAX_STEPS,
    ActionStep,
    Approval,
    Automation,
    BranchStep,
    ForEachStep,
    PathsStep,
    Step,
    StopStep,
    Until,
    WaitStep,
    escape,
    kind_of,
    slug,
    spell,
    step_ids,
    steps,
)
from workflows.event import matches, what
from workflows.plan import Approval as ApprovalPlan
from workflows.plan import Defaults, Plan, Retry, StepPlan

Catalog = Mapping[str, Action]

CONNECTION = "connection"
"""The key of a config that names the step's connection."""

DEFAULTS: Defaults = {
    "timeout": 30_000,
    "retry": {"initialInterval": 1_000, "backoffCoefficient": 2, "maximumInterval": 60_000, "within": 3_600_000},
}
"""What holds for every action step that says nothing else."""


def check(data: Any, source: Source, catalog: Catalog) -> tuple[Automation | None, list[Problem]]:
    """Hold a definition to the language and the catalog.

    Args:
        data: the definition as loaded.
        source: where its values stand (`Source()` for one that came over the wire).
        catalog: every action by name.

    Returns:
        The automation, or None where there are problems (warnings alone do not count), and all that was found.
    """
    automation, problems, _ = inspect(data, source, catalog)
    return automation, problems


def inspect(data: Any, source: Source, catalog: Catalog) -> tuple[Automation | None, list[Problem], frozenset[str]]:
    """Do what `check` does, and return the names of the secrets that the definition uses besides."""
    if not isinstance(data, dict):
        sentence = f"A definition is an object with `name`, `trigger` and `actions`; this is {what(data)}."
        return None, [problem("not-an-automation", sentence, file=source.file)], frozenset()
    if (excess := _too_large(data)) is not None:
        return None, [problem("too-large", excess, file=source.file, line=1 if source.values else None)], frozenset()
    if not _is_json(data):
        sentence = "The definition holds a value that JSON does not have: infinite, not a number, or half a character."
        return None, [problem("bad-value", sentence, file=source.file)], frozenset()
    findings = Findings(data, source, step_ids(data))
    automation = shape(findings)
    syntaxes, background = _check_steps(findings, catalog)
    _check_schema(findings)
    results = {name: result_keys(action) for name, action in catalog.items() if action.result is not None}
    references = References(findings, syntaxes, background, results)
    references.check()
    problems = findings.problems
    return None if serious(problems) else automation, problems, frozenset(references.secrets)


def make_plan(automation: Automation, data: Mapping[str, Any], catalog: Catalog) -> Plan:
    """Compile a definition without problems into its plan.

    Args:
        automation: what `check` returned.
        data: the definition as loaded, from which `automation` was made.
        catalog: every action by name.
    """
    planner = _Planner(step_ids(data), catalog)
    if automation.paths is not None:
        pointer = ""
        body = PathsStep(label=None, id=None, conditions=None, paths=automation.paths, onFailure=None)
        block = [planner.step(body, data, pointer)]
    else:
        block = planner.block(automation.actions or [], data["actions"], "/actions")
    plan: Plan = {"automation": automation.name, "definition": _digest(data), "defaults": DEFAULTS, "block": block}
    if automation.conditions is not None:
        plan["conditions"] = automation.conditions
    if automation.missing_variables is not None:
        plan["missing"] = automation.missing_variables
    if automation.priority is not None:
        plan["priority"] = automation.priority
    if automation.fairness is not None:
        plan["fairness"] = automation.fairness
    plan["id"] = _digest(plan)
    return plan


def _digest(data: Any) -> str:
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


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


def _check_steps(findings: Findings, catalog: Catalog) -> tuple[dict[str, Mapping[str, Any]], list[str]]:
    """Check what each step says by itself; return syntaxes by step, and the steps whose result nobody waits for."""
    syntaxes: dict[str, Mapping[str, Any]] = {}
    background: list[str] = []
    written: dict[str, str] = {}
    for place, step, _ in steps(findings.data):
        own = step.get("id")
        if isinstance(own, str) and written.setdefault(own, place) != place:
            sentence = f"Two steps have the id {own!r}: {findings.name(written[own])!r} has it too."
            findings.add("duplicate-id", f"{place}/id", sentence)
        if kind_of(step) != "actionType" or not isinstance(step["actionType"], str):
            continue
        action = _action(findings, catalog, place, step)
        config = step.get("config", {})
        if action is not None and isinstance(config, Mapping):
            config = filled(action, config)
            at = f"{place}/config" if "config" in step else place
            if check_config(action, config, at, findings):
                syntaxes[place] = action.config.syntaxes(config)
                if action.background(config):
                    background.append(place)
        _check_approval(findings, place, step)
        _check_retry(findings, place, step, action)
        check_pick(step, action, place, findings)
    return syntaxes, background


def _action(findings: Findings, catalog: Catalog, place: str, step: Mapping[str, Any]) -> Action | None:
    action = catalog.get(step["actionType"])
    if action is None:
        hint = nearest(step["actionType"], catalog) or f"there are {listed(sorted(catalog))}"
        findings.add("unknown-action", f"{place}/actionType", f"There is no action {step['actionType']!r:.80}.", hint)
        return None
    trigger = findings.at("/trigger/event")
    if (
        action.triggers
        and isinstance(trigger, str)
        and not any(matches(trigger, t) and "*" not in trigger for t in action.triggers)
    ):
        wanted = " or ".join(action.triggers)
        sentence = f"`{action.name}` makes sense only where the trigger is {wanted}; here it is {trigger}."
        findings.add("wrong-trigger", f"{place}/actionType", sentence)
    return action


def _check_approval(findings: Findings, place: str, step: Mapping[str, Any]) -> None:
    approval = step.get("requireApproval")
    at = f"{place}/requireApproval"
    if approval is True or (isinstance(approval, Mapping) and "approvers" not in approval):
        sentence = "No approvers are named: anybody who can reach the run may release this step."
        findings.add(
            "anybody-may-approve", at, sentence, "write requireApproval: {approvers: [lead@example.com]}", key=True
        )
    elif isinstance(approval, Mapping) and approval["approvers"] in ([], None):
        sentence = "The list of approvers is empty: nobody could ever release this step."
        findings.add("nobody-may-approve", f"{at}/approvers", sentence, "name at least one")


def _check_retry(findings: Findings, place: str, step: Mapping[str, Any], action: Action | None) -> None:
    retry = step.get("retry")
    if not isinstance(retry, Mapping):
        return
    try:
        parsed = ActionStep.model_validate({"actionType": "any", "retry": retry, "timeout": step.get("timeout")})
    except ValueError:
        return
    timeout = parsed.timeout or (_milliseconds(action) if action else DEFAULTS["timeout"])
    if (
        parsed.retry
        and parsed.retry.within is not None
        and step.get("timeout") is not None
        and parsed.retry.within < timeout
    ):
        budget = spell(parsed.retry.within)
        sentence = f"All attempts together (`within`: {budget}) have less time than one (`timeout`: {spell(timeout)})."
        findings.add("out-of-range", f"{place}/retry/within", sentence)


def _check_schema(findings: Findings) -> None:
    declared = findings.at("/trigger/data")
    if isinstance(declared, dict):
        try:
            judge(declared)
        except SchemaError as error:
            pointer = "/trigger/data" + "".join(f"/{escape(part)}" for part in error.path)
            findings.add("bad-schema", pointer, str(error))


def _milliseconds(action: Action) -> int:
    return round(action.timeout.total_seconds() * 1_000)


class _Planner:
    """Compiles steps; templates, conditions and configs stay as their author wrote them."""

    def __init__(self, ids: Mapping[str, str], catalog: Catalog) -> None:
        self.ids = ids
        self.catalog = catalog
        self.taken = set(ids.values())

    def block(self, block: list[Step], raw: list[Any], pointer: str) -> list[StepPlan]:
        return [self.step(step, raw[index], f"{pointer}/{index}") for index, step in enumerate(block)]

    def step(self, step: Step, raw: Mapping[str, Any], pointer: str) -> StepPlan:
        plan: StepPlan = {"id": self.ids[pointer], "label": step.label or _label(step)}
        if step.conditions is not None:
            plan["conditions"] = step.conditions
        if isinstance(step, (ActionStep, PathsStep, ForEachStep)) and step.on_failure is not None:
            plan["onFailure"] = step.on_failure
        match step:
            case ActionStep():
                self.action(step, plan)
            case PathsStep():
                self.paths(step, raw, pointer, plan)
            case BranchStep():
                self.branch(step, raw, pointer, plan)
            case WaitStep():
                plan["wait"] = {"until": step.wait.until} if isinstance(step.wait, Until) else step.wait
            case ForEachStep():
                self.loop(step, raw, pointer, plan)
            case StopStep():
                plan["stop"] = step.stop
                if step.reason is not None:
                    plan["reason"] = step.reason
        return plan

    def action(self, step: ActionStep, plan: StepPlan) -> None:
        action = self.catalog[step.action_type]
        config = _under_one_name(action, filled(action, step.config))
        plan["action"] = action.name
        plan["config"] = config
        if syntax := action.config.syntaxes(config):
            plan["syntax"] = {pointer: str(name) for pointer, name in syntax.items()}
        plan["repeat"] = action.repeats(config)
        timeout = step.timeout or _milliseconds(action)
        if timeout != DEFAULTS["timeout"]:
            plan["timeout"] = timeout
        if retry := _retry(step, action, timeout):
            plan["retry"] = retry
        if step.save_as is not None:
            plan["saveAs"] = step.save_as
        if step.pick is not None:
            plan["pick"] = step.pick
        if step.require_approval is not None and step.require_approval is not False:
            plan["approval"] = _approval(step.require_approval)
        if action.background(config):
            plan["background"] = True
        if action.look is not None and plan["repeat"] == "never":
            plan["looks"] = True

    def paths(self, step: PathsStep, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        plan["paths"] = []
        for index, path in enumerate(step.paths):
            label = path.label or f"Path {index + 1}"
            plan["paths"].append(
                {
                    "id": self.unique(f"{plan['id']}.{slug(label) or f'path-{index + 1}'}"),
                    "label": label,
                    "block": self.block(
                        path.actions, raw["paths"][index]["actions"], f"{pointer}/paths/{index}/actions"
                    ),
                }
            )

    def branch(self, step: BranchStep, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        plan["branch"] = [
            {
                "conditions": case.conditions,
                "block": self.block(case.actions, raw["branch"][index]["actions"], f"{pointer}/branch/{index}/actions"),
            }
            for index, case in enumerate(step.branch)
        ]
        if step.otherwise:
            plan["otherwise"] = self.block(step.otherwise, raw["otherwise"], f"{pointer}/otherwise")

    def loop(self, step: ForEachStep, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        plan["forEach"] = step.for_each
        plan["as"] = step.as_  # type: ignore[typeddict-unknown-key]  # a keyword of Python cannot be a field
        plan["maxItems"] = step.max_items
        plan["parallel"] = step.parallel
        plan["block"] = self.block(step.actions, raw["actions"], f"{pointer}/actions")
        if step.collect is not None:
            plan["collect"] = step.collect
        if step.save_as is not None:
            plan["saveAs"] = step.save_as

    def unique(self, wanted: str) -> str:
        candidate = next(c for c in _numbered(wanted) if c not in self.taken)
        self.taken.add(candidate)
        return candidate


def _numbered(wanted: str) -> Iterator[str]:
    yield wanted
    count = 1
    while True:
        count += 1
        yield f"{wanted}-{count}"


def _label(step: Step) -> str:
    match step:
        case ActionStep():
            return step.action_type
        case WaitStep():
            return f"Wait until {step.wait.until}" if isinstance(step.wait, Until) else f"Wait {spell(step.wait)}"
        case ForEachStep():
            return f"For each of {step.for_each}"
        case StopStep():
            return f"Stop as {step.stop}"
        case PathsStep():
            return "Paths"
        case BranchStep():
            return "Branch"


def _under_one_name(action: Action, config: dict[str, Any]) -> dict[str, Any]:
    """Return a config whose connection, however its author spelt the key, stands where runs look for it."""
    if CONNECTION not in action.config.model_fields:
        return config
    spellings = names(action.config, CONNECTION)
    return {CONNECTION if key in spellings else key: value for key, value in config.items()}


def _approval(approval: bool | Approval) -> ApprovalPlan:
    plan: ApprovalPlan = {}
    if isinstance(approval, Approval):
        if approval.approvers is not None:
            plan["approvers"] = approval.approvers
        if approval.expires_after is not None:
            plan["expiresAfter"] = approval.expires_after
    return plan


def _retry(step: ActionStep, action: Action, timeout: int) -> Retry:
    """Return how this step's retry deviates from the defaults, such that Temporal takes it."""
    own: dict[str, Any] = step.retry.model_dump(by_alias=True, exclude_none=True) if step.retry else {}
    if action.attempts is not None:
        own.setdefault("maximumAttempts", action.attempts)
    usual = DEFAULTS["retry"]
    first = own.get("initialInterval", usual["initialInterval"])
    if "maximumInterval" not in own and first > usual["maximumInterval"]:
        own["maximumInterval"] = first
    if "initialInterval" not in own and own.get("maximumInterval", first) < first:
        own["initialInterval"] = own["maximumInterval"]
    if "within" not in own and timeout > usual["within"]:
        own["within"] = timeout
    return cast("Retry", {key: value for key, value in own.items() if usual.get(key) != value})
