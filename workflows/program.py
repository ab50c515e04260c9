"""A plan made ready to execute: templates, conditions and Temporal's options compiled once per process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from temporalio.common import RetryPolicy

from workflows.condition import Condition, compile_condition
from workflows.pick import Pick, compile_pick
from workflows.plan import FOR_EACH_AS, Plan, Retry, StepPlan
from workflows.template import Template, compile_expression, compile_template

CARRIED_OUT = ("PayloadsTooLarge",)
"""Error types that say that the action was carried out, so that repeating it is never right."""

NEVER_REPEATED = ("OutcomeUnknown", "TemporalTimeout:StartToClose", "TemporalTimeout:Heartbeat", "WorkerShutdown")
"""What the server must not repeat by itself where an unknown outcome must not be repeated."""

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
    holds_failure: bool
    holds_unknown: bool
    approval: dict[str, Any] | None
    approvers: Template
    background: bool
    looks: bool


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


_programs: OrderedDict[str, Program] = OrderedDict()


def program(plan: Plan) -> Program:
    """Return the compiled plan; a process keeps those it used last, by the plan's id."""
    known = _programs.get(plan["id"])
    if known is not None:
        _programs.move_to_end(plan["id"])
        return known
    made = Program(
        plan=plan,
        condition=_condition(plan),
        missing_fails=plan.get("missing") == "fail",
        priority=plan.get("priority"),
        fairness=compile_template(plan["fairness"]) if "fairness" in plan else None,
        block=_block(plan["block"], plan),
    )
    _programs[plan["id"]] = made
    if len(_programs) > KEPT_PROGRAMS:
        _programs.popitem(last=False)
    return made


def _block(steps: list[StepPlan], plan: Plan) -> Block:
    return tuple(_step(step, plan) for step in steps)


def _condition(data: Plan | StepPlan) -> Condition | None:
    return compile_condition(data["conditions"]) if "conditions" in data else None


def _step(step: StepPlan, plan: Plan) -> Step:
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
        plan,
        {
            "id": step["id"],
            "label": step["label"],
            "kind": kind,
            "condition": _condition(step),
            "goes_on": step.get("onFailure") == "continue",
        },
    )


def _action(step: StepPlan, plan: Plan, common: dict[str, Any]) -> Step:
    retry: Retry = {**plan["defaults"]["retry"], **step.get("retry", {})}
    repeat = step["repeat"]
    unknown = retry.get("onUnknown", "fail" if repeat == "never" else "retry")
    final = CARRIED_OUT if unknown == "retry" else CARRIED_OUT + NEVER_REPEATED
    approval = step.get("approval")
    return ActionStep(
        **common,
        action=step["action"],
        config=compile_template(step.get("config", {}), step.get("syntax"), secrets=True),
        save_as=step.get("saveAs"),
        pick=compile_pick(step["pick"]) if "pick" in step else None,
        repeat=repeat,
        marked=unknown != "retry",
        timeout=_ms(step.get("timeout", plan["defaults"]["timeout"])),
        retry=RetryPolicy(
            initial_interval=_ms(retry["initialInterval"]),
            backoff_coefficient=retry["backoffCoefficient"],
            maximum_interval=_ms(retry["maximumInterval"]),
            maximum_attempts=retry.get("maximumAttempts", 0),
            non_retryable_error_types=final,
        ),
        within=_ms(retry["within"]),
        holds_failure=step.get("onFailure") == "hold",
        holds_unknown=unknown == "hold",
        approval=None if approval is None else dict(approval),
        approvers=compile_template(list((approval or {}).get("approvers", []))),
        background=step.get("background", False),
        looks=step.get("looks", False),
    )


def _paths(step: StepPlan, plan: Plan, common: dict[str, Any]) -> Step:
    return PathsStep(
        **common,
        paths=tuple(
            Path(
                id=path["id"],
                label=path["label"],
                kind="path",
                condition=None,
                goes_on=False,
                block=_block(path["block"], plan),
            )
            for path in step["paths"]
        ),
    )


def _branch(step: StepPlan, plan: Plan, common: dict[str, Any]) -> Step:
    return BranchStep(
        **common,
        cases=tuple((compile_condition(case["conditions"]), _block(case["block"], plan)) for case in step["branch"]),
        otherwise=_block(step.get("otherwise", []), plan),
    )


def _wait(step: StepPlan, _plan: Plan, common: dict[str, Any]) -> Step:
    wait = step["wait"]
    if isinstance(wait, dict):
        return WaitStep(**common, duration=None, until=compile_template(wait["until"]))
    return WaitStep(**common, duration=_ms(wait), until=None)


def _loop(step: StepPlan, plan: Plan, common: dict[str, Any]) -> Step:
    return LoopStep(
        **common,
        items=compile_expression(step["forEach"]),
        name=step.get(FOR_EACH_AS, "item"),  # type: ignore[arg-type] # a keyword of Python cannot be a field
        max_items=step.get("maxItems", 100),
        parallel=step.get("parallel", 1),
        block=_block(step["block"], plan),
        save_as=step.get("saveAs"),
        collect=compile_expression(step["collect"]) if "collect" in step else None,
    )


def _stop(step: StepPlan, _plan: Plan, common: dict[str, Any]) -> Step:
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
