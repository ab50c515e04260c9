"""A plan made ready to execute: templates, conditions and Temporal's options compiled once per process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, cast

from temporalio.common import RetryPolicy

from workflows.condition import Condition, compile_condition
from workflows.pick import Pick, compile_pick
from workflows.plan import FOR_EACH_AS, Approval, Defaults, Plan, Remedy, Retry, StepPlan
from workflows.policy import Notice, Policy, compile_policy
from workflows.template import Template, compile_expression, compile_template

CARRIED_OUT = ("PayloadsTooLarge",)
"""Error types that say that the action was carried out, so that repeating it is never right."""

NEVER_REPEATED = ("OutcomeUnknown", "TemporalTimeout:StartToClose", "TemporalTimeout:Heartbeat", "WorkerShutdown")
"""What the server must not repeat by itself where an unknown outcome must not be repeated."""

RETRY_ATTEMPTS = 3
RETRY_DELAY = 60_000
"""How often a rule of `onFailure` has a step done again, and the milliseconds before each time."""

KEPT_PROGRAMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What every step has."""

    id: str
    label: str
    kind: str
    condition: Condition | None
    goes_on: bool
    """Whether the block continues after this step failed (`onFailure: continue`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionStep(Step):
    """A step that runs one activity; one that is `marked` says durably that it is about to send."""

    action: str
    config: Template
    save_as: str | None
    pick: Pick | None
    repeat: str
    marked: bool
    timeout: timedelta
    retry: RetryPolicy
    within: timedelta
    rules: tuple[Rule, ...]
    holds_unknown: bool
    held: bool
    """Whether people must approve it."""
    policy: Policy
    background: bool
    looks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What follows a failure of some classes; the first of a step's rules that matches decides."""

    classes: frozenset[str]
    do: Remedy
    attempts: int
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Step):
    """One of the blocks that run side by side."""

    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsStep(Step):
    """A step that runs several blocks side by side."""

    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep(Step):
    """A step that runs the first block whose conditions hold."""

    cases: tuple[tuple[Condition, Block], ...]
    otherwise: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """A step that lets time pass."""

    duration: timedelta | None
    until: Template | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStep(Step):
    """A step that runs a block for every item of a list."""

    items: Template
    name: str
    max_items: int
    parallel: int
    block: Block
    save_as: str | None
    collect: Template | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep(Step):
    """A step that ends the run."""

    outcome: Literal["completed", "failed", "rejected"]
    reason: Template


Block = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A plan made ready to execute."""

    plan: Plan
    condition: Condition | None
    missing_fails: bool
    priority: int | None
    fairness: Template | None
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whole:
    """What the plan says for all of its steps."""

    defaults: Defaults
    approvals: Approval
    policy: Policy


NO_POLICY = compile_policy({}, ())

_programs: OrderedDict[str, Program] = OrderedDict()


def program(plan: Plan) -> Program:
    """Return the compiled plan; a process keeps those it used last, by the plan's id."""
    known = _programs.get(plan["id"])
    if known is not None:
        _programs.move_to_end(plan["id"])
        return known
    defaults, approvals = plan["defaults"], plan.get("approvals")
    policy = NO_POLICY if approvals is None else _policy(approvals, defaults)
    whole = _Whole(defaults=defaults, approvals=approvals or {}, policy=policy)
    made = Program(
        plan=plan,
        condition=_condition(plan),
        missing_fails=plan.get("missing") == "fail",
        priority=plan.get("priority"),
        fairness=compile_template(plan["fairness"]) if "fairness" in plan else None,
        block=_block(plan["block"], whole),
    )
    _programs[plan["id"]] = made
    if len(_programs) > KEPT_PROGRAMS:
        _programs.popitem(last=False)
    return made


def _block(steps: list[StepPlan], whole: _Whole) -> Block:
    return tuple(_step(step, whole) for step in steps)


def _condition(data: Plan | StepPlan) -> Condition | None:
    return compile_condition(data["conditions"]) if "conditions" in data else None


def _step(step: StepPlan, whole: _Whole) -> Step:
    kinds = {
        "action": _action,
        "paths": _paths,
        "branch": _branch,
        "wait": _wait,
        "forEach": _loop,
        "stop": _stop,
    }
    kind = next(kind for kind in kinds if kind in step)
    return kinds[kind](
        step,
        whole,
        {
            "id": step["id"],
            "label": step["label"],
            "kind": kind,
            "condition": _condition(step),
            "goes_on": step.get("onFailure") == "continue",
        },
    )


def _action(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    retry: Retry = {**whole.defaults["retry"], **step.get("retry", {})}
    repeat = step["repeat"]
    unknown = retry.get("onUnknown", "fail" if repeat == "never" else "retry")
    final = CARRIED_OUT if unknown == "retry" else CARRIED_OUT + NEVER_REPEATED
    approval = step.get("approval")
    policy = _policy({**whole.approvals, **approval}, whole.defaults) if approval else whole.policy
    return ActionStep(
        **common,
        action=step["action"],
        config=compile_template(step.get("config", {}), step.get("syntax"), secrets=True),
        save_as=step.get("saveAs"),
        pick=compile_pick(step["pick"]) if "pick" in step else None,
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
        rules=_rules(step.get("onFailure")),
        holds_unknown=unknown == "hold",
        held=approval is not None,
        policy=policy,
        background=step.get("background", False),
        looks=step.get("looks", False),
    )


def _rules(on_failure: Any) -> tuple[Rule, ...]:
    if on_failure == "hold":
        on_failure = [{"when": ["any"], "do": "hold"}]
    if not isinstance(on_failure, list):
        return ()
    return tuple(
        Rule(
            classes=frozenset(rule["when"]),
            do=rule["do"],
            attempts=rule.get("attempts", RETRY_ATTEMPTS),
            delay=_ms(rule.get("delay", RETRY_DELAY)),
        )
        for rule in on_failure
    )


def _policy(plan: Approval, defaults: Defaults) -> Policy:
    bare = _Whole(defaults=defaults, approvals={}, policy=NO_POLICY)  # what tells about a hold is never held itself
    notices = tuple(
        Notice(on=frozenset(notice["on"]), step=cast("ActionStep", _step(notice["step"], bare)))
        for notice in plan.get("notify", [])
    )
    return compile_policy(plan, notices)


def _paths(step: StepPlan, whole: _Whole, common: dict[str, Any]) -> Step:
    return PathsStep(
        **common,
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
        cases=tuple((compile_condition(case["conditions"]), _block(case["block"], whole)) for case in step["branch"]),
        otherwise=_block(step.get("otherwise", []), whole),
    )


def _wait(step: StepPlan, _whole: _Whole, common: dict[str, Any]) -> Step:
    wait = step["wait"]
    if isinstance(wait, dict):
        return WaitStep(**common, duration=None, until=compile_template(wait["until"]))
    return WaitStep(**common, duration=_ms(wait), until=None)


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


def _stop(step: StepPlan, _whole: _Whole, common: dict[str, Any]) -> Step:
    return StopStep(**common, outcome=step["stop"], reason=compile_template(step.get("reason", "")))


def _ms(milliseconds: float) -> timedelta:
    return timedelta(milliseconds=milliseconds)


def children(step: Step) -> Iterator[Step]:
    """Yield the steps directly inside a step, in the definition's order."""
    match step:
        case PathsStep():
            yield from step.paths
        case Path() | LoopStep():
            yield from step.block
        case BranchStep():
            for _, block in step.cases:
                yield from block
            yield from step.otherwise
