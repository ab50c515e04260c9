"""Runs while no worker sends to an account: workers ask whether it does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from temporalio import workflow

from trunkline.wire import EXTEND, PAUSE, PAUSE_GRACE


@workflow.defn(name=PAUSE)
class Pause:
    """The pause of one account; it ends when it is over, and continues as new where it is to last longer.

    Args:
        until: when it is over (Unix time in seconds).
    """

    @workflow.init
    def __init__(self, until: float) -> None:
        self.until = until

    @workflow.run
    async def run(self, until: float) -> None:
        """Wait until the pause is over."""
        try:
            await workflow.wait_condition(
                lambda: self.until > until, timeout=_left(until), timeout_summary="The account is paused"
            )
        except TimeoutError:
            if self.until <= until:
                return
        workflow.continue_as_new(self.until, run_timeout=_left(self.until) + timedelta(seconds=PAUSE_GRACE))

    @workflow.signal(name=EXTEND)
    def extend(self, until: float) -> None:
        """Let it last until then, where that is later."""
        self.until = max(self.until, until)


def _left(until: float) -> timedelta:
    return max(datetime.fromtimestamp(until, UTC) - workflow.now(), timedelta(0))
