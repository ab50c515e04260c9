"""Pauses: while a vendor's limit is used up, no worker sends to the account that it holds for."""

from __future__ import annotations

from typing import Protocol


class Pauses(Protocol):
    """Keeps durably until when nobody sends to an account, for all workers of a Temporal namespace.

    An account is named by a text in which nothing is secret: the same for all connections that lead to it.
    """

    async def left(self, account: str) -> float:
        """Return for how many seconds more nobody sends to an account: 0 where it is not paused.

        Raises:
            Unavailable: nobody could be asked, so that nothing may be sent.
        """

    async def begin(self, account: str, seconds: float) -> None:
        """Pause an account, unless it is paused for longer; requests that are on their way stay so."""
