"""Counts what a connection is used for in a day, for all workers of a namespace together."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from temporalio import workflow

from trunkline.wire import BUDGET, RESERVE, SETTLE, Count, ReserveAnswer, ReserveQuestion, Settlement

BEYOND = timedelta(minutes=10)
"""How long after its day a count without uses is kept: those in flight still settle."""


@workflow.defn(name=BUDGET)
class BudgetCount:
    """The count of one connection, on the day (UTC) that Temporal's clock says; it ends after a day without uses.

    Args:
        kept: what was counted before, where the history became long.
    """

    @workflow.init
    def __init__(self, kept: Count | None = None) -> None:
        self.day = kept["day"] if kept else _today()
        self.used = Counter(kept["used"] if kept else {})

    @workflow.run
    async def run(self, _kept: Count | None = None) -> None:
        """Count until a day went by without uses."""
        while True:
            day = self.day
            try:
                await workflow.wait_condition(workflow.info().is_continue_as_new_suggested, timeout=_left(day))
            except TimeoutError:
                if self.day == day:
                    return
            else:
                workflow.continue_as_new(Count(day=self.day, used=dict(self.used)))

    @workflow.update(name=RESERVE)
    def reserve(self, wanted: ReserveQuestion) -> ReserveAnswer:
        """Set aside what a use may take, unless a limit would be exceeded."""
        if self.day != _today():
            self.day, self.used = _today(), Counter()
        before = dict(self.used)
        lacking = [
            what for what, limit in wanted["limits"].items() if self.used[what] + wanted["amounts"].get(what, 0) > limit
        ]
        if not lacking:
            self.used.update(wanted["amounts"])
        return ReserveAnswer(day=self.day, used=before, lacking=lacking)

    @workflow.signal(name=SETTLE)
    def settle(self, settlement: Settlement) -> None:
        """Count what a use took; of a day that is over nothing is kept."""
        if settlement["day"] == self.day:
            self.used.update(settlement["amounts"])


def _today() -> str:
    return workflow.now().astimezone(UTC).date().isoformat()


def _left(day: str) -> timedelta:
    """Return how long a day still lasts, and a while beyond."""
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1) + BEYOND
    return max(end - workflow.now(), timedelta(seconds=1))
