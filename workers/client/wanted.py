"""Which holds are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from trunkline.wire import ErrorEntry, HeldOperation, Request, Vote
from workflows.language.people import person

Kind = Literal["approval", "failure"]


class OpenHold(TypedDict, total=False):
    """An open hold that was found: as its run shows it (`ShownHold`), or as Temporal's list tells it (`ListedHold`).

    Attributes:
        run: workflow id of its run.
        automation: the automation's name.
        words: where Temporal's list tells it: words for who may decide.
        missing: what its templates did not find, or that there is something.
        ask: there where only the run can tell who may still decide it.
    """

    run: str
    automation: str
    words: list[str]
    hold: str
    step: str
    label: str
    actionType: str
    kind: Kind
    request: Request
    digest: str
    openedAt: str
    firstRunId: str
    approvers: list[str]
    votes: list[Vote]
    operators: list[str]
    quorum: int
    requester: str
    rejectNeedsReason: bool
    allowEdit: bool | Literal["needsApproval"]
    verified: bool
    digestRequired: bool
    deadline: str
    onExpiry: str
    remindAt: str
    escalateAt: str
    escalateTo: list[str]
    operation: HeldOperation
    missing: list[str] | Literal[True]
    error: ErrorEntry
    edited: int
    ask: Literal[True]


def missing_in(hold: OpenHold) -> list[str]:
    """Return what a hold's templates did not find, as far as its run has said it."""
    missing = hold.get("missing", [])
    return [] if missing is True else missing


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldQuery:
    """Which holds are asked for; what is None does not matter.

    Attributes:
        approver: a person who is named among those who may decide.
        automation: name of the automation.
        older_than: how long it must have waited.
        kind: whether it waits for an approval, or after a failure.
    """

    approver: str | None = None
    automation: str | None = None
    older_than: timedelta | None = None
    kind: Kind | None = None

    def takes(self, hold: OpenHold, now: datetime) -> bool:
        """Say whether a hold, with its `automation`, is one of those that are asked for."""
        if self.approver is not None and person(self.approver) not in map(person, hold["approvers"]):
            return False
        return self.takes_told(hold, now)

    def takes_told(self, hold: OpenHold, now: datetime) -> bool:
        """Say the same of a hold as its run's memo tells it, which names no people."""
        if self.automation is not None and hold["automation"] != self.automation:
            return False
        if self.older_than is not None and now - datetime.fromisoformat(hold["openedAt"]) < self.older_than:
            return False
        return self.kind is None or hold["kind"] == self.kind
