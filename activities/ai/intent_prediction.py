"""The action that says which of some labels fits a text."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator

from activities.action import CONNECTION, Result, Static, action
from activities.ai.anthropic import Anthropic
from activities.ai.classification import LONGEST, Label, declared, judged, prompt_of
from activities.ai.model import Usage
from activities.ai.openai import OpenAI
from activities.ai.provider import LanguageModel
from activities.connections import Connection
from activities.context import Context
from activities.errors import Refused
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.inputs import names_of, names_schema

OPERATION = "intent_identification_prediction"
AI = "aiConnection"
LONGEST_LABEL = 100

MODELS: tuple[type[LanguageModel], ...] = (OpenAI, Anthropic)


class Intent(KustomerConfig):
    """What is classified, and into what."""

    input: str = Field(description="The text; of a longer one, the first 50,000 characters count.")
    id: str = Field(min_length=1, description="Name of a set of labels: the connection's `labels` say which.")
    labels: (
        Annotated[
            list[Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]],
            BeforeValidator(names_of),
            Field(min_length=1, max_length=100),
            names_schema(LONGEST_LABEL),
        ]
        | None
    ) = Field(default=None, description="The labels to choose from; by default the set that `id` names.")
    connection: Annotated[str | None, Static()] = Field(
        default=None,
        description="Connection of kind `openai` or `anthropic` that is asked, or of kind `kustomer` whose labels are "
        "meant; the only model, or the default, needs no naming.",
    )
    ai_connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection that is asked where `connection` is of kind `kustomer`."
    )

    @field_validator("labels")
    @classmethod
    def _differ(cls, value: list[str] | None) -> list[str] | None:
        folded = [label.casefold() for label in value or ()]
        if twice := next((label for label in folded if folded.count(label) > 1), None):
            raise ValueError(f"the label {twice!r} is given twice")
        return value


class Prediction(Result):
    """Which label fits."""

    label: str = Field(description="One of the labels.")
    confidence: float = Field(
        description="How sure the model says it is, from 0 to 1: a hint, and no measured probability."
    )
    basis: Literal["inferred"] = Field(
        default="inferred", description="`inferred`: a language model says so, and not Kustomer's own classification."
    )
    usage: Usage = Field(description="What it took: `inputTokens`, `outputTokens` and, where that is known, `cost`.")


@action(
    "kustomer.intent_identification_prediction",
    repeat="safe",
    timeout=timedelta(seconds=60),
    connections=MODELS,
    beside={CONNECTION: (Kustomer,)},
    example={"input": "{{message.body}}", "id": "intents", "labels": ["refund", "shipping", "other"]},
)
async def intent_identification_prediction(config: Intent, context: Context) -> Prediction:
    """Say which of some labels fits a text.

    Inferred: Kustomer publishes no operation for its models, so a language model chooses among the labels. The text is
    shown to it as material and never as an instruction, nothing but one of the labels comes out, and an answer in
    another form is asked for once more. Kustomer's own models answer a workflow of Kustomer's alone, and its answer has
    no way back to a worker: a connection of kind `kustomer` gives the labels, and no prediction.
    """
    model, name, labels = _chosen(config, context)
    text = config.input.strip()
    if not text:
        raise Refused("There is nothing to classify: `input` is empty.")
    prompt = prompt_of(text[:LONGEST], dict.fromkeys(labels), None, Label)
    verdict, usage = await judged(model, prompt, Label, context, name)
    label = declared(verdict, labels, "labels")
    found = Prediction(label=label, confidence=verdict.confidence, usage=usage)
    return found.warn(f"Only the first {LONGEST:,} characters were classified.") if len(text) > LONGEST else found


def _chosen(config: Intent, context: Context) -> tuple[LanguageModel, str | None, list[str]]:
    """Return the model, the name under which the step knows it, and the labels."""
    kinds: tuple[type[Connection], ...] = (*MODELS, Kustomer) if config.connection else MODELS
    first = context.connection(config.connection, *kinds)
    if isinstance(first, LanguageModel):
        return first, config.connection, _labels(config, first.labels)
    if not isinstance(first, Kustomer):
        raise TypeError(f"{first.kind} has no labels.")
    if OPERATION in first.hooks and config.ai_connection is None:
        raise Refused(
            "The prediction of Kustomer's workflow cannot come back from its hook: a worker has no address that "
            "Kustomer could call. Name a connection of kind openai or anthropic, as `connection` or `aiConnection`."
        )
    model = context.connection(config.ai_connection, *MODELS, field=AI)
    return model, config.ai_connection, _labels(config, first.labels)


def _labels(config: Intent, sets: dict[str, list[str]]) -> list[str]:
    labels = config.labels or sets.get(config.id)
    if not labels:
        known = ", ".join(sorted(sets)) or "none"
        raise Refused(
            f"The connection has no set of labels named {config.id!r} (it has {known}): give the step `labels`, or the "
            f"connection `labels: {{{config.id}: […]}}`."
        )
    return labels
