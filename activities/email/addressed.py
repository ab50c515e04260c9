"""Whom an email goes to, who sends it and what it answers: how the steps that send one say it."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, ValidationInfo, WithJsonSchema, field_validator, model_validator

from activities.action import Config
from activities.email.addresses import Mailbox
from activities.email.mail import ALLOWED, any_case, checked_headers, message_id_of

MOST_RECIPIENTS = 50
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


class AddressedEmail(Config):
    """Judges `to`, `cc`, `bcc`, `sender`, `reply_to`, `headers` and `in_reply_to`, which each step itself describes."""

    @field_validator("to", "cc", "bcc", "reply_to", check_fields=False)
    @classmethod
    def _are_addresses(cls, value: Perhaps, info: ValidationInfo) -> list[str]:
        return checked_addresses(value, needed=info.field_name == "to")

    @field_validator("sender", check_fields=False)
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return value if value is None else str(Mailbox.parse(value))

    @field_validator("headers", check_fields=False)
    @classmethod
    def _are_allowed(cls, value: dict[str, str]) -> dict[str, str]:
        return checked_headers(value)

    @field_validator("in_reply_to", check_fields=False)
    @classmethod
    def _is_message_id(cls, value: str | None) -> str | None:
        return message_id_of(value) if value and value.strip() else None

    @model_validator(mode="after")
    def _has_few_recipients(self) -> Self:
        if sum(len(addresses(getattr(self, name))) for name in ("to", "cc", "bcc")) > MOST_RECIPIENTS:
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


def addresses(written: Perhaps) -> list[Mailbox]:
    """Return the addresses that a field names.

    Raises:
        ValueError: one is none.
    """
    several = [written] if isinstance(written, str) else written or []
    return [Mailbox.parse(one) for one in several if one.strip() or len(several) > 1]
