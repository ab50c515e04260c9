"""The action that sends an email."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AliasChoices, Field, field_validator, model_validator

from activities.action import Config, Raw, Result, Static, Syntax, SyntaxName, action
from activities.attachments import Attachment, File, attachment_syntaxes, fetched
from activities.context import Context
from activities.email.addresses import Address, one_line
from activities.email.gmail import Gmail
from activities.email.mail import Mail, headers_of
from activities.email.postmark import Postmark
from activities.email.provider import MEGABYTE, Accepted, EmailProvider
from activities.email.smtp import Smtp
from activities.errors import Refused
from activities.markup import html_of, text_of, text_of_html

PROVIDERS: tuple[type[EmailProvider], ...] = (Smtp, Postmark, Gmail)
MOST_RECIPIENTS = 50
MOST_TEXT = 1_000_000
MOST_FILES = 20
LARGEST_FILE = 10 * MEGABYTE
SEVERAL = "an address, or a list of them"


class Email(Config):
    """An email."""

    to: list[str] = Field(description=f"Who gets it: {SEVERAL}.", min_length=1, max_length=MOST_RECIPIENTS)
    cc: list[str] = Field(default=[], description=f"Who gets a copy: {SEVERAL}.", max_length=MOST_RECIPIENTS)
    bcc: list[str] = Field(
        default=[], description=f"Who gets a copy that nobody else sees: {SEVERAL}.", max_length=MOST_RECIPIENTS
    )
    sender: str | None = Field(
        default=None, alias="from", description="Who sends it; by default the connection's `from`."
    )
    reply_to: list[str] = Field(default=[], description=f"Where answers go: {SEVERAL}.", max_length=10)
    subject: str = Field(description="Subject; line breaks in it become spaces.", max_length=900)
    text: str | None = Field(
        default=None,
        description="The message as plain text; by default made from the other form.",
        max_length=MOST_TEXT,
    )
    html: Annotated[str | None, Syntax("html")] = Field(
        default=None, description="The message as HTML; values in it are text.", max_length=MOST_TEXT
    )
    markdown: Annotated[str | None, Syntax("markdown")] = Field(
        default=None,
        description="The message as Markdown, from which HTML is made; values in it are text.",
        max_length=MOST_TEXT,
    )
    attachments: list[Attachment] = Field(
        default=[],
        description="Files that are sent along: at most 10 MB each, 15 MB together (7 MB with Postmark), no programs.",
        max_length=MOST_FILES,
    )
    headers: dict[str, str] = Field(
        default={}, description="More headers: List-Unsubscribe and its like, References, Auto-Submitted, X-…."
    )
    in_reply_to: str | None = Field(default=None, description="Message-ID of the email that this one answers.")
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        validation_alias=AliasChoices("connection", "connectorId"),
        description="Connection of kind `smtp`, `postmark` or `gmail`; the only one, or the default, needs no naming.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say which texts are markup, and that attachments have addresses."""
        return {**super().syntaxes(raw), **attachment_syntaxes(raw.get("attachments"), "/attachments")}

    @field_validator("to", "cc", "bcc", "reply_to", mode="before")
    @classmethod
    def _several(cls, value: Any) -> Any:
        if value is None:
            return []
        return [value] if isinstance(value, str) else value

    @field_validator("to", "cc", "bcc", "reply_to")
    @classmethod
    def _are_addresses(cls, value: list[str]) -> list[str]:
        return [str(Address.parse(one)) for one in value]

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else str(Address.parse(value))

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.html or self.markdown):
            raise ValueError("an email needs `text`, `html` or `markdown`")
        if self.html and self.markdown:
            raise ValueError("give `html` or `markdown`, not both")
        if len(self.to) + len(self.cc) + len(self.bcc) > MOST_RECIPIENTS:
            raise ValueError(f"an email has at most {MOST_RECIPIENTS} recipients")
        headers_of(self.headers, self.in_reply_to)
        return self


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
    mail = await asyncio.to_thread(_mail, config, provider, context.key, ())
    return [_receipt(provider, mail, accepted) for accepted in await provider.sent(mail, since, context)]


@action(
    "send_email",
    repeat="never",
    connections=PROVIDERS,
    look=sent_email,
    example={
        "to": "{{customer.email}}",
        "subject": "Your order {{order.id}}",
        "markdown": "Hi {{customer.name}},\n\nyour order is **on its way**.",
    },
)
async def send_email(config: Email, context: Context) -> EmailReceipt:
    """Send one email.

    It counts as sent when the provider takes it over. It is never sent a second time: where the provider's answer got
    lost the step ends as unknown. Where the provider takes it for some recipients only, the step succeeds and says so.
    """
    provider = context.connection(config.connection, *PROVIDERS)
    files = await fetched(config.attachments, context, LARGEST_FILE, provider.most_attached)
    mail = await asyncio.to_thread(_mail, config, provider, context.key, tuple(files))
    return _receipt(provider, mail, await provider.send(mail, context))


def _mail(config: Email, provider: EmailProvider, key: str, files: tuple[File, ...]) -> Mail:
    sender = config.sender or provider.sender
    if sender is None:
        raise Refused("Nobody sends this email: give the step `from`, or the connection.")
    html = config.html or (html_of(config.markdown) if config.markdown else None)
    text = config.text or text_of(config.markdown or "") or text_of_html(html or "")
    to, cc, bcc, reply_to = (
        tuple(map(Address.parse, group)) for group in (config.to, config.cc, config.bcc, config.reply_to)
    )
    return Mail(
        sender=Address.parse(sender),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        subject=one_line(config.subject),
        text=text,
        html=html,
        headers=headers_of(config.headers, config.in_reply_to),
        key=key,
        files=files,
    )


def _receipt(provider: EmailProvider, mail: Mail, accepted: Accepted) -> EmailReceipt:
    receipt = EmailReceipt(
        provider=provider.kind,
        id=accepted.id,
        message_id=mail.message_id,
        accepted=[one for one in mail.recipients if one not in accepted.refused],
        refused=[*accepted.refused],
    )
    return receipt.warn(*(f"{one} was refused: {reason}" for one, reason in accepted.refused.items()))
