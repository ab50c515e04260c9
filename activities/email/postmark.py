"""Postmark as a provider of email (https://postmarkapp.com/developer/api/email-api)."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from activities.attachments import MEGABYTE
from activities.context import Context
from activities.email.mail import Mail, written
from activities.email.provider import AcceptedEmail, EmailProvider
from activities.errors import ActionError, Refused, Unavailable
from activities.rest.answers import readable
from activities.rest.service import Service

if TYPE_CHECKING:
    from activities.http_client.message import Response

METADATA = "trunkline_step"
"""Under which a message's metadata holds the step's key; a later look-up finds the message by it."""

MAINTENANCE = 100
MOST_FOUND = 50
INACTIVE = re.compile(r"inactive addresses:\s*(?P<addresses>[^\s,;]+@[^\s,;]+(?:\s*,\s*[^\s,;]+@[^\s,;]+)*)")


class Postmark(EmailProvider):
    """A server of Postmark's."""

    kind: ClassVar[str] = "postmark"
    hosts: ClassVar[tuple[str, ...]] = ("api.postmarkapp.com",)
    most_attached: ClassVar[int] = 7 * MEGABYTE

    server_token: str = Field(min_length=1, description="Server API token.")
    message_stream: str | None = Field(
        default=None, description="Id of the message stream; by default Postmark's `outbound`."
    )

    def credentials(self) -> list[str]:
        """Return the token."""
        return [self.server_token]

    async def send(self, mail: Mail, context: Context) -> AcceptedEmail:
        """Send one email."""
        body = await asyncio.to_thread(_body, mail, self.message_stream)
        answer = await POSTMARK.call(context, self, "POST", "/email", json=body)
        fields = POSTMARK.object_of(answer)
        if not isinstance(fields, dict) or not isinstance(fields.get("MessageID"), str):
            raise POSTMARK.unreadable(answer)
        inactive = INACTIVE.search(str(fields.get("Message")))
        named = re.split(r"\s*,\s*", inactive["addresses"].rstrip(".")) if inactive else []
        refused = dict.fromkeys(named, "Postmark holds it inactive, after a bounce or a complaint")
        return AcceptedEmail(fields["MessageID"], {one: why for one, why in refused.items() if one in mail.recipients})

    async def sent(self, mail: Mail, since: datetime, context: Context) -> list[AcceptedEmail]:
        """Return the messages with the step's key."""
        del since
        query = {
            "count": MOST_FOUND,
            "offset": 0,
            f"metadata_{METADATA}": mail.key,
            "messagestream": mail.options.get("MessageStream", self.message_stream),
        }
        answer = await POSTMARK.call(context, self, "GET", "/messages/outbound", query=query)
        found = POSTMARK.object_of(
            answer, lambda body: [(one["MessageID"], one["Metadata"]) for one in body["Messages"]]
        )
        return [AcceptedEmail(id_) for id_, metadata in found if (metadata or {}).get(METADATA) == mail.key]


def _judge(answer: Response) -> ActionError | None:
    """Sort what Postmark's own codes say; they count after the status, whose numbers they share."""
    if answer.status not in {HTTPStatus.OK, HTTPStatus.UNPROCESSABLE_ENTITY}:
        return None
    code = answer.json().get("ErrorCode")
    if code == MAINTENANCE:
        return Unavailable("Postmark is being maintained.", status=answer.status)
    if code and answer.status == HTTPStatus.OK and not answer.json().get("MessageID"):
        return Refused(f"Postmark did not take the email: {_reason(answer.json())}.", status=answer.status)
    return None


def _reason(body: Any) -> str | None:
    reason = readable(body.get("Message"))
    return reason and f"{reason} (code {body.get('ErrorCode')})"


def _body(mail: Mail, stream: str | None) -> dict[str, Any]:
    lists = {"To": mail.to, "Cc": mail.cc, "Bcc": mail.bcc, "ReplyTo": mail.reply_to}
    headers = {"Message-ID": mail.message_id, "X-PM-KeepID": "true", **mail.headers}
    body: dict[str, Any] = {
        "From": str(mail.sender),
        **{name: ", ".join(map(str, addresses)) for name, addresses in lists.items() if addresses},
        "Subject": written(mail.subject),
        "TextBody": written(mail.text),
        "HtmlBody": None if mail.html is None else written(mail.html),
        "Headers": [{"Name": name, "Value": value} for name, value in headers.items()],
        "Metadata": {METADATA: mail.key},
        "MessageStream": stream,
        "Attachments": [
            {"Name": file.name, "Content": b64encode(file.content).decode(), "ContentType": file.media_type}
            for file in mail.files
        ],
        **mail.options,
    }
    return {name: value for name, value in body.items() if value not in (None, [])}


POSTMARK = Service(
    name="Postmark",
    connection=Postmark,
    address="https://api.postmarkapp.com",
    sign_in=lambda postmark: {"X-Postmark-Server-Token": postmark.server_token},
    reason=_reason,
    judge=_judge,
)
