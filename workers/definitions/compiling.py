"""Compiles a definition without problems into the steps of its plan, with everything decided."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, cast, get_args

from activities.action import CONNECTION, Action, names
from activities.exchange.headers import place_of
from trunkline.durations import MINUTE, spell
from trunkline.wire import HoursPlan
from workers.definitions.model.approvals import ApprovalDefinition, NoticeDefinition
from workers.definitions.model.automation import (
    ActionDefinition,
    BranchDefinition,
    ForEachDefinition,
    PathsDefinition,
    RepeatDefinition,
    RuleDefinition,
    SetDefinition,
    Step,
    StopDefinition,
    WaitDefinition,
)
from workers.definitions.model.hours import BusinessHoursDefinition
from workers.definitions.model.steps import slug
from workers.definitions.model.until import Until
from workers.definitions.problems import listed
from workers.definitions.used_headers import Use, used_headers
from workers.definitions.written import wait_label, waiting, written
from workflows.plan import ApprovalPlan, Defaults, NoticePlan, Occasion, Plan, RetryPlan, RulePlan, StepPlan
from workflows.plan_parts import UntilPlan

MOST_NAMES = 5
"""Variables that the label of a step names."""

Catalog = Mapping[str, Action]

DEFAULTS: Defaults = {
    "timeout": 30_000,
    "retry": {"initialInterval": 1_000, "backoffCoefficient": 2, "maximumInterval": 60_000, "within": 3_600_000},
}
"""What holds for every action step that says nothing else."""

NOTICE_WITHIN = 10 * MINUTE
"""Time for all attempts of a notice together, where it says nothing else: later nobody needs it."""


def filled(action: Action, config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a step's config with the defaults that are templates, where its author wrote nothing."""
    if not action.config.defaults:
        return dict(config)
    written = {name for name in action.config.model_fields if any(key in config for key in names(action.config, name))}
    owners = {key: name for name in action.config.model_fields for key in names(action.config, name)}
    return {**config, **{key: value for key, value in action.config.defaults.items() if owners.get(key) not in written}}


def milliseconds(action: Action) -> int:
    """Return the bound of one attempt of an action where the step gives none."""
    return round(action.timeout.total_seconds() * 1_000)


