"""Waiting for an event, as authors write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from workers.definitions.model.vocabulary import TAG, Conditions, Deadline, DefinitionPart, EventType, shape_tag


class EventWait(DefinitionPart):
    """An event to wait for."""

    event: EventType = Field(description="Type of the event, such as `ticket.solved`; `ticket.*`: all that begin so.")
    where: Conditions = Field(
        default_factory=dict,
        description="What must hold for the event, whose data stands under `wanted`; under `all`, a field of it must "
        "equal a value: `{field: wanted.ticket.id, operator: equals, value: '{{ticket.id}}'}`.",
    )
    at_most: Deadline = Field(description="How long it is waited for; then the step succeeds with nothing.")
    since: Literal["step", "start"] = Field(
        default="step", description="From when on events count: from when the step begins, or the run began."
    )


def wait_tag(value: Any) -> str:
    """Return the tag of the way in which the value of `wait` is read."""
    if isinstance(value, EventWait) or (isinstance(value, Mapping) and "event" in value):
        return f"{TAG}event"
    return shape_tag(value)
