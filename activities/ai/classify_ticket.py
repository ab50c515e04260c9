"""The action that says what a ticket is about and how its author feels."""

from __future__ import annotations

from datetime import timedelta

from activities.action import action
from activities.ai.classification import LONGEST, ReasonedClassification, declared, judged, prompt_of, reasons_of
from activities.ai.generate_ai_response import PROVIDERS
from activities.ai.local_language import LocalLanguage
from activities.ai.model import Usage
from activities.ai.provider import AiProvider, LanguageModel
from activities.ai.ticket import TicketClass, TicketText
from activities.context import Context
from activities.errors import Refused


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
    categories = config.meanings()
    prompt = prompt_of(text, categories, config.model)
    verdict, usage = await judged(model, prompt, ReasonedClassification, context, config.connection)
    return TicketClass(
        category=declared(verdict, categories),
        confidence=verdict.confidence,
        sentiment=verdict.sentiment,
        sentiment_score=verdict.sentiment_score,
        language=verdict.language,
        language_score=verdict.language_score,
        reasons=reasons_of(verdict),
        usage=usage,
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
