"""What a run is told by signals beside decisions: that an event has come, and what the gate of its key says.

Annotations are no strings here: Temporal's SDK would read those of both handlers anew in each run.
"""

from typing import Any, cast

from trunkline.keyed import ARRIVE, PASSED, GateAnswer
from workflows import host
from workflows.event import EventError, read_event
from workflows.run.encrypted import opened
from workflows.run.walk import Walk


def listen(walk: Walk) -> None:
    """Take events and the word of a gate, also those that came before the run could; what is neither is ignored."""

    async def arrive(*arguments: Any) -> None:
        try:
            walk.state.arrivals.arrive(read_event(await _first(arguments), default_id=""))
        except EventError:
            return

    async def hear(*arguments: Any) -> None:
        passed = await _first(arguments)
        if not isinstance(passed, dict):
            return
        if "replaced" in passed:
            walk.replaced = str(passed["replaced"])
        elif walk.passed is None and passed.keys() & {"admitted", "skipped"}:
            walk.passed = cast("GateAnswer", passed)

    host.set_signal_handler(ARRIVE, arrive)
    host.set_signal_handler(PASSED, hear)


async def _first(arguments: tuple[Any, ...]) -> Any:
    """Return the first argument of a signal; None where it cannot be read."""
    found = await opened(arguments)
    return found[0] if found else None
