"""How much a run does at a stretch: after about a tenth of a second it lets its worker turn to other runs.

Temporal takes a task that works for two seconds without a pause for a deadlock and repeats it, for ever; a loop over
10,000 items, or 4,000 steps with costly conditions, would be one. Where a run pauses is part of its history: what work
costs may change only together with `workflow.patched`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from trunkline.wire import YIELD
from workflows import host
from workflows.run.parallel import cancellation

BUDGET = 8_000_000
"""Work at a stretch, in the units of one render (`workflows/language/scope.py`): about 100 ms."""

STEP = 8_000
"""What each step costs beside its templates and conditions."""

SCAN = 10
"""What looking at one entry of the report costs."""


class InFlight(Protocol):
    """What counts the activities that have not ended."""

    in_flight: int


class WorkBudget:
    """The work of one walk since it last rested."""

    def __init__(self) -> None:
        self.work = 0
        self.resting = False

    def spend(self, work: int) -> None:
        """Count work that was done."""
        self.work += work

    async def step(self, walk: InFlight, *, scanned: int = 0) -> None:
        """Count a step; where much was done at a stretch, rest first, together with all other paths.

        Args:
            walk: the walk that takes it.
            scanned: how many entries of the report it looks at.
        """
        while self.work > BUDGET:
            if self.resting:
                await host.wait_condition(lambda: not self.resting)
                continue
            self.resting = True
            walk.in_flight += 1
            try:
                with cancellation():
                    await host.execute_local_activity(YIELD, start_to_close_timeout=timedelta(seconds=10))
                self.work = 0
            finally:
                walk.in_flight -= 1
                self.resting = False
        self.spend(STEP + SCAN * scanned)
