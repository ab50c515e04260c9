"""Tags, as the actions take them that add and remove them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from activities.tickets.ticket import TicketConfig


def _several(value: Any) -> Any:
    return [tag.strip() for tag in value.split(",") if tag.strip()] if isinstance(value, str) else value


ONE = {"anyOf": [{"type": "string", "pattern": r"^[^,]*[^,\s][^,]*$", "maxLength": 255}, {"type": "number"}]}
LIST = {"type": "string", "pattern": r"^[,\s]*[^,\s][^,]{0,254}(,[^,]{0,255})*$"}

Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^,]*$")]


class Tags(TicketConfig):
    """Some of a ticket's tags."""

    tags: Annotated[
        list[Tag],
        BeforeValidator(_several),
        WithJsonSchema({"anyOf": [{"type": "array", "items": ONE, "minItems": 1, "maxItems": 50}, LIST]}),
    ] = Field(min_length=1, max_length=50, description="The tags: a list, or a text with commas between them.")
