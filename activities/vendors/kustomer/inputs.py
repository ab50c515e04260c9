"""Types of what Kustomer's operations take."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from activities.action import ANY_CASE, Config

Custom = dict[str, Any]
"""Custom attributes; their names end in their type: Num, At, Str, Txt, Bool, Url."""

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = r"[0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,6})?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})"
INSTANT = rf"^\s*({DATE}[Tt ]{TIME})?\s*$"
LONGEST_TAG = 64
MOST_TAGS = 20


class TextSentiment(Config):
    """How a text feels."""

    polarity: Literal[-1, 0, 1] = Field(description="-1 negative, 0 neutral, 1 positive.")
    confidence: float = Field(ge=0, le=1, description="How sure that is, from 0 to 1.")


class Mention(Config):
    """Who is mentioned in a note."""

    user: str | None = Field(default=None, description="Id of a user.")
    team: str | None = Field(default=None, description="Id of a team.")


class Queue(Config):
    """A queue that work is routed to."""

    id: str | None = Field(default=None, description="Its id.")
    external: dict[str, Any] | None = Field(default=None, description="A queue outside of Kustomer.")


def _lower(value: Any) -> Any:
    """Return a direction as the API writes it; blank is none."""
    return (value.strip().lower() or None) if isinstance(value, str) else value


EITHER = {"type": "string", "enum": ["in", "out"], ANY_CASE: True}

Direction = Annotated[Literal["in", "out"], BeforeValidator(_lower), WithJsonSchema(EITHER)]
"""Whether a customer wrote (`in`) or the company (`out`)."""

AnyDirection = Annotated[
    Literal["in", "out"] | None,
    BeforeValidator(_lower),
    WithJsonSchema({"anyOf": [EITHER, {"type": "string", "pattern": r"^\s*$"}, {"type": "null"}]}),
]
"""The same, or blank for both."""


def names_of(value: Any) -> Any:
    """Return a list of names or ids that may be written as one text, separated by commas."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [value]
    if isinstance(value, str):
        return [name for part in value.split(",") if (name := part.strip())]
    return value


def names_schema(longest: int) -> WithJsonSchema:
    """Say to editors what `names_of` reads, each name of at most so many characters."""
    name = {"type": "string", "maxLength": longest}
    text = {"type": "string", "pattern": r"[^\s,]", "not": {"pattern": f"[^,]{{{longest + 1},}}"}}
    return WithJsonSchema({"anyOf": [text, {"type": "number"}, {"type": "array", "items": name, "minItems": 1}]})


Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]],
    BeforeValidator(names_of),
    Field(min_length=1),
    names_schema(LONGEST_TAG),
]
"""Ids or names of tags, in a list or in one text, separated by commas."""


def instant_text(value: str) -> str:
    """Return a timestamp as it is written; blank is empty.

    Raises:
        ValueError: it is no ISO 8601 instant, or has no time zone.
    """
    if not value.strip():
        return ""
    try:
        instant = datetime.fromisoformat(value.strip()) if re.search(INSTANT, value) else None
    except ValueError:
        instant = None
    if instant is None:
        raise ValueError("it is an ISO 8601 instant with a time zone, such as 2026-12-24T09:00:00Z")
    return value.strip()


Instant = Annotated[str, AfterValidator(instant_text), WithJsonSchema({"type": "string", "pattern": INSTANT})]
"""An ISO 8601 instant with a time zone, or blank."""
