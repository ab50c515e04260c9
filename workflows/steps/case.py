"""One decision about one open hold: what it is about, what only the worker can say, and that it does not count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from trunkline.wire import VERIFY, AuditEntry, Decision
from workflows import host
from workflows.holds.hold import Hold, Receipt, late
from workflows.run.encrypted import ask_any
from workflows.run.walk import HeldStep, Walk


class DecisionRefused(Exception):  # noqa: N818 # the answer, and no program's error
    """A decision does not count; the receipt says why."""

    def __init__(self, result: str, message: str) -> None:
        super().__init__(message)
        self.receipt = Receipt(result, message)


@dataclass(frozen=True, slots=True)
class HoldCase:
    """One decision about one open hold.

    Attributes:
        walk: the walk of the run.
        hold: the hold.
        decision: what was sent.
        at: when it came.
        more: what the audit says besides.
    """

    walk: Walk
    hold: Hold
    decision: Decision
    at: datetime
    more: AuditEntry

    async def ask(self, activity: str, question: Any) -> Any:
        """Ask the worker; its answer stands in the history, so that no replay disagrees.

        Raises:
            DecisionRefused: it refuses, or the hold was closed meanwhile.
        """
        answer = await ask_any(activity, question)
        if "refused" in answer:
            raise DecisionRefused(
                "invalid" if activity != VERIFY or answer.get("malformed") else "not_allowed", answer["refused"]
            )
        self.check_open()
        return answer

    def check_open(self) -> None:
        """Refuse a decision about a hold that was closed while somebody was asked.

        Raises:
            DecisionRefused: it was closed.
        """
        if self.hold.closed or self.hold.decision is not None:
            receipt = late(self.hold, self.decision)
            raise DecisionRefused(receipt.result, receipt.message)

    async def held(self) -> HeldStep:
        """Return the step that waits; just after continue-as-new the walk must reach it first.

        Raises:
            DecisionRefused: the run is ending, or being continued.
        """
        walk, name = self.walk, self.hold.hold
        await host.wait_condition(
            lambda: name in walk.held or self.hold.closed or walk.stop is not None or walk.continuing_as_new
        )
        if name not in walk.held:
            raise DecisionRefused(
                "not_found", "The run was just being continued or ended: look at it, and decide again."
            )
        return walk.held[name]
