"""Twilio as a provider of text messages."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from activities.context import Context
from activities.errors import ActionError, Refused, Unavailable
from activities.http_client.retry_after import retry_after
from activities.http_client.statuses import failure
from activities.sms.provider import AcceptedText, SmsProvider
from activities.vendors.accounts.twilio import TwilioAccount
from activities.vendors.lookups.twilio import CLOCKS, MOST_LISTED, TRIAL

if TYPE_CHECKING:
    from twilio.rest.api.v2010.account.message import MessageInstance

    from activities.http_client.message import Response

QUEUE_FULL = 21611

ADVICE = {
    20003: "check accountSid and authToken of the connection",
    20404: "check accountSid of the connection",
    21211: "the recipient's number does not exist",
    21212: "the sender's number is not valid",
    21408: "allow the recipient's country in Twilio's messaging permissions",
    21606: "the sender's number cannot send text messages, or is not yours",
    21608: "a trial account can only text numbers that were verified in Twilio",
    21610: "the recipient has unsubscribed from this sender",
    21612: "there is no route from this sender to this recipient",
    21614: "the recipient's number is not a mobile number",
    21617: "the text is longer than 1600 characters",
    21659: "the sender's number is not one of this account",
    21660: "the sender's number belongs to another account",
}
"""What to do about an error, or what it means (https://www.twilio.com/docs/api/errors)."""


class Twilio(TwilioAccount, SmsProvider):
    """A Twilio account."""

    async def send(self, *, sender: str, recipient: str, text: str, context: Context) -> AcceptedText:
        """Create one message resource."""
        from twilio.base.exceptions import TwilioException

        from activities.vendors.twilio import TwilioTransport, client

        transport = TwilioTransport(context)
        try:
            message = await client(self.account_sid, self.auth_token, self.base_url, transport).messages.create_async(
                to=recipient, from_=sender, body=text
            )
        except TwilioException as error:
            raise _sorted(error, transport.last) from None
        if message.status in {"failed", "undelivered", "canceled"}:
            raise Refused(_sentence(message.error_code, message.error_message or f"the message is {message.status}"))
        return _accepted(message)

    async def sent(
        self, *, sender: str, recipient: str, text: str, since: datetime, context: Context
    ) -> list[AcceptedText]:
        """Return the account's messages of this text between these numbers; Twilio has no key to find one by."""
        from twilio.base.exceptions import TwilioException

        from activities.vendors.twilio import TwilioTransport, client

        transport = TwilioTransport(context)
        try:
            listed = await client(self.account_sid, self.auth_token, self.base_url, transport).messages.list_async(
                to=recipient, from_=sender, limit=MOST_LISTED
            )
        except TwilioException as error:
            raise _sorted(error, transport.last) from None
        return [
            _accepted(message)
            for message in listed
            if message.body in (text, TRIAL + text) and message.date_created and message.date_created >= since - CLOCKS
        ]


def _accepted(message: MessageInstance) -> AcceptedText:
    segments = str(message.num_segments or "")
    return AcceptedText(
        id=message.sid,
        status=str(message.status or "accepted"),
        segments=int(segments) if segments.isdigit() else None,
    )


def _sorted(error: Exception, answer: Response) -> ActionError:
    """Sort a refusal; the SDK has two kinds of exception, and neither carries the answer's headers."""
    code = getattr(error, "code", None)
    reason = (
        getattr(error, "detail", None) or getattr(error, "title", None) or getattr(error, "msg", None) or str(error)
    )
    sentence = _sentence(code, str(reason).removeprefix("Unable to create record: "))
    if code == QUEUE_FULL:
        return Unavailable(sentence, retry_after=retry_after(answer.headers), status=answer.status)
    return failure(sentence, answer.status, answer.headers)


def _sentence(code: int | None, reason: str) -> str:
    advice = f" ({ADVICE[code]})" if code in ADVICE else ""
    return f"Twilio error {code}: {reason.rstrip('.')}{advice}."
