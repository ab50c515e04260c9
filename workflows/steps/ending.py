"""What follows once all steps of a run have ended, or a `stop` has ended them: for a failed run, its own actions."""

from __future__ import annotations

from trunkline.wire import FailureRoot, Flow
from workflows import host
from workflows.errors import MissingVariableError, StepError
from workflows.language.template import TemplateError
from workflows.report import measure
from workflows.run.walk import Walk
from workflows.steps.passing import leave_gate
from workflows.steps.reactions import failure_root
from workflows.steps.resume import begin_again, resume


def goes_on(walk: Walk, flow: Flow) -> bool:
    """Say whether a run goes on whose walk has ended: with its failed steps, or with the actions for a failed run.

    Those actions follow once: what of them has run in an earlier life of the run is not sent again.
    """
    stop, failed = walk.stop, walk.state.failed
    if stop is not None and stop.outcome == "canceled":
        return False
    if failed is not None:
        walk.stop = None  # no `stop` among those actions makes the run anything but failed
        return failed["reason"] is None and resume(walk)
    if stop is None:
        return flow == "failed" and (resume(walk) or _follow(walk, None))
    canceled = host.cancellation_reason() is not None
    return stop.outcome == "failed" and not canceled and _follow(walk, stop.reason)


OUTCOMES: dict[Flow, str] = {"done": "completed", "stopped": "completed", "failed": "failed", "rejected": "rejected"}

TOLD = ("completed", "rejected")
"""The outcomes with which a run says what its automation's `result` came to."""

RESULT = "#result"
"""The place of the run's result in the budget."""


async def ended(walk: Walk, flow: Flow) -> str:
    """Return the outcome of a run that does not go on, once the gate of its key knows that it has ended."""
    await leave_gate(walk)
    if walk.stop is not None:
        return walk.stop.outcome
    return OUTCOMES[flow] if walk.state.failed is None else "failed"


def tell(walk: Walk, outcome: str) -> str | None:
    """Keep what the automation's `result` comes to at the run's end, or return why it cannot be told."""
    if walk.program.result is None or outcome not in TOLD:
        return None
    try:
        rendered = walk.program.result.render(walk.roots(walk.outermost), host.now(), walk.work_budget.spend)
        if rendered.missing and walk.program.missing_fails:
            raise MissingVariableError(f"This run has no {', '.join(rendered.missing)}.")
        walk.state.reserve(RESULT, measure(rendered.value))
    except (TemplateError, StepError) as error:
        return f"The automation's `result` cannot be told: {error}"
    walk.state.result, walk.state.unfound = rendered.value, rendered.missing
    return None


def _follow(walk: Walk, reason: str | None) -> bool:
    """Begin the actions for a failed run, which what they follow does not cancel; say whether there are any."""
    if not walk.program.on_failure:
        return False
    walk.stop = None
    walk.state.failed = {"reason": reason, "failure": _failure(walk, reason)}
    begin_again(walk, walk.program.on_failure, "")
    return True


def _failure(walk: Walk, reason: str | None) -> FailureRoot:
    """Return what the actions for a failed run find under `failure`: why it was stopped, else its first failed step."""
    causes = walk.state.report.causes()
    if reason is not None or not causes:
        return failure_root({"type": "Stopped", "message": reason or "The automation failed."}, None)
    first = causes[0]
    return {**first["error"], "status": first.get("httpStatus"), "attempts": first.get("attempts")}
