"""The action that sends an email."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import Field

from activities.action import Result, action
from activities.attachments import LARGEST_FILE, fetched
from activities.context import Context
from activities.email.composing import Email, composed
from activities.email.gmail import Gmail
from activities.email.mail import Mail
from activities.email.postmark import Postmark
from activities.email.provider import AcceptedEmail, EmailProvider
from activities.email.smtp import Smtp
from activities.errors import Refused

PROVIDERS: tuple[type[EmailProvider], ...] = (Smtp, Postmark, Gmail)


class EmailReceipt(Result):
    """What became of the email."""

    provider: str = Field(description="`smtp`, `postmark` or `gmail`.")
    id: str | None = Field(default=None, description="The provider's own id of the email, where it has one.")
    message_id: str = Field(description="Its Message-ID, the same over all attempts; an answer's `inReplyTo`.")
    accepted: list[str] = Field(description="Addresses that the provider took.")
    refused: list[str] = Field(description="Addresses that it did not take, while it took others; the report says why.")


async def sent_email(config: Email, context: Context, since: datetime) -> Sequence[EmailReceipt]:
    """Return the receipts of what the provider took of this step since then."""
    provider = context.connection(config.connection, *PROVIDERS)
    mail = await asyncio.to_thread(composed, config, _sender(config, provider), context.key)
    return [_receipt(provider, mail, accepted) for accepted in await provider.sent(mail, since, context)]


@action(
    "send_email",
    repeat="never",
    timeout=timedelta(minutes=2),  # servers look into a message before they answer
    connections=PROVIDERS,
    look=sent_email,
    example={
        "to": "{{customer.email}}",
        "subject": "Your request {{ticket.id}}",
        "markdown": "Hi {{customer.name}},\n\nwe have **received** your request.",
    },
)
async def send_email(config: Email, context: Context) -> EmailReceipt:
    """Send one email.

    It counts as sent when the provider takes it over. It is never sent a second time: where the provider's answer got
    lost the step ends as unknown. Where the provider takes it for some recipients only, the step succeeds and says so.
    """
    provider = context.connection(config.connection, *PROVIDERS)
    sender = _sender(config, provider)
    files = await fetched(config.attachments, context, LARGEST_FILE, provider.most_attached)
    mail = await asyncio.to_thread(composed, config, sender, context.key, tuple(files))
    return _receipt(provider, mail, await provider.send(mail, context))


def _sender(config: Email, provider: EmailProvider) -> str:
    sender = config.sender or provider.sender
    if sender is None:
        raise Refused("Nobody sends this email: give the step `from`, or the connection.")
    return sender


def _receipt(provider: EmailProvider, mail: Mail, accepted: AcceptedEmail) -> EmailReceipt:
    receipt = EmailReceipt(
        provider=provider.kind,
        id=accepted.id,
        message_id=mail.message_id,
        accepted=[one for one in mail.recipients if one not in accepted.refused],
        refused=[*accepted.refused],
    )
    return receipt.warn(*(f"{one} was refused: {reason}" for one, reason in accepted.refused.items()))
