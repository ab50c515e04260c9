"""Tags, as the actions take them that add and remove them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, WithJsonSchema

from activities.tickets.ticket import TicketConfig

TAG = r"^[^,]*[^\s,][^,]*$"
SOME = r"[^\s,]"


def _or_number(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": [{"type": "string", "pattern": pattern}, {"type": "number"}]})


Tag = Annotated[str, Field(pattern=TAG, max_length=255), _or_number(TAG)]
Written = Annotated[str, Field(pattern=SOME), _or_number(SOME)]


class TicketTags(TicketConfig):
    """Some of a ticket's tags."""

    tags: Annotated[list[Tag], Field(min_length=1, max_length=50)] | Written = Field(
        description="The tags: a list, or a text with commas between them."
    )

    @property
    def each(self) -> list[str]:
        """The tags, without blanks around them."""
        tags = self.tags.split(",") if isinstance(self.tags, str) else self.tags
        return [tag.strip() for tag in tags if tag.strip()]
