"""Tags, as the actions take them that add and remove them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from activities.tickets.ticket import TicketConfig


def _several(value: Any) -> Any:
    return [tag.strip() for tag in value.split(",") if tag.strip()] if isinstance(value, str) else value


Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255, pattern=r"^[^,]*$")]


class Tags(TicketConfig):
    """Some of a ticket's tags."""

    tags: Annotated[list[Tag], BeforeValidator(_several)] = Field(
        min_length=1, max_length=50, description="The tags: a list, or a text with commas between them."
    )
