"""What starts an automation, as authors write it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StrictStr,
    StringConstraints,
    Tag,
    WithJsonSchema,
    model_validator,
)

from workers.definitions.model.schedule import Schedule
from workers.definitions.model.vocabulary import DefinitionPart, EventType, Text, Variable, refuse, shape_tag
from workflows.event import FIRED


def _id(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


InputId = Annotated[
    StrictStr,
    StringConstraints(min_length=1, max_length=200),
    BeforeValidator(_id),
    WithJsonSchema({"anyOf": [{"type": "integer"}, {"type": "string", "minLength": 1, "maxLength": 200}]}),
]


class Trigger(DefinitionPart):
    """What starts the automation: events, or a schedule."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"required": [key], "properties": {key: {"not": {"type": "null"}}}} for key in ("event", "schedule")
            ],
        }
    )

    event: EventType | None = Field(
        default=None,
        description="Type of the events that start it, such as `call.ended`; `call.*`: all that begin so.",
    )
    schedule: Schedule | None = Field(default=None, description="Instead of `event`: when it is started by itself.")
    live: StrictBool = Field(
        default=True,
        description="`false`: neither events nor the schedule start it, only people and other automations do.",
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
    inputs: dict[Variable, InputId] | None = Field(
        default=None,
        min_length=1,
        max_length=100,
        description="Names for the ids of collected inputs (`{rating: 123}`): `{{input.rating.value}}`.",
    )
    once: Text | None = Field(
        default=None,
        description="What makes an event the same, as a template such as `{{order.id}}`: it runs once for each text; "
        "by default the event's `source` and `id` do.",
    )

    @model_validator(mode="after")
    def _one_beginning(self) -> Trigger:
        if (self.event is None) == (self.schedule is None):
            code = "missing-key" if self.event is None else "two-kinds"
            raise refuse(code, "A trigger has either `event` or `schedule`.")
        key = next((key for key in ("data", "once", "inputs") if getattr(self, key) is not None), None)
        if self.schedule is not None and key is not None:
            raise refuse("unknown-key", f"`{key}` is about events: what a schedule brings has no data and comes once.")
        if self.event == FIRED:
            raise refuse(
                "reserved-name", f"`{FIRED}` is what schedules bring: write `schedule` with `cron` or `every`."
            )
        return self

    @property
    def brings(self) -> str:
        """The type of the events that start it."""
        return FIRED if self.event is None else self.event
