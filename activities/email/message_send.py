"""The actions that send an email and record it in Kustomer: through Gmail, and through Postmark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from activities.action import action
from activities.context import Context
from activities.email.gmail import Gmail
from activities.email.postmark import Postmark
from activities.email.recorded import GmailMessage, PostmarkMessage, RecordedReceipt
from activities.email.recording import SECOND, send, sent
from activities.vendors.kustomer.connection import Kustomer

EXAMPLE = {
    "customer": "{{customer.id}}",
    "conversation": "{{ticket.id}}",
    "from": "support@example.com",
    "to": "{{customer.email}}",
    "subject": "Your request",
    "body": "<p>Hi {{customer.name}}, we have received your request.</p>",
}


async def sent_by_gmail(config: GmailMessage, context: Context, begin: datetime) -> Sequence[RecordedReceipt]:
    """Return the receipts of what Gmail, or Kustomer's drafts, took of this step since then."""
    return await sent(Gmail, config, context, begin)


async def sent_by_postmark(config: PostmarkMessage, context: Context, begin: datetime) -> Sequence[RecordedReceipt]:
    """Return the receipts of what Postmark, or Kustomer's drafts, took of this step since then."""
    return await sent(Postmark, config, context, begin)


@action(
    "gmail.message_send",
    repeat="never",
    timeout=timedelta(minutes=2),
    connections=(Gmail,),
    beside={SECOND: (Kustomer,)},
    look=sent_by_gmail,
    example=EXAMPLE,
)
async def gmail_message_send(config: GmailMessage, context: Context) -> RecordedReceipt:
    """Send an email through Gmail and record it in a conversation of Kustomer's.

    The email counts: it is sent at most once, and where recording it fails afterwards the step succeeds with
    `recorded: false` and a warning. With `sendAt` it becomes a scheduled draft of Kustomer's instead, which Kustomer
    sends through its own account; to send it through the connection at a time, put a `wait` step before it.
    """
    return await send(Gmail, config, context)


@action(
    "postmark.message_send",
    repeat="never",
    timeout=timedelta(minutes=2),
    connections=(Postmark,),
    beside={SECOND: (Kustomer,)},
    look=sent_by_postmark,
    example=EXAMPLE,
)
async def postmark_message_send(config: PostmarkMessage, context: Context) -> RecordedReceipt:
    """Send an email through Postmark and record it in a conversation of Kustomer's.

    The email counts: it is sent at most once, and where recording it fails afterwards the step succeeds with
    `recorded: false` and a warning. With `sendAt` it becomes a scheduled draft of Kustomer's instead, which Kustomer
    sends through its own account; to send it through the connection at a time, put a `wait` step before it.
    """
    return await send(Postmark, config, context)
