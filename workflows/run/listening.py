"""What a run is told by signals beside decisions: that an event has come, and what the gate of its key says."""

from __future__ import annotations

from typing import Any, cast

from temporalio import workflow

from trunkline.keyed import ARRIVE, PASSED, Passed
from workflows.event import EventError, read_event
from workflows.run.walk import Walk


def listen(walk: Walk) -> None:
    """Take events and the word of a gate, also those that came before the run could; what is neither is ignored."""

    def arrive(*arguments: Any) -> None:
        try:
            walk.state.arrivals.arrive(read_event(arguments[0] if arguments else None, default_id=""))
        except EventError:
            return

    def told(*arguments: Any) -> None:
        passed = arguments[0] if arguments else None
        if not isinstance(passed, dict):
            return
        if "replaced" in passed:
            walk.replaced = str(passed["replaced"])
        elif walk.passed is None and passed.keys() & {"admitted", "skipped"}:
            walk.passed = cast("Passed", passed)

    workflow.set_signal_handler(ARRIVE, arrive)
    workflow.set_signal_handler(PASSED, told)
