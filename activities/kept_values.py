"""What automations remember over their runs, as actions ask for it."""

from __future__ import annotations

from typing import Protocol

from trunkline.keyed import Change, RecallAnswer, RememberAnswer


class KeptValues(Protocol):
    """Keeps values durably, per Temporal namespace, by automation and key."""

    async def remember(self, automation: str | None, key: str, change: Change) -> RememberAnswer:
        """Change the value under a key, once for each step.

        Args:
            automation: whose value it is; None: the namespace's.
            key: the key.
            change: what is done to it.

        Raises:
            Refused: the value cannot be kept.
            Unavailable: nobody could be asked.
        """

    async def recall(self, automation: str | None, key: str) -> RecallAnswer:
        """Return what is under a key.

        Raises:
            Unavailable: nobody could be asked.
        """
