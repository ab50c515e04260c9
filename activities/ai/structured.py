"""An answer that is to be JSON of a form that the author of a step has written down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from activities.ai.classification import FENCE, repaired
from activities.ai.model import Completion, Prompt, Usage, plain
from activities.ai.provider import LanguageModel
from activities.context import Context
from activities.errors import Refused
from activities.http_client.statuses import one_line

if TYPE_CHECKING:
    from activities.descriptions.validation import Judge

RULES = (
    "Answer with one JSON value and nothing else: no preamble, and nothing around it. It must fit this JSON Schema: "
)

LONGEST_FAULT = 200


def rules_of(schema: Mapping[str, Any]) -> str:
    """Return what a model is told about the form of its answer."""
    return RULES + json.dumps(schema, ensure_ascii=False, separators=(",", ":"))


def enforceable(schema: Any) -> bool:
    """Say whether providers' structured output takes a schema: objects say all of their members, and need them all."""
    if isinstance(schema, list):
        return all(map(enforceable, schema))
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        members = properties if isinstance(properties, Mapping) else {}
        if schema.get("additionalProperties") is not False or {*schema.get("required", ())} != {*members}:
            return False
    return all(map(enforceable, schema.values()))


async def structured(
    model: LanguageModel, prompt: Prompt, schema: Mapping[str, Any], context: Context, name: str | None
) -> tuple[Any, Completion]:
    """Return what a model answers as JSON that fits a schema, and the answer with the usage of all that was asked.

    An answer of another form is repaired once.

    Raises:
        Refused: it answered in another form twice, refused to, or the budget is used up.
    """
    from activities.descriptions.validation import Judge  # its library is large: only a form needs it

    judge = Judge(schema, schema.get("$defs", {}))
    first = await model.ask(prompt, context, name)
    try:
        return value_of(first.text, judge), first
    except ValueError as fault:
        second = await model.ask(repaired(prompt, first, str(fault)), context, name)
    both = Completion(
        text=second.text,
        model=second.model,
        finish_reason=second.finish_reason,
        usage=sum((first.usage, second.usage), Usage()),
    )
    try:
        return value_of(second.text, judge), both
    except ValueError as again:
        raise Refused(f"The model answered twice in another form than `format` says: {again}.") from None


def value_of(text: str, judge: Judge) -> Any:
    """Return the JSON value that a text is.

    Raises:
        ValueError: it is none, or not what was asked for; the sentence says why.
    """
    fenced = FENCE.fullmatch(text)
    try:
        value = _plain(json.loads(fenced[1] if fenced else text, parse_constant=_no_constant))
    except (ValueError, RecursionError):
        raise ValueError("it is prose and no JSON") from None
    flaw = next(judge.flaws(value, lambda _: False), None)
    if flaw is not None:
        raise ValueError(one_line(flaw.sentence.rstrip("."), LONGEST_FAULT))
    return value


def _plain(value: Any) -> Any:
    """Return a value whose texts hold nothing that people cannot see."""
    if isinstance(value, dict):
        return {plain(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return plain(value) if isinstance(value, str) else value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON value")
