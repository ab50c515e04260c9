"""A gate: lets the runs of one automation and key go on as its `perKey` says, in a workflow of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from temporalio import workflow
from temporalio.exceptions import FailureError

from trunkline.keyed import (
    ENTER,
    GATE,
    LEFT,
    PASSED,
    STANDING,
    TRY,
    Entrance,
    GateAnswer,
    GateState,
    Inside,
    Standing,
)
from workflows.keyed.admitting import Order, empty, entered, left, quiet

EMPTY = timedelta(minutes=1)
"""How long a gate stays at which nobody is."""

LOOK, LOOK_ALONE = timedelta(seconds=40), timedelta(hours=1)
"""How often it asks whether the run inside goes on: where others wait, and where none does. A run says so itself when
it ends, unless it was terminated."""

UNSTARTED = timedelta(minutes=10)
"""How long a run that has entered may take to be started."""


@workflow.defn(name=GATE)
class Gate:
    """The gate of one key; it ends once nobody has been there for a while.

    Args:
        state: who was there before, where the history became long.
    """

    @workflow.init
    def __init__(self, state: GateState | None = None) -> None:
        self.state = state or empty()
        self.orders: list[Order] = []
        self.changes = 0
        self.looked = workflow.now()

    @workflow.run
    async def run(self, _state: GateState | None = None) -> None:
        """Let runs go on until nobody is there."""
        while True:
            while self.orders:
                await self._carry_out(self.orders.pop(0))
            if _long():
                await workflow.wait_condition(workflow.all_handlers_finished)
                if not self.orders:
                    workflow.continue_as_new(self.state)
                continue
            changes = self.changes
            try:
                await workflow.wait_condition(
                    lambda changes=changes: self.changes > changes or _long(),  # type: ignore[misc] # bound at once
                    timeout=self._next(),
                )
            except TimeoutError:
                if self._idle():
                    return
                self.orders += quiet(self.state, workflow.now())
                if workflow.now() - self.looked >= self._patience():
                    await self._look()

    @workflow.signal(name=ENTER)
    def enter(self, entrance: Mapping[str, Any]) -> None:
        """Let a run come."""
        came = cast("Entrance", entrance)
        self._then(entered(self.state, came["run"], came["admission"], workflow.now()))

    @workflow.update(name=TRY)
    async def attempt(self, entrance: Mapping[str, Any]) -> Inside:
        """Let a run enter where nobody is inside any more."""
        came = cast("Entrance", entrance)
        while (inside := self.state["inside"]) not in {None, came["run"]}:
            await self._look()
            if self.state["inside"] == inside:
                return Inside(run=inside)
        self._then(entered(self.state, came["run"], came["admission"], workflow.now()))
        return Inside(run=None if self.state["inside"] == came["run"] else self.state["inside"])

    @workflow.signal(name=LEFT)
    def leave(self, run: str) -> None:
        """Let a run leave."""
        self._then(left(self.state, run, workflow.now()))

    def _then(self, orders: list[Order]) -> None:
        self.orders += orders
        self.changes += 1

    async def _look(self) -> None:
        """Ask whether the run inside goes on, and let it leave where it does not."""
        run, self.looked = self.state["inside"], workflow.now()
        if run is None:
            return
        standing: Standing = await workflow.execute_activity(
            STANDING, run, start_to_close_timeout=timedelta(seconds=30), summary=run
        )
        since = workflow.now() - datetime.fromisoformat(self.state["entered"])
        if self.state["inside"] == run and (standing == "ended" or (standing == "missing" and since > UNSTARTED)):
            self._then(left(self.state, run, workflow.now()))

    async def _carry_out(self, order: Order) -> None:
        run = workflow.get_external_workflow_handle(order.run)
        if order.kind == "admit":
            try:
                await run.signal(PASSED, GateAnswer(admitted=True))
            except FailureError:  # it has ended while it waited
                self._then(left(self.state, order.run, workflow.now()))
            return
        with contextlib.suppress(FailureError):  # it has ended already
            if order.kind == "skip":
                await run.signal(PASSED, GateAnswer(skipped=order.reason))
            else:
                await run.signal(PASSED, GateAnswer(replaced=order.reason))
                await run.cancel()

    def _idle(self) -> bool:
        return self.state["inside"] is None and not self.state["waiting"] and not self.orders

    def _patience(self) -> timedelta:
        return LOOK if self.state["waiting"] and self.state["due"] is None else LOOK_ALONE

    def _next(self) -> timedelta:
        """Return how long nothing is to be done, if nobody comes."""
        if self._idle():
            return EMPTY
        now = workflow.now()
        times = [] if self.state["due"] is None else [datetime.fromisoformat(self.state["due"])]
        if self.state["inside"] is not None:
            times.append(self.looked + self._patience())
        return max(min(times, default=now + EMPTY) - now, timedelta())


def _long() -> bool:
    return workflow.info().is_continue_as_new_suggested()
