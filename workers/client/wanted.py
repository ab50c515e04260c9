"""Which holds are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from workflows.language.people import person

Hold = dict[str, Any]
Kind = Literal["approval", "failure"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
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

    def takes(self, hold: Hold, now: datetime) -> bool:
        """Say whether a hold, with its `automation`, is one of those that are asked for."""
        if self.approver is not None and person(self.approver) not in map(person, hold["approvers"]):
            return False
        return self.takes_told(hold, now)

    def takes_told(self, hold: Hold, now: datetime) -> bool:
        """Say the same of a hold as its run's memo tells it, which names no people."""
        if self.automation is not None and hold["automation"] != self.automation:
            return False
        if self.older_than is not None and now - datetime.fromisoformat(hold["openedAt"]) < self.older_than:
            return False
        return self.kind is None or hold["kind"] == self.kind