def digest(data: Any) -> str:
    """Return the sha256 (hex) of a value's canonical JSON."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()


def identified(plan: Plan) -> Plan:
    """Return a plan under the id that its content makes, the order of its objects included."""
    content = {key: value for key, value in plan.items() if key != "id"}
    text = json.dumps(content, separators=(",", ":"))
    return cast("Plan", {**content, "id": hashlib.sha256(text.encode()).hexdigest()})


class Planner:
    """Compiles steps; templates, conditions and configs stay as their author wrote them.

    Args:
        ids: id of each step by JSON pointer.
        catalog: every action by name.
        hours: the automation's hours by name.
        uses: what the definition uses of its variables.
    """

    def __init__(
        self,
        ids: Mapping[str, str],
        catalog: Catalog,
        hours: Mapping[str, BusinessHoursDefinition] | None = None,
        uses: Collection[Use] = (),
    ) -> None:
        self.ids = ids
        self.uses = uses
        self.catalog = catalog
        self.hours = {name: cast("HoursPlan", written(one)) for name, one in (hours or {}).items()}
        self.taken = set(ids.values())

    def block(self, block: list[Step], raw: list[Any], pointer: str) -> list[StepPlan]:
        """Compile a list of steps; `raw` is the same list as written, at that pointer."""
        return [self.step(step, raw[index], f"{pointer}/{index}") for index, step in enumerate(block)]

    def step(self, step: Step, raw: Mapping[str, Any], pointer: str) -> StepPlan:
        """Compile one step."""
        plan: StepPlan = {"id": self.ids[pointer], "label": step.label or _label(step)}
        if step.conditions is not None:
            plan["conditions"] = step.conditions
        match step:
            case ActionDefinition():
                self.reactions(step, raw, pointer, plan)
                self.action(step, plan)
            case PathsDefinition():
                self.paths(step, raw, pointer, plan)
            case BranchDefinition():
                self.branch(step, raw, pointer, plan)
            case WaitDefinition():
                plan.update(self.wait(step))
            case ForEachDefinition():
                self.loop(step, raw, pointer, plan)
            case RepeatDefinition():
                self.repeat(step, raw, pointer, plan)
            case SetDefinition():
                plan["set"] = step.set_
            case StopDefinition():
                plan |= _stop(step)
        return plan

    def reactions(self, step: ActionDefinition, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        """Add what follows how an action step ends."""
        if isinstance(step.on_failure, list):
            plan["onFailure"] = [
                self.rule(rule, raw["onFailure"][index], f"{pointer}/onFailure/{index}")
                for index, rule in enumerate(step.on_failure)
            ]
        elif step.on_failure is not None:
            plan["onFailure"] = step.on_failure
        if step.on_rejected is not None:
            plan["onRejected"] = self.block(
                step.on_rejected.actions, raw["onRejected"]["actions"], f"{pointer}/onRejected/actions"
            )

    def rule(self, rule: RuleDefinition, raw: Mapping[str, Any], pointer: str) -> RulePlan:
        """Compile a rule of `onFailure`."""
        plan: RulePlan = {"when": rule.classes, "do": rule.do}
        if rule.actions is not None:
            plan["block"] = self.block(rule.actions, raw["actions"], f"{pointer}/actions")
        if rule.attempts is not None:
            plan["attempts"] = rule.attempts
        if rule.delay is not None:
            plan["delay"] = rule.delay
        return plan

    def action(self, step: ActionDefinition, plan: StepPlan, within: int = DEFAULTS["retry"]["within"]) -> None:
        """Add what an action step is; `within` bounds all attempts where it says nothing else."""
        action = self.catalog[step.action_type]
        config = _under_one_name(action, filled(action, step.config))
        plan["action"] = action.name
        plan["config"] = config
        if syntax := action.config.syntaxes(config):
            plan["syntax"] = {pointer: str(name) for pointer, name in syntax.items()}
        plan["repeat"] = action.repeats(config)
        if action.calls:
            plan["calls"] = True
            if step.timeout is not None:
                plan["timeout"] = step.timeout
        else:
            self.attempts(step, action, plan, within)
        self.kept(step, action, plan)
        if step.require_approval is not None and step.require_approval is not False:
            plan["approval"] = {} if step.require_approval is True else self.policy(step.require_approval)
        elif step.require_approval is False and action.asks is not None:
            plan["unasked"] = True
        if action.background(config):
            plan["background"] = True
        if step.local:
            plan["local"] = True
        if action.look is not None and action.operation is None and plan["repeat"] == "never":
            plan["looks"] = True
        plan.update(_traffic(action, config))

    def kept(self, step: ActionDefinition, action: Action, plan: StepPlan) -> None:
        """Add what is kept of a result, and where."""
        if step.save_as is not None:
            plan["saveAs"] = step.save_as
        if step.pick is not None:
            plan["pick"] = step.pick
        elif step.save_as is not None and action.result is not None:
            place = place_of(action.result)
            if place is not None and (used := used_headers(self.uses, step.save_as, place)):
                plan["headers"] = used

    @staticmethod
    def attempts(step: ActionDefinition, action: Action, plan: StepPlan, within: int) -> None:
        """Add what bounds the attempts of an action, and how they are repeated."""
        timeout = step.timeout or milliseconds(action)
        if timeout != DEFAULTS["timeout"]:
            plan["timeout"] = timeout
        if retry := _retry(step, action, timeout, within):
            plan["retry"] = retry

    def policy(self, approval: ApprovalDefinition) -> ApprovalPlan:
        """Return what an author wrote about approvals; what is left out the run decides."""
        plan = written(approval)
        if approval.business_hours is not None:
            plan["businessHours"] = self.opened(approval.business_hours)
        if approval.bands is not None:
            plan["bands"] = [written(band) for band in approval.bands]
        if approval.notify is not None:
            plan["notify"] = [self.notice(notice, f"notify-{n}") for n, notice in enumerate(approval.notify, 1)]
        return cast("ApprovalPlan", plan)

    def notice(self, notice: NoticeDefinition, name: str) -> NoticePlan:
        """Return an action that tells people, compiled like a step."""
        step = ActionDefinition.model_construct(
            action_type=notice.action_type, config=notice.config, timeout=notice.timeout, retry=notice.retry
        )
        plan: StepPlan = {"id": name, "label": notice.label or notice.action_type}
        self.action(step, plan, within=NOTICE_WITHIN)
        made: NoticePlan = {"on": notice.on or list(get_args(Occasion)), "step": plan}
        if self.catalog[notice.action_type].notice:
            made["updated"] = True
        return made

    def paths(self, step: PathsDefinition, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        """Add what runs side by side."""
        if step.on_failure is not None:
            plan["onFailure"] = step.on_failure
        if step.first:
            plan["first"] = True
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

    def branch(self, step: BranchDefinition, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        """Add the ways of a branch."""
        plan["branch"] = [
            {
                "conditions": case.conditions,
                "block": self.block(case.actions, raw["branch"][index]["actions"], f"{pointer}/branch/{index}/actions"),
            }
            for index, case in enumerate(step.branch)
        ]
        if step.otherwise:
            plan["otherwise"] = self.block(step.otherwise, raw["otherwise"], f"{pointer}/otherwise")

    def loop(self, step: ForEachDefinition, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        """Add what is done for each item."""
        if step.on_failure is not None:
            plan["onFailure"] = step.on_failure
        plan["forEach"] = step.for_each
        plan["as"] = step.as_  # type: ignore[typeddict-unknown-key]  # a keyword of Python cannot be a field
        plan["maxItems"] = step.max_items
        plan["parallel"] = step.parallel
        plan["block"] = self.block(step.actions, raw["actions"], f"{pointer}/actions")
        if step.collect is not None:
            plan["collect"] = step.collect
        if step.save_as is not None:
            plan["saveAs"] = step.save_as

    def repeat(self, step: RepeatDefinition, raw: Mapping[str, Any], pointer: str, plan: StepPlan) -> None:
        """Add what is done until conditions hold."""
        if step.on_failure is not None:
            plan["onFailure"] = step.on_failure
        plan["passes"] = {
            "until": step.until,
            "every": step.every,
            "atMost": step.at_most,
            "backoff": step.backoff,
            "maxPasses": step.max_passes,
        }
        plan["block"] = self.block(step.repeat, raw["repeat"], f"{pointer}/repeat")

    def wait(self, step: WaitDefinition) -> StepPlan:
        """Return what a step waits for, and where it saves that."""
        plan = waiting(step)
        if isinstance(step.wait, Until):
            plan["wait"] = self.until(step.wait)
        return plan

    def until(self, wait: Until) -> UntilPlan:
        """Return until when a step waits."""
        if wait.hours is None:
            return {"until": wait.until}
        return {"until": wait.until, "hours": self.opened(wait.hours)}

    def opened(self, hours: str | BusinessHoursDefinition) -> HoursPlan:
        """Return hours that are named or written out."""
        return self.hours[hours] if isinstance(hours, str) else cast("HoursPlan", written(hours))

    def unique(self, wanted: str) -> str:
        """Return an id that nothing else in the plan has."""
        candidate = next(c for c in _numbered(wanted) if c not in self.taken)
        self.taken.add(candidate)
        return candidate


def _stop(step: StopDefinition) -> StepPlan:
    return {"stop": step.stop} if step.reason is None else {"stop": step.stop, "reason": step.reason}


def _numbered(wanted: str) -> Iterator[str]:
    yield wanted
    count = 1
    while True:
        count += 1
        yield f"{wanted}-{count}"


def _label(step: Step) -> str:  # noqa: PLR0911 # one return per kind of step
    match step:
        case ActionDefinition():
            return step.action_type
        case WaitDefinition():
            return wait_label(step.wait)
        case ForEachDefinition():
            return f"For each of {step.for_each}"
        case RepeatDefinition():
            return f"Repeat every {spell(step.every)}"
        case SetDefinition():
            return f"Set {listed(step.set_, most=MOST_NAMES)}"
        case StopDefinition():
            return f"Stop as {step.stop}"
        case PathsDefinition():
            return "Paths"
        case BranchDefinition():
            return "Branch"


def _under_one_name(action: Action, config: dict[str, Any]) -> dict[str, Any]:
    """Return a config whose connection, however its author spelt the key, stands where runs look for it."""
    if CONNECTION not in action.config.model_fields:
        return config
    spellings = names(action.config, CONNECTION)
    return {CONNECTION if key in spellings else key: value for key, value in config.items()}


def _traffic(action: Action, config: Mapping[str, Any]) -> StepPlan:
    """Return what a step sends to its vendor, where that is more than one request, or writes a record."""
    plan: StepPlan = {}
    if (requests := action.most_requests(config)) > 1:
        plan["requests"] = requests
    if writes := action.records(config):
        plan["writes"] = writes
    return plan


def _retry(step: ActionDefinition, action: Action, timeout: int, within: int) -> RetryPlan:
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
    own.setdefault("within", max(within, timeout))
    return cast("RetryPlan", {key: value for key, value in own.items() if usual.get(key) != value})
