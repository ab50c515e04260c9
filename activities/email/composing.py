"""What a step says of an email, and the email that it means."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AliasChoices, Field, model_validator

from activities.action import Raw, Static, Syntax, SyntaxName
from activities.attachments import Attachment, FetchedFile, attachment_syntaxes
from activities.email.addressed import SEVERAL, AddressedEmail, Headers, MessageId, One, Perhaps, Several, addresses
from activities.email.addresses import Mailbox, one_line
from activities.email.mail import Mail, answering
from activities.markup import html_of, text_of, text_of_html

MOST_TEXT = 1_000_000
MOST_FILES = 20


class Email(AddressedEmail):
    """An email."""

    to: Several = Field(description=f"Who gets it: {SEVERAL}.")
    cc: Perhaps = Field(default=None, description=f"Who gets a copy: {SEVERAL}.")
    bcc: Perhaps = Field(default=None, description=f"Who gets a copy that nobody else sees: {SEVERAL}.")
    sender: One | None = Field(
        default=None, alias="from", description="Who sends it; by default the connection's `from`."
    )
    reply_to: Perhaps = Field(default=None, description=f"Where answers go: {SEVERAL}.")
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
    headers: Headers = Field(
        default={}, description="More headers: List-Unsubscribe and its like, References, Auto-Submitted, X-…."
    )
    in_reply_to: MessageId | None = Field(default=None, description="Message-ID of the email that this one answers.")
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        validation_alias=AliasChoices("connection", "connectorId"),
        description="Connection of kind `smtp`, `postmark` or `gmail`; the only one, or the default, needs no naming.",
    )

    @classmethod
    def syntaxes(cls, raw: Raw) -> dict[str, SyntaxName]:
        """Say which texts are markup, and that attachments have addresses."""
        return {**super().syntaxes(raw), **attachment_syntaxes(raw.get("attachments"), "/attachments")}

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.html or self.markdown):
            raise ValueError("an email needs `text`, `html` or `markdown`")
        if self.html and self.markdown:
            raise ValueError("give `html` or `markdown`, not both")
        return self


def composed(config: Email, sender: str, key: str, files: tuple[FetchedFile, ...] = ()) -> Mail:
    """Return the email; call it in a thread, because long texts take a while.

    Args:
        config: what the step says.
        sender: who sends where it names nobody.
        key: the step's idempotency key.
        files: its attachments.
    """
    html = config.html or (html_of(config.markdown) if config.markdown else None)
    text = config.text or text_of(config.markdown or "") or text_of_html(html or "")
    to, cc, bcc, reply_to = (tuple(addresses(group)) for group in (config.to, config.cc, config.bcc, config.reply_to))
    return Mail(
        sender=Mailbox.parse(config.sender or sender),
        to=to,
        cc=cc,
        bcc=bcc,
        reply_to=reply_to,
        subject=one_line(config.subject),
        text=text,
        html=html,
        headers=answering(config.headers, config.in_reply_to),
        key=key,
        files=files,
    )
