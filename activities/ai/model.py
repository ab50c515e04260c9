"""What goes to a language model and what comes back, whoever runs it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from pydantic import Field

from activities.action import Result
from activities.errors import Refused

Role = Literal["user", "assistant"]

HIDDEN = frozenset(("Cc", "Cn", "Co", "Cs"))
"""Unicode categories that no text for people has."""

DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]")
"""Characters that turn a text around or hide another in it."""


class Usage(Result):
    """What a model's answers took."""

    input_tokens: int = Field(default=0, description="Tokens that were read.")
    output_tokens: int = Field(default=0, description="Tokens that were written.")
    cost: float | None = Field(
        default=None, description="What it cost, by the connection's `prices` or where the server says so."
    )

    def taken(self) -> dict[str, int]:
        """Return what counts toward a budget."""
        return {"calls": 1, "tokens": self.input_tokens + self.output_tokens}

    def __add__(self, other: Usage) -> Usage:
        """Return what two answers took together."""
        costs = [usage.cost for usage in (self, other) if usage.cost is not None]
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=sum(costs) if costs else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One question to a model.

    Attributes:
        system: what the model is told; nothing of it came from outside.
        messages: who said what, in turn.
        model: the model to ask instead of the connection's.
        max_tokens: most tokens that it may write.
        temperature: how freely it chooses its words, where somebody decided that.
        schema: JSON Schema of the answer, where it shall be JSON.
    """

    system: str
    messages: Sequence[tuple[Role, str]]
    model: str | None = None
    max_tokens: int
    temperature: float | None = None
    schema: Mapping[str, Any] | None = field(default=None)

    def followed_by(self, answer: str, request: str) -> Prompt:
        """Return the prompt that goes on after an answer."""
        return replace(self, messages=[*self.messages, ("assistant", answer or "…"), ("user", request)])

    def estimate(self) -> int:
        """Return how many tokens a model may read and write for it; rather too many than too few."""
        texts = [self.system, *(text for _, text in self.messages), str(self.schema or "")]
        return sum(len(text.encode(errors="replace")) // 3 + 8 for text in texts) + self.max_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A model's whole answer.

    Attributes:
        text: what it wrote.
        model: which model wrote it.
        finish_reason: why it stopped, in the provider's word.
        usage: what it took.
    """

    text: str
    model: str
    finish_reason: str
    usage: Usage


class UnusableAnswerError(Refused):
    """The model answered, and was paid for, but not with what was asked for."""

    def __init__(self, message: str, usage: Usage) -> None:
        super().__init__(message)
        self.usage = usage


def plain(text: str) -> str:
    """Return a model's text without what people cannot see and terminals, pages and mails could stumble over."""
    shown = (character for character in text if character in "\n\t" or unicodedata.category(character) not in HIDDEN)
    return DIRECTIONS.sub("", "".join(shown)).strip()
