"""Runs of other automations, as actions ask for them: started at a date, and looked at once they have ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that starts at a date.

    Attributes:
        run: its workflow id.
        starts_at: when it starts.
    """

    run: str
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run that has ended, and not as failed.

    Attributes:
        run: its workflow id.
        outcome: `completed`, `rejected` or `skipped`.
        result: what the automation's `result` came to; None where it names none.
    """

    run: str
    outcome: str
    result: Any


class Runs(Protocol):
    """Starts runs and looks at them, by the key of the step that wants them."""

    async def plan(
        self, automation: str, data: Mapping[str, Any], starts_at: datetime, *, key: str, by: str
    ) -> PlannedRun:
        """Start an automation at a date, once for each key; one that has passed is now.

        Args:
            automation: the automation's name.
            data: data of the event that it runs for.
            starts_at: when it starts.
            key: idempotency key of the step.
            by: workflow id of the step's run.

        Raises:
            Refused: Temporal does not take it, such as data that is too large.
            Unavailable: Temporal could not be asked.
        """

    async def ended(self, automation: str, *, key: str) -> EndedRun:
        """Return how a run ended that a step has started.

        Raises:
            Pending: it goes on.
            Refused: it failed, was canceled, or nobody knows it any more.
            Unavailable: Temporal could not be asked.
        """
