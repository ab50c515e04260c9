"""Which events start an automation, as authors write it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from workers.definitions.model.vocabulary import EventType, Part, Text, Variable, shape_tag


class Trigger(Part):
    """Which events start the automation."""

    event: EventType = Field(
        description="Type of the events that start it, such as `call.ended`; `call.*`: all that begin so."
    )
    data: (
        Annotated[
            Annotated[list[Variable], Tag("step:plain")] | Annotated[dict[str, Any], Tag("step:object")],
            Discriminator(shape_tag),
        ]
        | None
    ) = Field(
        default=None,
        description="What an event type of your own brings: a list of roots (`[order, customer]`), or a JSON Schema of "
        "the event's `data`, which then also judges events on arrival.",
    )
    once: Text | None = Field(
        default=None,
        description="What makes an event the same, as a template such as `{{order.id}}`: it runs once for each text; "
        "by default the event's `source` and `id` do.",
    )
