"""Recalling a value that an earlier run, or step, remembered."""

from __future__ import annotations

from typing import Any

from pydantic import Field, StrictBool

from activities.action import Config, Result, action
from activities.context import Context
from activities.values.keys import Key


class ValueKey(Config):
    """Which value."""

    key: Key = Field(description="The key under which it was remembered.")
    shared: StrictBool = Field(
        default=False, description="Whether it is the one that all automations of the namespace share."
    )


class RecalledValue(Result):
    """What is there."""

    found: bool = Field(description="Whether anything is there.")
    value: Any = Field(description="What is there; null where nothing is.")


@action(
    "recall",
    repeat="safe",
    local=True,
    takes_secrets=False,
    example={"key": "greeted/{{contact.id}}"},
)
async def recall(config: ValueKey, context: Context) -> RecalledValue:
    """Read what `remember` keeps under a key.

    Where nothing is there, or its time is over, that is no failure: `found` is false and `value` null.
    """
    owner = None if config.shared else context.automation
    return RecalledValue(**await context.kept_values.recall(owner, config.key))
