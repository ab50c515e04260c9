"""Users of an organization: agents and machines."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Result
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import flat
from activities.vendors.kustomer.service import KUSTOMER


class UserByEmail(KustomerConfig):
    """Who is looked for."""

    email: str = Field(min_length=1, description="Email address.")


class UserById(KustomerConfig):
    """Who is looked for."""

    id: str = Field(min_length=1, description="Id of the user.")


class User(Result):
    """A user."""

    found: bool = Field(default=True, description="Whether there is such a user; all else is null where there is none.")
    id: str | None = Field(default=None, description="Id.")
    display_name: str | None = Field(default=None, description="Name that customers see.")
    name: str | None = Field(default=None, description="Name.")
    user_type: str | None = Field(default=None, description="`user`, or `machine`.")
    email: str | None = Field(default=None, description="Email address.")
    email_verified_at: str | None = Field(
        default=None, description="When the address was verified; null where Kustomer does not say."
    )
    email_signature: str | None = Field(
        default=None, description="Signature of emails; null where Kustomer does not say."
    )
    created_at: str | None = Field(default=None, description="When the user was made.")
    updated_at: str | None = Field(default=None, description="When the user was last changed.")


NOBODY = User(found=False)
ROLE = "Kustomer does not publish which role the key needs."


def _first(body: Any) -> dict[str, Any]:
    """Return the first user of a list."""
    users = body["data"]
    return flat(users[0]) if users else {"found": False}


USERS = (
    endpoint(
        KUSTOMER,
        "kustomer.user_find_by_email",
        "Find a user, such as an agent, by email address.",
        "GET /v1/users",
        UserByEmail,
        User,
        missing=NOBODY,
        unwrap=_first,
        description=f"Find a user, such as an agent, by email address.\n\n{ROLE}",
        example={"email": "kim@example.com"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.user_find_by_id",
        "Find a user, such as an agent, by id.",
        "GET /v1/users/{id}",
        UserById,
        User,
        missing=NOBODY,
        unwrap=lambda body: flat(body["data"]),
        description=f"Find a user, such as an agent, by id.\n\n{ROLE}",
        example={"id": "{{variables.conversation.object.attributes.assignedUsers[0]}}"},
    ),
)
