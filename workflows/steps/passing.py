"""The gate of a run's key, as the run sees it: it waits to be let in, and says when it has ended."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import cast

from trunkline.keyed import COME, LEAVE_GATE, PER_KEY, Admission, Entrance
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
    patience = SILENT
    while (passed := walk.passed) is None:
        try:
            await host.wait_condition(
                lambda: walk.passed is not None,
                timeout=patience,
                timeout_summary=f"Waits for its turn ({entrance['admission']['mode']})",
            )
        except TimeoutError:
            await have_done(COME, entrance)
            patience = STILL_SILENT
    if "skipped" in passed:
        walk.stop = walk.stop or Stop(outcome="skipped", reason=passed["skipped"])
    walk.state.admitted = True


async def leave_gate(walk: Walk) -> None:
    """Tell the gate of the run's key that the run has ended, where it has one."""
    entrance = _entrance(walk)
    if entrance is not None:
        with contextlib.suppress(StepError):  # the gate finds out by itself
            await have_done(LEAVE_GATE, entrance)


def _entrance(walk: Walk) -> Entrance | None:
    admission = host.memo_value(PER_KEY, None, type_hint=dict)
    if admission is None:
        return None
    run, automation = host.info().workflow_id, walk.program.plan["automation"]
    return Entrance(run=run, automation=automation, admission=cast("Admission", admission))
