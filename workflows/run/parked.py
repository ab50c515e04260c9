"""Parked: a run that waits before its first step, until its file can be used or a worker knows its automation.

Workers differ while one after the other is replaced, and a run asks the worker that has it in memory. Where that one
does not know the automation, an activity asks whichever takes it: if that one does, the run continues as new, so that
another worker may take it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from trunkline.wire import KNOWN, PlanParking, PlanQuestion
from workflows import host
from workflows.run.continue_as_new import kept_memo, long_history
from workflows.run.parallel import cancellation
from workflows.run.worker_calls import ANSWER

SINCE = "parkedSince"
"""The field of the memo with the instant since when the whole chain is parked."""

OFFERED = "trunkline:offered"
"""The name under which `workers/process/replay_clock.py` lets any worker have the activities of this task."""

PAUSES = timedelta(seconds=2), timedelta(seconds=25)
"""How long a run waits for its definition before it asks again: at first, and at most."""

OFTEN = timedelta(seconds=10)
"""At most so long it waits before it has another one asked: where little happens, Temporal often takes the same one."""

ONCE = RetryPolicy(maximum_attempts=2)
"""A worker that cannot answer is as good as one that does not know."""


class Parking:
    """How long a run has waited before its first step."""

    def __init__(self) -> None:
        since = host.memo_value(SINCE, None, type_hint=str)
        self.since = host.now() if since is None else datetime.fromisoformat(since)
        self.pause, self.longest = PAUSES

    def question(self, question: PlanQuestion) -> PlanQuestion:
        """Return the question for the plan, with the seconds that the run has waited for it."""
        return {**question, "waited": (host.now() - self.since).total_seconds()}

    async def wait(self, answer: PlanParking, question: PlanQuestion) -> dict[str, Any] | None:
        """Let a pause pass, a longer one each time, and return the memo to continue as new with, where that is due."""
        pause, self.pause = self.pause, min(self.pause * 2, self.longest)
        if long_history() and host.all_handlers_finished():
            return self._memo()
        elsewhere = False
        if answer.get("unknown", False):
            elsewhere = await _known(question["automation"])
            pause = min(pause, OFTEN)
        await host.sleep(pause, summary="Parked: waiting for its definition")
        return self._memo() if elsewhere and host.all_handlers_finished() else None

    def _memo(self) -> dict[str, Any]:
        return {**kept_memo(), SINCE: self.since.isoformat()}


async def _known(automation: str) -> bool:
    """Say whether the worker that takes the question knows an automation."""
    offer = host.extern_functions().get(OFFERED)
    if offer is not None:
        offer()
    try:
        with cancellation():
            return bool(
                await host.execute_activity(
                    KNOWN,
                    automation,
                    start_to_close_timeout=ANSWER,
                    schedule_to_close_timeout=2 * ANSWER,
                    retry_policy=ONCE,
                    summary="Does another worker know it?",
                )
            )
    except ActivityError:
        return False
