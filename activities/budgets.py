"""What a connection may be used for in a day, counted for all workers together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

Amounts = Mapping[str, int]
"""How much, by what is counted: `calls`, `tokens`."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What a budget set aside for one use.

    Attributes:
        account: whose budget it is: the connection's name.
        day: the day (UTC) on which it counts.
        amounts: what was set aside.
    """

    account: str
    day: str
    amounts: Amounts


class Budgets(Protocol):
    """Counts durably, per Temporal namespace and UTC day."""

    async def reserve(self, account: str, amounts: Amounts, limits: Amounts) -> Reservation:
        """Set aside what a use may take.

        Args:
            account: the connection's name.
            amounts: what the use may take at most.
            limits: what may be taken in a day.

        Raises:
            Refused: it is more than what is left of the day's budget.
            Unavailable: nobody could be asked.
        """

    async def settle(self, reservation: Reservation, used: Amounts) -> None:
        """Count what a use took in place of what was set aside for it."""
