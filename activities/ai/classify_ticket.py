"""The action that says what a ticket is about and how its author feels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints, field_validator

from activities.action import Config, Result, Static, action
from activities.ai.classification import declared, prompt_of, reasons_of, repaired, together, verdict_of
from activities.ai.generate_ai_response import PROVIDERS
from activities.ai.local_language import LocalLanguage
from activities.ai.model import Completion, Usage
from activities.ai.provider import AiProvider, LanguageModel
from activities.context import Context
from activities.errors import Refused

LONGEST = 50_000
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

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\r\n]*$")]


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


@action(
    "classify_ticket",
    repeat="safe",
    timeout=timedelta(seconds=60),
    connections=PROVIDERS,
    example={"categories": ["billing", {"name": "shipping", "description": "where an order is"}, "other"]},
)
async def classify_ticket(config: TicketText, context: Context) -> TicketClass:
    """Say which of some categories a ticket is of, its sentiment and its language.

    The text is shown to the model as material and never as an instruction, and nothing but a declared category comes
    out. An answer in another form is asked for once more; a refusal, a truncated answer and a category that was not
    declared fail the step. A connection of kind `local_language` gives language and English sentiment alone.
    """
    provider: AiProvider = context.connection(config.connection, *PROVIDERS)
    text = config.text.strip()
    if not text:
        raise Refused("There is nothing to classify: `text` is empty, or the event has neither ticket nor message.")
    if isinstance(provider, LanguageModel):
        found = await _by_model(provider, config, text[:LONGEST], context)
    elif isinstance(provider, LocalLanguage):
        found = await _here(provider, text[:LONGEST])
    else:
        raise Refused(f"A connection of kind {provider.kind} cannot classify texts.")
    if len(text) > LONGEST:
        found.warn(f"Only the first {LONGEST:,} of {len(text):,} characters were classified.")
    return found


async def _by_model(model: LanguageModel, config: TicketText, text: str, context: Context) -> TicketClass:
    categories = {_name(one): one.description if isinstance(one, Category) else None for one in config.categories}
    prompt = prompt_of(text, categories, config.model)
    answers: list[Completion] = [await model.ask(prompt, context, config.connection)]
    try:
        verdict = verdict_of(answers[0].text)
    except ValueError as fault:
        answers.append(await model.ask(repaired(prompt, answers[0], str(fault)), context, config.connection))
        try:
            verdict = verdict_of(answers[1].text)
        except ValueError as again:
            raise Refused(f"The model answered twice in another form than it was asked for: {again}.") from None
    return TicketClass(
        category=declared(verdict, categories),
        confidence=verdict.confidence,
        sentiment=verdict.sentiment,
        sentiment_score=verdict.sentiment_score,
        language=verdict.language,
        language_score=verdict.language_score,
        reasons=reasons_of(verdict),
        usage=together(answers),
    )


async def _here(local: LocalLanguage, text: str) -> TicketClass:
    read = await local.read(text)
    found = TicketClass(
        category=None,
        confidence=None,
        sentiment=read.sentiment,
        sentiment_score=read.sentiment_score,
        language=read.language,
        language_score=read.language_score,
        reasons=[],
        usage=Usage(),
    )
    found.warn("local_language knows no categories: `category` is null.")
    if read.sentiment is None:
        found.warn(f"local_language knows the sentiment of English texts alone, and this one is {read.language!r}.")
    return found


def _name(category: str | Category) -> str:
    return category if isinstance(category, str) else category.name
