"""A plan made ready to execute, as types: steps, policies and the program they make up."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Literal, cast

from temporalio.common import RetryPolicy

from trunkline.wire import Pick, Times, UsedHeaders
from workflows.hold_rules import HOLD_RULES, HoldRules
from workflows.language.condition import Condition
from workflows.language.hours import Hours
from workflows.language.template import Template
from workflows.plan import STATUSES, Occasion, OnExpiry, Plan, Remedy
from workflows.waited import WaitedEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A group by its name; who is in it the worker knows."""

    name: str


People = tuple[Group | Template, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """What is stricter for the requests for which a condition holds; without `approvers` those of the policy stay."""

    when: Condition
    approvers: People | None
    rules: HoldRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """An action that tells people about a hold; what it gave is given to it once more where that is `updated`."""

    on: frozenset[Occasion]
    step: ActionStep
    updated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Who decides about a held step, and how.

    Attributes:
        approvers: who may release it; None: anyone.
        operators: who decides after a failure, reassigns and extends; None: nobody is named.
        escalate_to: who may release it besides, once it has waited for long.
        rules: how it is decided, every key of it.
        requester: who wants the step done.
        recheck: whether the step's conditions must still hold on release.
        bands: what is stricter for which requests.
        times: what the worker computes a hold's times from, in the plan's words.
        on_expiry: what happens when nobody has decided in time.
        notices: whom to tell.
    """

    approvers: People | None = None
    operators: People | None = None
    escalate_to: People = ()
    rules: HoldRules
    requester: Template
    recheck: bool = False
    bands: tuple[Band, ...] = ()
    times: Times
    on_expiry: OnExpiry = "reject"
    notices: tuple[Notice, ...] = ()

    def under(self, applies: Callable[[Condition], bool]) -> Policy:
        """Return the policy with every band that applies laid over it: nothing in it gets looser but the names."""
        policy = self
        for band in self.bands:
            if not applies(band.when):
                continue
            policy = replace(
                policy,
                approvers=policy.approvers if band.approvers is None else band.approvers,
                rules=_stricter(policy.rules, band.rules),
            )
        return policy


def _stricter(rules: Mapping[str, Any], others: Mapping[str, Any]) -> HoldRules:
    changed = {name: HOLD_RULES[name].stricter(rules[name], value) for name, value in others.items()}
    return cast("HoldRules", {**rules, **changed})


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
    headers: UsedHeaders
    """Headers of the answer that are kept beside those that always are."""
    repeat: str
    marked: bool
    timeout: timedelta
    retry: RetryPolicy
    within: timedelta
    rules: tuple[Rule, ...]
    on_rejected: Block
    """What runs once people refused it, or nobody decided in time."""
    holds_unknown: bool
    held: bool
    """Whether people must approve it."""
    policy: Policy
    background: bool
    local: bool
    """Whether the run's own worker carries it out, where nothing keeps it from that."""
    looks: bool
    calls: bool
    """Whether it runs another automation."""
    patience: timedelta | None
    """How long it waits for that one, where the step says it."""
    requests: int
    """Most requests that one attempt sends where nothing goes wrong."""
    writes: Mapping[str, str]
    """Kind of each record that it writes, by the key of the config that holds the id."""
    operation: str | None
    """Digest of the described operation that alone may be sent without asking people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What follows a failure of some classes; the first of a step's rules that matches decides.

    Attributes:
        classes: the classes.
        block: what runs first.
        do: what follows then.
        attempts: of `retry`: how often.
        delay: of `retry`: the pause before each.
    """

    classes: frozenset[str]
    block: Block
    do: Remedy
    attempts: int
    delay: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Path(Step):
    """One of the blocks that run side by side."""

    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsStep(Step):
    """A step that runs several blocks side by side; `first`: until one of them has succeeded."""

    paths: tuple[Path, ...]
    first: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStep(Step):
    """A step that runs the first block whose conditions hold."""

    cases: tuple[tuple[Condition, Block], ...]
    otherwise: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitStep(Step):
    """A step that lets time pass (so long, until an instant, or until hours begin), or waits for an event.

    `duration` may be a template of a duration, `hours` those that it waits for.
    """

    duration: timedelta | Template | None = None
    until: Template | None = None
    hours: Hours | None = None
    event: WaitedEvent | None = None
    save_as: str | None = None


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
class RepeatStep(Step):
    """A step that runs a block until a condition holds, as `RepeatPlan` says."""

    until: Condition
    every: timedelta
    at_most: timedelta
    backoff: float
    max_passes: int
    block: Block


@dataclass(frozen=True, slots=True, kw_only=True)
class SetStep(Step):
    """A step that gives variables values; `values` is an object of them by name."""

    values: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class StopStep(Step):
    """A step that ends the run."""

    outcome: Literal["completed", "failed", "rejected"]
    reason: Template


Block = tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A plan made ready to execute.

    Attributes:
        plan: the plan.
        condition: what must hold for it to run.
        missing_fails: whether a template that finds no value fails its step.
        priority: whose actions go first where they queue.
        fairness: whose run it is.
        block: the steps.
        on_failure: the steps that run once all others have ended and the run has failed.
        result: what the run tells whoever called it.
        status_readers: the steps whose status is read somewhere, each with the ids of the steps around it, innermost
            first.
    """

    plan: Plan
    condition: Condition | None
    missing_fails: bool
    priority: int | None
    fairness: Template | None
    block: Block
    on_failure: Block
    result: Template | None
    status_readers: Mapping[str, tuple[str, ...]]


def ways(step: Step) -> Iterator[Block]:
    """Yield the blocks directly inside a step, in the definition's order."""
    match step:
        case ActionStep():
            for rule in step.rules:
                yield rule.block
            yield step.on_rejected
        case PathsStep():
            yield step.paths
        case Path() | LoopStep() | RepeatStep():
            yield step.block
        case BranchStep():
            for _, block in step.cases:
                yield block
            yield step.otherwise


def children(step: Step) -> Iterator[Step]:
    """Yield the steps directly inside a step, in the definition's order."""
    for way in ways(step):
        yield from way


def status_readers(*blocks: Block, result: Template | None) -> dict[str, tuple[str, ...]]:
    """Return the steps whose status these blocks or the result read, each with the ids of the steps around it."""
    read: set[str] = set()
    waiting: list[Any] = [*blocks, result]
    seen: set[int] = set()
    while waiting:
        part = waiting.pop()
        if isinstance(part, (Template, Condition)):
            read |= {str(one.path[1]) for one in part.references if one.path[0] == STATUSES and len(one.path) > 1}
        elif isinstance(part, tuple):
            waiting.extend(part)
        elif isinstance(part, (Step, Rule, Policy, Band, Notice, WaitedEvent)) and id(part) not in seen:
            seen.add(id(part))
            waiting.extend(getattr(part, one.name) for one in fields(part))
    return {id_: around for block in blocks for id_, around in _around(block, ()) if id_ in read} if read else {}


def _around(block: Block, outer: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for step in block:
        yield step.id, outer
        yield from _around(tuple(children(step)), (step.id, *outer))
