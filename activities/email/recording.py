"""How an email is sent and then recorded in Kustomer, or handed to Kustomer to be sent later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from activities.attachments import LARGEST_FILE, fetched
from activities.context import Context
from activities.email.mail import Mail
from activities.email.provider import AcceptedEmail, EmailProvider
from activities.email.recorded import RecordedEmail, RecordedReceipt, now
from activities.errors import ActionError, Refused
from activities.rest.query import segment
from activities.vendors.kustomer.drafts import drafted, drafts_path
from activities.vendors.kustomer.records import Data, attribute, related
from activities.vendors.kustomer.service import Account

SECOND = "kustomerConnection"
"""The field that names the connection for recording."""

LONGEST_PREVIEW = 10_240
LONGEST_RECORDING = 20.0
"""Seconds that recording may take: the email is out by then, and an attempt that ends in time says so."""

TIMES = ("createdAt", "modifiedAt", "updatedAt")


async def send(kind: type[EmailProvider], config: RecordedEmail, context: Context) -> RecordedReceipt:
    """Send an email and record it, or have Kustomer send it later.

    Raises:
        ActionError: it was not sent, or nobody knows; what happens afterwards stands in the receipt.
    """
    end = asyncio.get_running_loop().time() + context.timeout
    account = Account.of(context, config.kustomer_connection, SECOND)
    if config.send_at is not None:
        return await _schedule(account, kind, config)
    provider = context.connection(config.connection, kind)
    files = await fetched(config.attachments, context, LARGEST_FILE, provider.most_attached)
    mail = await asyncio.to_thread(config.mail, context.key, tuple(files))
    accepted = await provider.send(mail, context)
    at = now()
    left = end - asyncio.get_running_loop().time()
    brief = replace(account, context=replace(context, timeout=max(1.0, min(LONGEST_RECORDING, left - 1))))
    try:
        data = await _record(brief, kind, config, mail, accepted, at)
    except ActionError as error:
        receipt = _receipt(config, mail.subject, None, accepted.id, at)
        return _warned(receipt, accepted).warn(f"The email was sent, but not recorded in Kustomer: {error}")
    return _warned(_receipt(config, mail.subject, data, accepted.id, at), accepted)


async def _record(  # noqa: PLR0913, PLR0917 # what is known of a message
    account: Account, kind: type[EmailProvider], config: RecordedEmail, mail: Mail, accepted: AcceptedEmail, at: str
) -> Data:
    """Record an email that was sent; the attempt is marked already."""
    body = {
        "channel": "email",
        "app": kind.kind,
        "direction": "out",
        "status": "sent",
        "sentAt": at,
        "subject": mail.subject,
        "preview": mail.text[:LONGEST_PREVIEW],
        "externalId": accepted.id,
        "meta": {**config.mailboxes(), "subject": mail.subject},
        "size": len(config.body.encode(errors="replace")),
    }
    path = f"/v1/conversations/{segment('conversation', config.conversation)}/messages"
    return await account.send("POST", path, json=body, effect=False)


async def _schedule(account: Account, kind: type[EmailProvider], config: RecordedEmail) -> RecordedReceipt:
    """Have Kustomer send an email later."""
    if datetime.fromisoformat(config.send_at or "") <= datetime.now(UTC):
        raise Refused("`sendAt` is in the past: leave it out, and the email is sent at once.")
    content = _draft(kind, config)
    data = await account.send("POST", drafts_path(config.customer), json=content)
    return _receipt(config, content["subject"], data, None, now())


async def sent(
    kind: type[EmailProvider], config: RecordedEmail, context: Context, begin: datetime
) -> list[RecordedReceipt]:
    """Return the receipts of what the provider, or Kustomer's drafts, took of this step since an instant."""
    account = Account.of(context, config.kustomer_connection, SECOND)
    if config.send_at is not None:
        content = _draft(kind, config)
        drafts = await drafted(account, config.customer, content, begin)
        return [_receipt(config, content["subject"], one, None, now()) for one in drafts]
    mail = await asyncio.to_thread(config.mail, context.key)
    found = []
    for accepted in await context.connection(config.connection, kind).sent(mail, begin, context):
        data = await account.find(f"/v1/messages/externalId={segment('externalId', accepted.id)}")
        receipt = _receipt(config, mail.subject, data, accepted.id, now())
        found.append(receipt if data else receipt.warn("The email was sent, but it is not recorded in Kustomer."))
    return found


def _draft(kind: type[EmailProvider], config: RecordedEmail) -> dict[str, Any]:
    boxes = config.mailboxes()
    several = {name: [{"email": one} for one in boxes[name]] for name in ("to", "cc", "bcc") if boxes[name]}
    return {
        "channel": "email",
        "app": kind.kind,
        "conversation": config.conversation,
        "from": {"email": boxes["from"]},
        **several,
        "subject": config.mail("").subject,
        "body": config.body,
        "sendAt": config.send_at,
        "scheduled": True,
    }


def _receipt(
    config: RecordedEmail, subject: str, data: Data | None, provider_id: str | None, at: str
) -> RecordedReceipt:
    """Return what became of an email, from the record of it, or from what was sent where there is none."""
    record: Data = data or {}
    made = _text(record, "createdAt") or at
    return RecordedReceipt.model_validate(
        {
            **config.mailboxes(),
            "id": record.get("id", provider_id),
            "subject": subject,
            "body": config.body,
            "status": _text(record, "status") or "sent",
            "sendAt": _text(record, "sentAt") or _text(record, "sendAt") or config.send_at or made,
            **{name: _text(record, name) or made for name in TIMES},
            "conversation": related(record, "conversation") or config.conversation,
            "recorded": data is not None,
        }
    )


def _warned(receipt: RecordedReceipt, accepted: AcceptedEmail) -> RecordedReceipt:
    return receipt.warn(*(f"{one} was refused: {reason}" for one, reason in accepted.refused.items()))


def _text(record: Data, name: str) -> str | None:
    """Return an attribute where it is a text: nothing that follows a send may fail for its shape."""
    value = attribute(record, name)
    return value if isinstance(value, str) else None
