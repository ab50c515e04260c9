"""What every email provider offers to `send_email`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from pydantic import Field, field_validator

from activities.attachments import LARGEST_TOGETHER
from activities.connections import Connection
from activities.context import Context
from activities.email.addresses import Mailbox
from activities.email.mail import Mail


@dataclass(frozen=True, slots=True)
class AcceptedEmail:
    """A provider took an email over; delivery comes later.

    Attributes:
        id: the provider's own id of it, if it has one.
        refused: the recipients that it did not take, with the reasons.
    """

    id: str | None = None
    refused: dict[str, str] = field(default_factory=dict)


class EmailProvider(Connection):
    """A connection that email can be sent through."""

    most_attached: ClassVar[int] = LARGEST_TOGETHER
    """Bytes of all attachments together: what providers take of a whole message, less what its encoding adds."""

    sender: str | None = Field(
        default=None,
        alias="from",
        description="Who sends where the step names nobody: support@example.com, or Support <support@example.com>.",
    )

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        if value is not None:
            Mailbox.parse(value)
        return value

    @abstractmethod
    async def send(self, mail: Mail, context: Context) -> AcceptedEmail:
        """Send one email, once.

        Raises:
            Refused: the provider will never take this email.
            Unavailable: the provider did not take it and may do so later.
            OutcomeUnknown: the provider may have taken it.
        """

    @abstractmethod
    async def sent(self, mail: Mail, since: datetime, context: Context) -> list[AcceptedEmail]:
        """Return what the provider took of the step since then; nothing where it keeps no list."""
