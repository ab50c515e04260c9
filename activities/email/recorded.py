"""Emails that are recorded in Kustomer: what a step says of one, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from html import unescape
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from activities.action import Raw, Result, Static, Syntax, SyntaxName, names
from activities.attachments import Attachment, FetchedFile, attachment_syntaxes
from activities.email.addressed import SEVERAL, AddressedEmail, Headers, MessageId, One, Perhaps, Several, addresses
from activities.email.addresses import Mailbox, one_line
from activities.email.composing import MOST_FILES, MOST_TEXT
from activities.email.mail import Mail, answering
from activities.markup import text_of_html
from activities.vendors.kustomer.config import KustomerConfig, spelled
from activities.vendors.kustomer.inputs import Instant

TAG = re.compile(r"<[A-Za-z/!]")
NOT_LATER = ("reply_to", "headers", "in_reply_to", "attachments")
"""What Kustomer's drafts do not take, beside what one provider knows."""


class RecordedEmail(AddressedEmail, KustomerConfig):
    """An email of a conversation of Kustomer's."""

    customer: str = Field(min_length=1, description="Id of the customer in Kustomer.")
    conversation: str = Field(min_length=1, description="Id of the conversation that the email is recorded in.")
    sender: One = Field(alias="from", validation_alias=spelled("from", "From"), description="Who sends it.")
    to: Several = Field(description=f"Who gets it: {SEVERAL}.")
    cc: Perhaps = Field(
        default=None, validation_alias=spelled("cc", "Cc", "CC"), description=f"Who gets a copy: {SEVERAL}."
    )
    bcc: Perhaps = Field(
        default=None,
        validation_alias=spelled("bcc", "Bcc", "BCC"),
        description=f"Who gets a copy that nobody else sees: {SEVERAL}.",
    )
    subject: str = Field(default="", description="Subject; line breaks in it become spaces.", max_length=900)
    body: Annotated[str, Syntax("html")] = Field(
        default="",
        max_length=MOST_TEXT,
        description="The message as HTML; values in it are text. Without any tag it is plain text.",
    )
    reply_to: Perhaps = Field(default=None, description=f"Where answers go: {SEVERAL}.")
    headers: Headers = Field(default={}, description="More headers: List-Unsubscribe and its like, References, X-….")
    in_reply_to: MessageId | None = Field(default=None, description="Message-ID of the email that this one answers.")
    attachments: list[Attachment] = Field(
        default=[], max_length=MOST_FILES, description="Files that are sent along; not with `sendAt`."
    )
    send_at: Instant | None = Field(
        default=None,
        description="When it is sent, as an ISO 8601 instant. It becomes a scheduled draft, which Kustomer sends "
        "through its own account of that provider.",
    )
    kustomer_connection: Annotated[str | None, Static()] = Field(
        default=None,
        description="Connection of kind `kustomer` that it is recorded with; the only one needs no naming.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say which texts are markup, and that attachments have addresses."""
        files = {
            pointer: syntax
            for key in names(cls, "attachments")
            for pointer, syntax in attachment_syntaxes(raw.get(key), f"/{key}").items()
        }
        return {**super().syntaxes(raw), **files}

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        lost = [name for name in NOT_LATER if getattr(self, name)] if self.send_at else []
        lost += [*self.options()] if self.send_at else []
        if lost:
            raise ValueError(f"an email with `sendAt` is a draft of Kustomer's, which has no {lost[0]}")
        return self

    def options(self) -> Mapping[str, Any]:
        """Return what the provider is asked for besides, by the names of its API."""
        return {}

    def mailboxes(self) -> dict[str, Any]:
        """Return the addresses without names: `{from, to, cc, bcc}`."""
        groups = {"to": self.to, "cc": self.cc, "bcc": self.bcc}
        several = {name: [one.mailbox for one in addresses(group)] for name, group in groups.items()}
        return {"from": Mailbox.parse(self.sender).mailbox, **several}

    def mail(self, key: str, files: tuple[FetchedFile, ...] = ()) -> Mail:
        """Return the email; call it in a thread, because long texts take a while."""
        tagged = TAG.search(self.body)
        to, cc, bcc, reply_to = (tuple(addresses(group)) for group in (self.to, self.cc, self.bcc, self.reply_to))
        return Mail(
            sender=Mailbox.parse(self.sender),
            to=to,
            cc=cc,
            bcc=bcc,
            reply_to=reply_to,
            subject=one_line(self.subject),
            text=text_of_html(self.body) if tagged else unescape(self.body),
            html=self.body if tagged else None,
            headers=answering(self.headers, self.in_reply_to),
            key=key,
            files=files,
            options=self.options(),
        )


class GmailMessage(RecordedEmail):
    """An email that goes out through Gmail."""

    thread_id: str | None = Field(
        default=None, min_length=1, description="Id of Gmail's thread that it belongs to; give `inReplyTo` too."
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `gmail`; the only one, or the default, needs no naming."
    )

    def options(self) -> Mapping[str, Any]:
        """Return the thread."""
        return {"threadId": self.thread_id} if self.thread_id else {}


class PostmarkMessage(RecordedEmail):
    """An email that goes out through Postmark."""

    track_opens: bool | None = Field(default=None, description="Whether Postmark tells when it is opened.")
    track_links: Literal["None", "HtmlAndText", "HtmlOnly", "TextOnly"] | None = Field(
        default=None, description="In which part links are followed: `None`, `HtmlAndText`, `HtmlOnly`, `TextOnly`."
    )
    tag: str | None = Field(default=None, max_length=1000, description="Tag under which Postmark counts it.")
    message_stream: str | None = Field(
        default=None, min_length=1, description="Id of the message stream; by default the connection's."
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `postmark`; the only one, or the default, needs no naming."
    )

    def options(self) -> Mapping[str, Any]:
        """Return what Postmark is asked for besides."""
        given = {
            "TrackOpens": self.track_opens,
            "TrackLinks": self.track_links,
            "Tag": self.tag,
            "MessageStream": self.message_stream,
        }
        return {name: value for name, value in given.items() if value is not None}


class RecordedReceipt(Result):
    """What became of the email."""

    id: str | None = Field(
        description="Id of the message in Kustomer, or of the draft with `sendAt`; where it was not recorded, the "
        "provider's own id."
    )
    sender: str = Field(alias="from", description="Address that it was sent from.")
    to: list[str] = Field(description="Addresses that it was sent to.")
    cc: list[str] = Field(description="Addresses that got a copy.")
    bcc: list[str] = Field(description="Addresses that got a copy that nobody else sees.")
    subject: str = Field(description="Its subject.")
    body: str = Field(description="The body that was sent.")
    status: str = Field(description="Its status in Kustomer; `sent` where that says none.")
    send_at: str = Field(description="When it was, or will be, sent.")
    created_at: str = Field(description="When it was made.")
    modified_at: str = Field(description="When somebody last changed it.")
    updated_at: str = Field(description="When it was last changed.")
    conversation: str = Field(description="Id of the conversation.")
    recorded: bool = Field(description="Whether it is recorded in Kustomer; where it is not, the report says why.")

    def identity(self) -> str | None:
        """Return its id: a look-up finds drafts by what they say."""
        return self.id


def now() -> str:
    """Return the time as Kustomer writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
