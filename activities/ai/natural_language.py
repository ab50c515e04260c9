"""The action that says how a text feels and what language it is in."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from activities.action import Result, Static, action
from activities.ai.classification import LONGEST, Mood, MoodAndLanguage, judged, prompt_of
from activities.ai.generate_ai_response import PROVIDERS
from activities.ai.local_language import LocalLanguage
from activities.ai.model import Usage
from activities.ai.provider import AiProvider, LanguageModel
from activities.context import Context
from activities.errors import Refused
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import INFERRED, Inferred


class Language(KustomerConfig):
    """Which text is looked at."""

    text: str = Field(description="The text; of a longer one, the first 50,000 characters count.")
    customer: str = Field(min_length=1, description="Id of the customer who wrote it; it is sent nowhere.")
    detect_lang: bool = Field(description="Whether the language is detected too.")
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Which AI connection is asked; the only one, or the default, needs no naming."
    )


class LanguageReading(Result):
    """How a text feels and what language it is in."""

    sentiment_type: Literal[-1, 0, 1] | None = Field(
        description="-1 negative, 0 neutral, 1 positive; null where local_language cannot say."
    )
    sentiment_score: float | None = Field(description="How sure, or how strong, that is, from 0 to 1.")
    dominant_language: str | None = Field(
        description="The language as a BCP 47 code, `und` where none was found; null without `detectLang`."
    )
    dominant_language_score: float | None = Field(description="How sure that is, from 0 to 1.")
    usage: Usage = Field(description="What it took: `inputTokens`, `outputTokens` and, where that is known, `cost`.")
    confidence: Inferred = INFERRED


@action(
    "kustomer.natural_language_processing",
    repeat="safe",
    timeout=timedelta(seconds=60),
    connections=PROVIDERS,
    example={"text": "{{message.body}}", "customer": "{{customer.id}}", "detectLang": True},
)
async def natural_language_processing(config: Language, context: Context) -> LanguageReading:
    """Say how a text feels, and what language it is in.

    Inferred: Kustomer publishes no operation for it, so an AI connection is asked. The text is shown to a model as
    material and never as an instruction, and an answer in another form is asked for once more. A connection of kind
    `local_language` knows the sentiment of English texts alone.
    """
    provider: AiProvider = context.connection(config.connection, *PROVIDERS)
    text = config.text.strip()
    if not text:
        raise Refused("There is nothing to look at: `text` is empty.")
    if isinstance(provider, LanguageModel):
        found = await _by_model(provider, config, text[:LONGEST], context)
    elif isinstance(provider, LocalLanguage):
        found = await _here(provider, config, text[:LONGEST])
    else:
        raise Refused(f"A connection of kind {provider.kind} cannot judge texts.")
    return found.warn(f"Only the first {LONGEST:,} characters were looked at.") if len(text) > LONGEST else found


async def _by_model(model: LanguageModel, config: Language, text: str, context: Context) -> LanguageReading:
    answer = MoodAndLanguage if config.detect_lang else Mood
    verdict, usage = await judged(model, prompt_of(text, {}, None, answer), answer, context, config.connection)
    language = verdict if isinstance(verdict, MoodAndLanguage) else None
    return LanguageReading(
        sentiment_type=verdict.sentiment,
        sentiment_score=verdict.sentiment_score,
        dominant_language=language and language.language,
        dominant_language_score=language and language.language_score,
        usage=usage,
    )


async def _here(local: LocalLanguage, config: Language, text: str) -> LanguageReading:
    read = await local.read(text)
    found = LanguageReading(
        sentiment_type=read.sentiment,
        sentiment_score=read.sentiment_score,
        dominant_language=read.language if config.detect_lang else None,
        dominant_language_score=read.language_score if config.detect_lang else None,
        usage=Usage(),
    )
    if read.sentiment is None:
        found.warn(f"local_language knows the sentiment of English texts alone, and this one is {read.language!r}.")
    return found
