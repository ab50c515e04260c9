"""The gate of a run's key, as the run sees it: it waits to be let in, and says when it has ended."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import cast

from trunkline.durations import spell
from trunkline.keyed import COME, LEAVE_GATE, PER_KEY, Admission, Entrance, GateAnswer
from workflows import host
from workflows.errors import StepError
from workflows.run.walk import Stop, Walk
from workflows.run.worker_calls import have_done

SILENT, STILL_SILENT = timedelta(minutes=1), timedelta(hours=1)
"""How long a run waits for a word of its gate before it comes to it by itself: whoever started it may have died."""


async def pass_gate(walk: Walk) -> None:
    """Wait until the gate of the run's key lets it go on, where it has one, or ends it as skipped."""
    entrance = _entrance(walk)
    if entrance is None or entrance["admission"]["mode"] == "skip" or walk.state.admitted:
        return
    walk.gate = _sentence(entrance["admission"])
    try:
        passed = await _passed(walk, entrance)
    finally:
        walk.gate = None
    if "skipped" in passed:
        walk.stop = walk.stop or Stop(outcome="skipped", reason=passed["skipped"])
    walk.state.admitted = True


async def _passed(walk: Walk, entrance: Entrance) -> GateAnswer:
    """Return what the gate says about a run, once it does."""
    patience = SILENT
    while walk.passed is None:
        try:
            await host.wait_condition(
                lambda: walk.passed is not None,
                timeout=patience,
                timeout_summary=f"Waits for its turn ({entrance['admission']['mode']})",
            )
        except TimeoutError:
            await have_done(COME, entrance)
            patience = STILL_SILENT
    return walk.passed


async def leave_gate(walk: Walk) -> None:
    """Tell the gate of the run's key that the run has ended, where it has one."""
    entrance = _entrance(walk)
    if entrance is not None:
        with contextlib.suppress(StepError):  # the gate finds out by itself
            await have_done(LEAVE_GATE, entrance)


def _sentence(admission: Admission) -> str:
    """Return what a run that is not let in yet waits for."""
    match admission["mode"]:
        case "queue":
            return "It waits for its turn: another run for the same key goes on."
        case "debounce":
            quiet, most = spell(admission.get("quiet", 0)), spell(admission.get("atMost", 0))
            return f"It waits until no event for the same key has come for {quiet}, at most {most} after the first."
        case _:
            return "It waits to be let in: the gate of its key has not answered yet."


def _entrance(walk: Walk) -> Entrance | None:
    admission = host.memo_value(PER_KEY, None, type_hint=dict)
    if admission is None:
        return None
    run, automation = host.info().workflow_id, walk.program.plan["automation"]
    return Entrance(run=run, automation=automation, admission=cast("Admission", admission))
