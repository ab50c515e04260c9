"""CloudTalk as a provider of text messages (https://my.cloudtalk.io/api, SMS)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from activities.context import Context
from activities.errors import ActionError, OutcomeUnknown, Refused, Unavailable
from activities.http_client.statuses import failure
from activities.sms.provider import AcceptedText, SmsProvider

if TYPE_CHECKING:
    from activities.http_client.message import Response

BASE_URL = "https://my.cloudtalk.io/api"

LATER = "limit exceeded"
PERHAPS = "sms send failed"
"""What CloudTalk says, in a 200, about a message that another attempt may send, and about one that it may have sent."""


class CloudTalk(SmsProvider):
    """An API key pair of a CloudTalk company."""

    kind: ClassVar[str] = "cloudtalk"
    hosts: ClassVar[tuple[str, ...]] = ("my.cloudtalk.io",)

    key_id: str = Field(min_length=1, description="ACCESS KEY ID.")
    key_secret: str = Field(min_length=1, description="ACCESS KEY SECRET.")

    async def send(self, *, sender: str, recipient: str, text: str, context: Context) -> AcceptedText:
        """Send one message; CloudTalk gives no id for it, and no way to look it up."""
        answer = await context.request(
            "POST",
            f"{(self.base_url or BASE_URL).rstrip('/')}/sms/send.json",
            headers={"Accept": "application/json"},
            json={"recipient": recipient, "message": text, "sender": sender},
            auth=(self.key_id, self.key_secret),
        )
        fields = _fields(answer)
        if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            message = str(fields.get("message") or "no reason given").rstrip(".")
            raise failure(f"CloudTalk answered {answer.status}: {message}.", answer.status, answer.headers)
        if str(fields.get("success")).lower() == "true":
            data = fields.get("data")
            number = data.get("id") if isinstance(data, dict) else None
            return AcceptedText(status="accepted", id=None if number is None else str(number))
        raise _unsent(fields, answer.status)

    async def sent(
        self, *, sender: str, recipient: str, text: str, since: datetime, context: Context
    ) -> list[AcceptedText]:
        """Return nothing: CloudTalk lists no messages."""
        del sender, recipient, text, since, context
        return []


def _fields(answer: Response) -> Mapping[str, Any]:
    fields = answer.members().get("responseData")
    return fields if isinstance(fields, dict) else {}


def _unsent(fields: Mapping[str, Any], status: int) -> ActionError:
    """Sort a 200 that does not say it was a success."""
    if str(fields.get("success")).lower() != "false":
        return OutcomeUnknown(
            "CloudTalk's answer does not say whether the message was sent; look at the conversation in CloudTalk.",
            status=status,
        )
    reason = str(fields.get("data")).strip()
    if LATER in reason.lower():
        return Unavailable(f"CloudTalk did not send the message for now: {reason}", status=status)
    if PERHAPS in reason.lower():
        return OutcomeUnknown(f"CloudTalk may or may not have sent the message: {reason}", status=status)
    return Refused(f"CloudTalk did not send the message: {reason}", status=status)
