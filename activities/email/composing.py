"""What a step says of an email, and the email that it means."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AliasChoices, Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from activities.action import Config, Raw, Static, Syntax, SyntaxName
from activities.attachments import Attachment, File, attachment_syntaxes
from activities.email.addresses import Address, one_line
from activities.email.mail import ALLOWED, Mail, answering, any_case, checked_headers, message_id_of
from activities.markup import html_of, text_of, text_of_html

MOST_RECIPIENTS = 50
MOST_TEXT = 1_000_000
MOST_FILES = 20
SEVERAL = "an address, or a list of them"


TEMPLATE = r"\{\{|\{%"
BLANK = r"^\s*$"


def _text(pattern: str, *more: str) -> WithJsonSchema:
    """Say to editors what a text has in it, where no template makes it."""
    text = {"type": "string", "pattern": f"{pattern}|{TEMPLATE}"}
    return WithJsonSchema({"anyOf": [text, *({"type": kind} for kind in more)]} if more else text)


One = Annotated[str, _text("@")]
Several = One | Annotated[list[One], Field(min_length=1, max_length=MOST_RECIPIENTS)]
"""One address, or a list of them: a text is never more than one, so that no value can add a recipient."""

Perhaps = Annotated[str, _text(f"@|{BLANK}")] | Annotated[list[One], Field(max_length=MOST_RECIPIENTS)] | None
"""The same where there need be none."""

MessageId = Annotated[str, _text(rf"^\s*<?[^\s<>]+>?\s*$|{BLANK}", "number")]

Headers = Annotated[
    dict[str, str],
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"pattern": f"^(?:[Xx]-[A-Za-z0-9-]+|{any_case(ALLOWED)})$"},
            "additionalProperties": {"anyOf": [{"type": "string"}, {"type": "number"}]},
        }
    ),
]


class Email(Config):
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

    @field_validator("to", "cc", "bcc", "reply_to")
    @classmethod
    def _are_addresses(cls, value: Perhaps, info: ValidationInfo) -> list[str]:
        return checked_addresses(value, needed=info.field_name == "to")

    @field_validator("sender")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else str(Address.parse(value))

    @field_validator("headers")
    @classmethod
    def _are_allowed(cls, value: dict[str, str]) -> dict[str, str]:
        return checked_headers(value)

    @field_validator("in_reply_to")
    @classmethod
    def _is_message_id(cls, value: str | None) -> str | None:
        return message_id_of(value) if value and value.strip() else None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.text or self.html or self.markdown):
            raise ValueError("an email needs `text`, `html` or `markdown`")
        if self.html and self.markdown:
            raise ValueError("give `html` or `markdown`, not both")
        if sum(map(len, map(addresses, (self.to, self.cc, self.bcc)))) > MOST_RECIPIENTS:
            raise ValueError(f"an email has at most {MOST_RECIPIENTS} recipients")
        return self


def checked_addresses(written: Perhaps, *, needed: bool) -> list[str]:
    """Return the addresses that a field names, as they are written in a list.

    Raises:
        ValueError: one is none, or one is needed and there is none.
    """
    found = [str(one) for one in addresses(written)]
    if needed and not found:
        raise ValueError("it names nobody")
    return found


def addresses(written: Perhaps) -> list[Address]:
    """Return the addresses that a field names.

    Raises:
        ValueError: one is none.
    """
    several = [written] if isinstance(written, str) else written or []
    return [Address.parse(one) for one in several if one.strip() or len(several) > 1]


def composed(config: Email, sender: str, key: str, files: tuple[File, ...] = ()) -> Mail:
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
        sender=Address.parse(config.sender or sender),
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
