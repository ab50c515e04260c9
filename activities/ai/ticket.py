"""What `classify_ticket` takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, WithJsonSchema, field_validator

from activities.action import Config, Result, Static
from activities.ai.model import Usage

TEXT = "{{ticket.subject | default: ''}}\n\n{{message.body | default: ''}}"
USUAL: Mapping[str, str | None] = {
    "billing": "invoices, payments, refunds",
    "order": "orders, delivery, returns",
    "technical": "something does not work",
    "account": "sign-in, personal data, cancellation",
    "feedback": "praise, complaints, wishes",
    "question": "any other question",
    "other": "nothing of these",
}

ONE_LINE = r"^[^\r\n]*$"

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=ONE_LINE),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 100, "pattern": ONE_LINE}, {"type": "number"}]}
    ),
]


class Category(Config):
    """A category that a ticket may be of."""

    name: Name = Field(description="Its name, which the result has.")
    description: str | None = Field(
        default=None, description="What belongs to it, for the model.", min_length=1, max_length=500
    )


def _usual() -> list[Name | Category]:
    return [Category(name=name, description=description) for name, description in USUAL.items()]


class TicketText(Config):
    """What is classified, and into what."""

    defaults: ClassVar[Mapping[str, Any]] = {"text": TEXT}

    categories: list[Name | Category] = Field(
        default_factory=_usual,
        description="The categories to choose from, each a name or `{name, description}`. "
        f"By default {', '.join(USUAL)}.",
        min_length=1,
        max_length=100,
    )
    text: str = Field(
        default=TEXT,
        description="What is classified; by default the event's ticket and message. Of a longer one, the first 50,000 "
        "characters count.",
    )
    model: str | None = Field(
        default=None, description="The model to ask instead of the connection's.", min_length=1, max_length=200
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Which AI connection is asked; the only one, or the default, needs no naming."
    )

    @field_validator("categories")
    @classmethod
    def _differ(cls, value: list[Name | Category]) -> list[Name | Category]:
        names = [_name(one).casefold() for one in value]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"the category {twice!r} is given twice")
        return value

    def meanings(self) -> dict[str, str | None]:
        """Return what each category means, by its name."""
        return {_name(one): one.description if isinstance(one, Category) else None for one in self.categories}


class TicketClass(Result):
    """What a ticket is about and how its author feels."""

    category: str | None = Field(description="One of the categories; null where the connection knows none.")
    confidence: float | None = Field(
        description="How sure the model says it is of the category, from 0 to 1: a hint, and no measured probability."
    )
    sentiment: Literal[-1, 0, 1] | None = Field(
        description="-1 unhappy, 0 neutral, 1 happy; null where local_language cannot say."
    )
    sentiment_score: float | None = Field(description="How sure, or how strong, the sentiment is, from 0 to 1.")
    language: str = Field(description="The text's language as a BCP 47 code; `und` where none was found.")
    language_score: float = Field(description="How sure that is, from 0 to 1.")
    reasons: list[str] = Field(description="Why, in short sentences.")
    usage: Usage = Field(description="What it took: `inputTokens`, `outputTokens` and, where that is known, `cost`.")


def _name(category: str | Category) -> str:
    return category if isinstance(category, str) else category.name
