"""Remembering a value over runs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    ModelWrapValidatorHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from activities.action import Config, Result, action
from activities.context import Context
from activities.values.keys import Key, Lasting
from trunkline.durations import DAY
from trunkline.keyed import LARGEST_VALUE, Change


def _finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError("it is no number that JSON has")
    return number


def _small(value: Any) -> Any:
    size = len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))
    if size > LARGEST_VALUE:
        raise ValueError(f"a kept value has at most {LARGEST_VALUE:,} bytes as JSON, and this one has {size:,}")
    return value


class ValueChange(Config):
    """What is stored under a key, or added to the number there."""

    key: Key = Field(description="What the value is about, at most 500 characters: `greeted/{{customer.id}}`.")
    value: Annotated[Any, AfterValidator(_small)] = Field(
        default=None, description="What is stored, at most 16 KiB as JSON."
    )
    add: Annotated[StrictFloat | StrictInt, AfterValidator(_finite)] | None = Field(
        default=None,
        description="Instead of `value`: what is added to the number that is there; what is none counts as 0.",
    )
    for_: Lasting = Field(
        default=30 * DAY,
        alias="for",
        description="How long it is kept, at most 366 days: from the last time that a `value` was stored, with `add` "
        "from the first, so that it counts in windows.",
    )
    only_if: Literal["absent"] | None = Field(
        default=None, description="`absent`: the `value` is stored only where nothing is there."
    )
    shared: StrictBool = Field(
        default=False, description="Whether all automations of the namespace share it, or it is this automation's own."
    )

    @model_validator(mode="wrap")
    @classmethod
    def _one_change(cls, written: Any, validated: ModelWrapValidatorHandler[ValueChange]) -> ValueChange:
        """Refuse keys that do not go together, also where a template stands for one that has to be a number."""
        try:
            made = validated(written)
        except ValidationError as error:
            if all("{{" in str(one["input"]) for one in error.errors()):
                _refuse_clash(written)
            raise
        _refuse_clash(written)
        return made


class RememberedValue(Result):
    """What was there, and what is there now."""

    first: bool = Field(description="Whether nothing was there.")
    before: Any = Field(description="What was there; null where nothing was.")
    value: Any = Field(description="What is there now.")
    changed: bool = Field(description="Whether that differs from what was there before.")
    stored: bool = Field(description="Whether it was stored: not where `onlyIf` kept what was there.")


@action(
    "remember",
    repeat="keyed",
    local=True,
    takes_secrets=False,
    example={"key": "greeted/{{contact.id}}", "value": True, "onlyIf": "absent", "for": "24h"},
)
async def remember(config: ValueChange, context: Context) -> RememberedValue:
    """Keep a value over runs under a key, or count under it.

    It is changed once for each step, however often the step is tried or its run is reset, and the step gets the answer
    of the first time: the last 1,000 answers of a key are kept, for at least a day. Steps of several runs are taken one
    after the other. The key stands in no workflow id and in no search attribute, only its hash does.
    """
    change: Change = {"step": context.key, "lasts": config.for_}
    if config.add is not None:
        change["add"] = config.add
    else:
        change["value"] = config.value
    if config.only_if is not None:
        change["absent"] = True
    owner = None if config.shared else context.automation
    return RememberedValue(**await context.kept_values.remember(owner, config.key, change))


def _refuse_clash(written: Any) -> None:
    if not isinstance(written, Mapping):
        return
    adds = written.get("add") is not None
    if ("value" in written) == adds:
        raise _unfit("A step that remembers gives `value` or `add`, and not both")
    if adds and any(written.get(key) is not None for key in ("onlyIf", "only_if")):
        raise _unfit("`onlyIf` goes with `value`: a sum that is added to once is a value")


def _unfit(sentence: str) -> PydanticCustomError:
    return PydanticCustomError("keys_clash", "{sentence}", {"sentence": sentence})
