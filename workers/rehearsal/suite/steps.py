"""The steps of a plan, as test files name them: by id, and whether people could ever be asked about one."""

from __future__ import annotations

from collections.abc import Iterator

from workflows.compiled import program
from workflows.plan import Plan
from workflows.program import ActionStep, Block, Step, children


def every_step(plan: Plan) -> dict[str, Step]:
    """Return every step of a plan by its id, notices apart."""
    compiled = program(plan)
    return {step.id: step for block in (compiled.block, compiled.on_failure) for step in _steps(block)}


def _steps(block: Block) -> Iterator[Step]:
    for step in block:
        yield step
        yield from _steps(tuple(children(step)))


def may_be_held(step: Step) -> bool:
    """Say whether people may be asked about a step, before it is sent or after it has failed."""
    if not isinstance(step, ActionStep):
        return False
    return step.held or step.holds_unknown or any(rule.do == "hold" for rule in step.rules)


def secrets_of(plan: Plan) -> frozenset[str]:
    """Return the names of the secrets that the requests of a plan use."""
    steps = [step for step in every_step(plan).values() if isinstance(step, ActionStep)]
    return frozenset(name for step in steps for use in step.config.secrets for name in use.names)
