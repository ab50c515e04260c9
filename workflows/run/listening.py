"""What others tell a run by signals that its automation does not name: that an event has come."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

from trunkline.keyed import ARRIVE
from workflows.event import EventError, read_event
from workflows.run.walk import Walk


def listen(walk: Walk) -> None:
    """Take the events that are brought to the run, also those that came before it could; what is none is ignored."""

    def arrive(*arguments: Any) -> None:
        try:
            walk.state.arrivals.arrive(read_event(arguments[0] if arguments else None, default_id=""))
        except EventError:
            return

    workflow.set_signal_handler(ARRIVE, arrive)
