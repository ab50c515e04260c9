"""Whose a conversation is: the customer's on whose timeline it is, the team's and the user's that care for it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainSerializer

from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import KustomerRecord
from activities.vendors.kustomer.service import KUSTOMER

Only = Annotated[str, Field(min_length=1), PlainSerializer(lambda id_: [id_], return_type=list[str])]
"""One id, which becomes the whole list."""


class ConversationCustomer(KustomerConfig):
    """Which conversation goes to whom."""

    id: str = Field(min_length=1, description="Id of the conversation.")
    customer: str = Field(min_length=1, description="Id of the customer on whose timeline it shall be.")


class TeamOf(KustomerConfig):
    """Which team gets which conversation."""

    id: str = Field(min_length=1, description="Id of the conversation.")
    team: Only = Field(serialization_alias="assignedTeams", description="Id of the team; it replaces the others.")


class UserOf(KustomerConfig):
    """Which user gets which conversation."""

    id: str = Field(min_length=1, description="Id of the conversation.")
    user: Only = Field(serialization_alias="assignedUsers", description="Id of the user; it replaces the others.")


CONVERSATION_PLACES = (
    endpoint(
        KUSTOMER,
        "kustomer.conversation_move_customer",
        "Move a conversation to another customer's timeline.",
        "PATCH /v1/conversations/{id}",
        ConversationCustomer,
        KustomerRecord,
        repeat="safe",
        writes=("conversation:id",),
        example={"id": "{{ticket.id}}", "customer": "{{variables.customer.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_assign_team",
        "Assign a conversation to a team, in place of the teams that it had.",
        "PATCH /v1/conversations/{id}",
        TeamOf,
        KustomerRecord,
        repeat="safe",
        writes=("conversation:id",),
        example={"id": "{{ticket.id}}", "team": "5f2a9c0e6b0d3a0012345678"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_assign_user",
        "Assign a conversation to a user, in place of the users that it had.",
        "PATCH /v1/conversations/{id}",
        UserOf,
        KustomerRecord,
        repeat="safe",
        writes=("conversation:id",),
        example={"id": "{{ticket.id}}", "user": "5f2a9c0e6b0d3a0087654321"},
    ),
)
