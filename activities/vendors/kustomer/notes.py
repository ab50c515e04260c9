"""Notes, as results hold them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Result
from activities.vendors.kustomer.records import Data, attribute, related


class FoundNote(Result):
    """A note that was looked for; its fields are null where there is none."""

    found: bool = Field(default=True, description="Whether there is such a note.")
    id: str | None = Field(default=None, description="Its id.")
    body: str | None = Field(default=None, description="What it says.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last changed.")
    customer: str | None = Field(default=None, description="Id of the customer of its conversation.")
    conversation: str | None = Field(default=None, description="Id of its conversation.")
    user_mentions: list[str] = Field(default=[], description="Ids of the users and teams that it mentions.")


class Note(Result):
    """A note that was made or changed."""

    id: str = Field(description="Its id.")
    body: str | None = Field(default=None, description="What it says.")
    created_at: str | None = Field(default=None, description="When it was made.")
    updated_at: str | None = Field(default=None, description="When it was last changed.")
    customer: str | None = Field(default=None, description="Id of the customer of its conversation.")
    conversation: str | None = Field(default=None, description="Id of its conversation.")
    user_mentions: list[str] = Field(default=[], description="Ids of the users and teams that it mentions.")


def note_of(data: Data) -> dict[str, Any]:
    """Return a note as the fields of a result."""
    return {
        "id": data["id"],
        "body": attribute(data, "body"),
        "createdAt": attribute(data, "createdAt"),
        "updatedAt": attribute(data, "updatedAt"),
        "customer": related(data, "customer"),
        "conversation": related(data, "conversation"),
        "userMentions": [id_ for one in attribute(data, "userMentions") or () if (id_ := _mentioned(one))],
    }


def _mentioned(mention: Any) -> str | None:
    """Return the id of who is mentioned, by itself or as `{user}` or `{team}`, with or without the person."""
    if isinstance(mention, dict):
        whom = mention.get("user") or mention.get("team") or mention.get("id")
        return _mentioned(whom)
    return mention if isinstance(mention, str) else None
