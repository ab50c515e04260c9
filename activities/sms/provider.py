"""What every text message provider offers to `send_sms`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime

from activities.connections import Connection
from activities.context import Context


@dataclass(frozen=True, slots=True)
class AcceptedText:
    """A provider took a message over; delivery to the phone comes later."""

    status: str
    id: str | None = None
    segments: int | None = None


class SmsProvider(Connection):
    """A connection that text messages can be sent through."""

    @abstractmethod
    async def send(self, *, sender: str, recipient: str, text: str, context: Context) -> AcceptedText:
        """Send one message, once.

        Raises:
            Refused: the provider will never take this message.
            Unavailable: the provider did not take it and may do so later.
            OutcomeUnknown: the provider may have taken it.
        """

    @abstractmethod
    async def sent(
        self, *, sender: str, recipient: str, text: str, since: datetime, context: Context
    ) -> list[AcceptedText]:
        """Return the messages like this one that were taken since then; none where the provider keeps no list."""
