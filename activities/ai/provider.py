"""What every AI connection has, and how a model is asked within its budget."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from activities.ai.model import Completion, Prompt, UnusableAnswerError, Usage
from activities.budgets import Amounts
from activities.connections import Connection
from activities.context import Context
from activities.errors import OutcomeUnknown, Refused, ResultTooLarge


class ProviderPart(BaseModel):
    """A part of a connection's entry."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True
    )


class PerDay(ProviderPart):
    """What a day may take."""

    calls: int | None = Field(default=None, ge=1, description="Calls of the model.")
    tokens: int | None = Field(default=None, ge=1, description="Tokens, read and written.")

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.calls is None and self.tokens is None:
            raise ValueError("a day's budget says `calls`, `tokens` or both")
        return self


class Budget(ProviderPart):
    """What all workers of the namespace together may use."""

    per_day: PerDay = Field(description="In one day, from midnight to midnight UTC.")


class Prices(ProviderPart):
    """What the provider charges, in any currency."""

    input: float = Field(ge=0, description="For a million tokens that are read.")
    output: float = Field(ge=0, description="For a million tokens that are written.")


class AiProvider(Connection):
    """A connection that texts can be written or judged with."""

    def credentials(self) -> Iterable[str]:
        """Return nothing but the key: a model's name is no secret."""
        key = getattr(self, "api_key", None)
        return [key] if key else []


class LanguageModel(AiProvider):
    """A language model that is reached over the network, and paid for."""

    model: str | None = Field(
        default=None, min_length=1, description="The model that is asked where no step names one."
    )
    budget: Budget | None = Field(
        default=None,
        description="How much may be used in a day, as `{perDay: {calls: 500}}` or `{perDay: {tokens: 200000}}`; "
        "what would exceed it is not sent.",
    )
    labels: dict[str, list[str]] = Field(
        default_factory=dict, description="Sets of labels by name, for `kustomer.intent_identification_prediction`."
    )
    prices: Prices | None = Field(
        default=None, description="What a million tokens cost, as `{input: 0.5, output: 2}`: results then say `cost`."
    )

    @abstractmethod
    async def complete(self, prompt: Prompt, context: Context) -> Completion:
        """Ask the model once.

        Raises:
            Refused: the model refused, or its answer was cut off.
        """

    def chosen(self, prompt: Prompt) -> str:
        """Return the model that a prompt is for.

        Raises:
            Refused: nobody named one.
        """
        model = prompt.model or self.model
        if model is None:
            raise Refused(f"No model is named: give the connection of kind {self.kind} a `model`, or the step.")
        return model

    def priced(self, read: Any, written: Any, cost: Any = None) -> Usage:
        """Return the usage for token counts as an answer gives them."""
        counts = [count if isinstance(count, int) and count > 0 else 0 for count in (read, written)]
        known = cost if isinstance(cost, int | float) and not isinstance(cost, bool) else None
        if self.prices is not None:
            known = (counts[0] * self.prices.input + counts[1] * self.prices.output) / 1_000_000
        return Usage(input_tokens=counts[0], output_tokens=counts[1], cost=known)

    async def ask(self, prompt: Prompt, context: Context, name: str | None) -> Completion:
        """Ask the model once, within the connection's budget.

        Args:
            prompt: the question.
            context: the attempt's surroundings.
            name: the connection that the step names, if it does.

        Raises:
            Refused: the budget is used up, the model refused, or its answer was cut off.
        """
        try:
            if self.budget is None:
                return await self.complete(prompt, context)
            account = context.connections.choose([type(self)], action=context.action, name=name)
            return await self._within(self.budget, account, prompt, context)
        except UnusableAnswerError as unusable:
            raise Refused(str(unusable)) from None

    async def _within(self, budget: Budget, account: str, prompt: Prompt, context: Context) -> Completion:
        limits = {what: limit for what, limit in budget.per_day if limit is not None}
        wanted = {"calls": 1, "tokens": prompt.estimate()}
        reservation = await context.budgets.reserve(account, wanted, limits)
        used: Amounts = {}
        try:
            found = await self.complete(prompt, context)
            used = found.usage.taken() if found.usage.input_tokens else wanted
        except UnusableAnswerError as unusable:
            used = unusable.usage.taken()
            raise
        except (OutcomeUnknown, ResultTooLarge, asyncio.CancelledError):
            used = wanted  # it may have been paid for
            raise
        finally:
            await context.budgets.settle(reservation, used)
        return found
