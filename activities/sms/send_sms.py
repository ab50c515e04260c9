"""The action that texts a contact."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, WithJsonSchema

from activities.action import Config, Result, Static, action
from activities.context import Context
from activities.sms.cloudtalk import CloudTalk
from activities.sms.provider import AcceptedText, SmsProvider
from activities.sms.segments import Encoding, segments
from activities.sms.twilio import Twilio

PROVIDERS: tuple[type[SmsProvider], ...] = (Twilio, CloudTalk)

E164 = re.compile(r"\+[1-9][0-9]{1,14}")


def e164(number: str) -> str:
    """Return the number if it is in E.164 form.

    Raises:
        ValueError: it is not.
    """
    if not E164.fullmatch(number):
        raise ValueError("a phone number is written in E.164 form: +, country code and number, digits only (+15550100)")
    return number


PhoneNumber = Annotated[
    str,
    AfterValidator(e164),
    WithJsonSchema({"type": "string", "pattern": f"^{E164.pattern}$"}, mode="validation"),
]


class SmsMessage(Config):
    """A text message."""

    sender: PhoneNumber = Field(
        alias="from", description="E.164 number to send from; it must be yours and able to send SMS."
    )
    recipient: PhoneNumber = Field(alias="to", description="E.164 number of the contact.")
    text: str = Field(description="Body, at most 1600 characters.", min_length=1, max_length=1600)
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        description="Which Twilio or CloudTalk connection sends it; the only one, or the default, needs no naming.",
    )


class SmsReceipt(Result):
    """What the provider said when it took the message over."""

    provider: str = Field(description="Kind of connection that sent it: twilio or cloudtalk.")
    id: str | None = Field(default=None, description="The provider's id of the message; CloudTalk gives none.")
    status: str = Field(description="What the provider calls the message's state now; delivery comes later.")
    segments: int = Field(description="Number of parts that are billed.")
    encoding: Encoding = Field(description="GSM-7, or UCS-2 as soon as one character is outside GSM-7.")
    length: int = Field(description="Length of the text in places of its encoding; some characters take two.")
    recipient: str = Field(alias="to", description="Number the message went to.")
    sender: str = Field(alias="from", description="Number the message came from.")

    def identity(self) -> str | None:
        """Return provider and id: a look-up finds messages by their text, and two steps may send the same one."""
        return self.id and f"{self.provider}:{self.id}"


async def sent_sms(config: SmsMessage, context: Context, since: datetime) -> list[SmsReceipt]:
    """Return the receipts of the messages like this one that the provider took since then."""
    provider = context.connection(config.connection, *PROVIDERS)
    found = await provider.sent(
        sender=config.sender, recipient=config.recipient, text=config.text, since=since, context=context
    )
    return [_receipt(config, provider, accepted) for accepted in found]


@action(
    "send_sms",
    repeat="never",
    connections=PROVIDERS,
    look=sent_sms,
    example={"from": "+15550100", "to": "{{call.external_number}}", "text": "Hi {{contact.name}}, sorry for the wait!"},
)
async def send_sms(config: SmsMessage, context: Context) -> SmsReceipt:
    """Send one text message.

    The message counts as sent when the provider takes it over. It is never sent a second time: where the provider's
    answer got lost the step ends as unknown.
    """
    provider = context.connection(config.connection, *PROVIDERS)
    accepted = await provider.send(sender=config.sender, recipient=config.recipient, text=config.text, context=context)
    return _receipt(config, provider, accepted)


def _receipt(config: SmsMessage, provider: SmsProvider, accepted: AcceptedText) -> SmsReceipt:
    counted = segments(config.text)
    return SmsReceipt(
        provider=provider.kind,
        id=accepted.id,
        status=accepted.status,
        segments=accepted.segments or counted.count,
        encoding=counted.encoding,
        length=counted.length,
        recipient=config.recipient,
        sender=config.sender,
    )
