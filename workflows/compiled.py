"""Compiles a plan into a program: templates, conditions and Temporal's options, once per process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from temporalio.common import RetryPolicy

from trunkline.wire import NEVER_REPEATED as ONCE
from trunkline.wire import OUTCOME_UNKNOWN, PAYLOADS_TOO_LARGE, WORKER_SHUTDOWN, HoursPlan, Times
from workflows.hold_rules import HOLD_RULES, HoldRules
from workflows.language.condition import Condition, compile_condition
from workflows.language.hours import Hours
from workflows.language.people import group
from workflows.language.pick import compile_pick
from workflows.language.template import compile_expression, compile_template
from workflows.plan import CLOCKS, FOR_EACH_AS, ApprovalPlan, Defaults, Plan, RetryPlan, StepPlan
from workflows.program import (
    ActionStep,
    Band,
    Block,
    BranchStep,
    Group,
    LoopStep,
    Notice,
    Path,
    PathsStep,
    People,
    Policy,
    Program,
    RepeatStep,
    Rule,
    SetStep,
    Step,
    StopStep,
    WaitStep,
    status_readers,
)
from workflows.waited import compile_waited

REQUESTER = "{{event.actor}}"


def compile_policy(
    plan: Mapping[str, Any], notices: tuple[Notice, ...], hours: Mapping[str, HoursPlan] | None = None
) -> Policy:
    """Compile a policy from the plan's words, the step's laid over the automation's."""
    return Policy(
        approvers=_people(plan.get("approvers")),
        operators=_people(plan.get("operators")),
        escalate_to=_people(plan.get("escalateTo")) or (),
        rules=cast("HoldRules", {name: plan.get(name, rule.otherwise) for name, rule in HOLD_RULES.items()}),
        requester=compile_template(plan.get("requester", REQUESTER)),
        recheck=plan.get("recheck", False),
        bands=tuple(_band(band, hours) for band in plan.get("bands", ())),
        times=cast("Times", {name: plan[name] for name in (*CLOCKS, "businessHours") if name in plan}),
        on_expiry=plan.get("onExpiry", "reject"),
        notices=notices,
    )


def _band(plan: Mapping[str, Any], hours: Mapping[str, HoursPlan] | None) -> Band:
    return Band(
        when=compile_condition(plan["when"], hours),
        approvers=_people(plan.get("approvers")),
        rules=cast("HoldRules", {name: plan[name] for name in HOLD_RULES if name in plan}),
    )


def _people(names: list[str] | None) -> People | None:
    if names is None:
        return None
    found = ((name, group(name)) for name in names)
    return tuple(compile_template(name) if named is None else Group(name=named) for name, named in found)


CARRIED_OUT = (PAYLOADS_TOO_LARGE,)
"""Error types that say that the action was carried out, so that repeating it is never right."""

NEVER_REPEATED = (OUTCOME_UNKNOWN, ONCE, "TemporalTimeout:Heartbeat", WORKER_SHUTDOWN)
"""What the server must not repeat by itself where an unknown outcome must not be repeated."""

RETRY_ATTEMPTS = 3


RETRY_DELAY = 60_000
"""How often a rule of `onFailure` has a step done again, and the milliseconds before each time."""

KEPT_PROGRAMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What the plan says for all of its steps."""

    defaults: Defaults
    approvals: ApprovalPlan
    policy: Policy
    hours: Mapping[str, HoursPlan]


NO_POLICY = compile_policy({}, ())


_programs: OrderedDict[str, Program] = OrderedDict()


def program(plan: Plan) -> Program:
    """Return the compiled plan; a process keeps those it used last, by the plan's id."""
    known = _programs.pop(plan["id"], None)  # what decides about events does so in another thread
    if known is not None:
        _programs[plan["id"]] = known
        return known
    defaults, approvals, hours = plan["defaults"], plan.get("approvals"), plan.get("hours", {})
    policy = NO_POLICY if approvals is None else _policy(approvals, defaults, hours)
    whole = _Whole(defaults=defaults, approvals=approvals or {}, policy=policy, hours=hours)
    block, on_failure = _block(plan["block"], whole), _block(plan.get("onFailure", []), whole)
    result = compile_template(plan["result"]) if "result" in plan else None
    made = Program(
        plan=plan,
        condition=_condition(plan, hours),
        missing_fails=plan.get("missing") == "fail",
        priority=plan.get("priority"),
        fairness=compile_template(plan["fairness"]) if "fairness" in plan else None,
        block=block,
        on_failure=on_failure,
        result=result,
        status_readers=status_readers(block, on_failure, result=result),
    )
    _programs[plan["id"]] = made
    if len(_programs) > KEPT_PROGRAMS:
        _programs.popitem(last=False)
    return made


def _block(steps: list[StepPlan], whole: _Whole) -> Block:
    return tuple(_step(step, whole) for step in steps)


def _condition(data: Plan | StepPlan, hours: Mapping[str, HoursPlan]) -> Condition | None:
    return compile_condition(data["conditions"], hours) if "conditions" in data else None


def _step(step: StepPlan, whole: _Whole) -> Step:
    kinds = {
        "action": _action,
        "paths": _paths,
        "branch": _branch,
        "wait": _wait,
        "forEach": _loop,
        "passes": _repeat,
        "set": _set,
        "stop": _stop,
    }
    kind = next(kind for kind in kinds if kind in step)
    return kinds[kind](
        step,
        whole,
        {
            "id": step["id"],
            "label": step["label"],
            "kind": "repeat" if kind == "passes" else kind,
            "condition": _condition(step, whole.hours),
            "goes_on": step.get("onFailure") == "continue",
        },
    )


def _action(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    retry: RetryPlan = {**whole.defaults["retry"], **step.get("retry", {})}
    repeat = step["repeat"]
    unknown = retry.get("onUnknown", "fail" if repeat == "never" else "retry")
    final = CARRIED_OUT if unknown == "retry" else CARRIED_OUT + NEVER_REPEATED
    approval = step.get("approval")
    policy = _policy({**whole.approvals, **approval}, whole.defaults, whole.hours) if approval else whole.policy
    return ActionStep(
        **common,
        action=step["action"],
        config=compile_template(step.get("config", {}), step.get("syntax"), secrets=True),
        save_as=step.get("saveAs"),
        pick=compile_pick(step["pick"]) if "pick" in step else None,
        headers=step.get("headers", ()),
        repeat=repeat,
        marked=unknown != "retry",
        timeout=_ms(step.get("timeout", whole.defaults["timeout"])),
        retry=RetryPolicy(
            initial_interval=_ms(retry["initialInterval"]),
            backoff_coefficient=retry["backoffCoefficient"],
            maximum_interval=_ms(retry["maximumInterval"]),
            maximum_attempts=retry.get("maximumAttempts", 0),
            non_retryable_error_types=final,
        ),
        within=_ms(retry["within"]),
        rules=_rules(step.get("onFailure"), whole),
        on_rejected=_block(step.get("onRejected", []), whole),
        holds_unknown=unknown == "hold",
        held=approval is not None,
        policy=policy,
        background=step.get("background", False),
        local=step.get("local", False) and repeat != "never" and unknown == "retry" and approval is None,
        looks=step.get("looks", False),
        calls=step.get("calls", False),
        patience=_ms(step["timeout"]) if "calls" in step and "timeout" in step else None,
        requests=step.get("requests", 1),
        writes={pointer.removeprefix("/"): kind for pointer, kind in step.get("writes", {}).items()},
        operation=_fixed(step),
    )


def _fixed(step: StepPlan) -> str | None:
    pinned = step.get("operation")
    return pinned["digest"] if pinned is not None and pinned.get("fixed") else None


def _rules(on_failure: Any, whole: _Whole) -> tuple[Rule, ...]:
    if on_failure == "hold":
        on_failure = [{"when": ["any"], "do": "hold"}]
    if not isinstance(on_failure, list):
        return ()
    return tuple(
        Rule(
            classes=frozenset(rule["when"]),
            block=_block(rule.get("block", []), whole),
            do=rule["do"],
            attempts=rule.get("attempts", RETRY_ATTEMPTS),
            delay=_ms(rule.get("delay", RETRY_DELAY)),
        )
        for rule in on_failure
    )


def _policy(plan: ApprovalPlan, defaults: Defaults, hours: Mapping[str, HoursPlan]) -> Policy:
    bare = _Whole(
        defaults=defaults, approvals={}, policy=NO_POLICY, hours={}
    )  # what tells about a hold is never held itself
    notices = tuple(
        Notice(
            on=frozenset(notice["on"]),
            step=cast("ActionStep", _step(notice["step"], bare)),
            updated=notice.get("updated", False),
        )
        for notice in plan.get("notify", [])
    )
    return compile_policy(plan, notices, hours)


def _paths(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    return PathsStep(
        **common,
        first=step.get("first", False),
        paths=tuple(
            Path(
                id=path["id"],
                label=path["label"],
                kind="path",
                condition=None,
                goes_on=False,
                block=_block(path["block"], whole),
            )
            for path in step["paths"]
        ),
    )


def _branch(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    return BranchStep(
        **common,
        cases=tuple(
            (compile_condition(case["conditions"], whole.hours), _block(case["block"], whole))
            for case in step["branch"]
        ),
        otherwise=_block(step.get("otherwise", []), whole),
    )


def _wait(step: StepPlan, _whole: _Whole, common: dict[str, Any]) -> Step:
    wait = step["wait"]
    if isinstance(wait, str):
        return WaitStep(**common, duration=compile_expression(wait))
    if not isinstance(wait, dict):
        return WaitStep(**common, duration=_ms(wait))
    if "event" in wait:
        return WaitStep(**common, event=compile_waited(wait), save_as=step.get("saveAs"))
    if "hours" in wait:
        return WaitStep(**common, hours=Hours.read(wait["hours"]))
    return WaitStep(**common, until=compile_template(wait["until"]))


def _loop(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    return LoopStep(
        **common,
        items=compile_expression(step["forEach"]),
        name=step.get(FOR_EACH_AS, "item"),  # type: ignore[arg-type] # a keyword of Python cannot be a field
        max_items=step.get("maxItems", 100),
        parallel=step.get("parallel", 1),
        block=_block(step["block"], whole),
        save_as=step.get("saveAs"),
        collect=compile_expression(step["collect"]) if "collect" in step else None,
    )


def _repeat(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    plan = step["passes"]
    return RepeatStep(
        **common,
        until=compile_condition(plan["until"], whole.hours),
        every=_ms(plan["every"]),
        at_most=_ms(plan["atMost"]),
        backoff=plan["backoff"],
        max_passes=plan["maxPasses"],
        block=_block(step["block"], whole),
    )


def _set(step: StepPlan, _whole: _Whole, common: dict[str, Any]) -> Step:
    return SetStep(**common, values=compile_template(step["set"]))


def _stop(step: StepPlan, _whole: _Whole, common: dict[str, Any]) -> Step:
    return StopStep(**common, outcome=step["stop"], reason=compile_template(step.get("reason", "")))


def _ms(milliseconds: float) -> timedelta:
    return timedelta(milliseconds=milliseconds)
