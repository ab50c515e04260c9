"""Conversations: made, changed, looked up."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer

from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.inputs import Custom, Direction, Queue, Sentiment, Tags
from activities.vendors.kustomer.records import Data, Found, Record
from activities.vendors.kustomer.service import KUSTOMER, Account

NO_CONVERSATION = Found(found=False)

Only = Annotated[str, Field(min_length=1), PlainSerializer(lambda id_: [id_], return_type=list[str])]
"""One id, which becomes the whole list."""


class ConversationFields(KustomerConfig):
    """What a conversation may be given when it is made and later."""

    external_id: str | None = Field(default=None, min_length=1, description="Id that another system gives it.")
    name: str | None = Field(default=None, description="Its name.")
    priority: int | None = Field(default=None, description="Its priority, from 1 to 5.")
    direction: Direction | None = Field(default=None, description="Who began it: `in` the customer, `out` the company.")
    reply_channel: str | None = Field(default=None, description="Channel of answers, such as `email`.")
    tags: Tags | None = Field(default=None, description="All of its tags, ids or names.")
    assigned_users: list[str] | None = Field(default=None, description="Ids of all users that it is assigned to.")
    assigned_teams: list[str] | None = Field(default=None, description="Ids of all teams that it is assigned to.")
    custom: Custom | None = Field(
        default=None, description="Custom attributes; names end in their type, as `orderIdStr` does."
    )
    default_lang: str | None = Field(default=None, description="Its language, such as `en_us`.")
    queue: Queue | None = Field(default=None, description="The queue that it is routed to, `{id}` or `{external}`.")


class NewConversation(ConversationFields):
    """A conversation on a customer's timeline."""

    customer: str = Field(min_length=1, description="Id of the customer.")
    id: str | None = Field(default=None, min_length=1, description="Id that it shall have; by default one is made.")
    status: Literal["open", "done"] | None = Field(default=None, description="`open` or `done`.")
    created_at: str | None = Field(default=None, description="When it began, as an ISO 8601 instant.")
    imported_at: str | None = Field(
        default=None, description="When it was imported, as an ISO 8601 instant; lifts a limit of the vendor's."
    )


class ConversationChange(ConversationFields):
    """What is changed; the rest of the conversation stays."""

    id: str = Field(min_length=1, description="Id of the conversation.")
    status: Literal["open", "snoozed", "done"] | None = Field(
        default=None, description="`open`, `snoozed` (needs `snooze`) or `done`."
    )
    sub_status: str | None = Field(default=None, description="Its status of the organization's own.")
    snooze: dict[str, Any] | None = Field(default=None, description="Until when it sleeps, `{time, status}`.")
    satisfaction: Any = Field(default=None, description="How satisfied the customer is.")
    satisfaction_level: dict[str, Any] | None = Field(default=None, description="The answer to a survey.")
    sentiment: Sentiment | None = Field(default=None, description="How it feels, `{polarity, confidence}`.")
    locked: bool | None = Field(default=None, description="Whether nobody may add to it.")
    ended: bool | None = Field(default=None, description="Whether it has ended.")
    ended_at: str | None = Field(default=None, description="When it ended, as an ISO 8601 instant.")
    ended_reason: str | None = Field(default=None, description="Why it ended.")
    deleted: bool | None = Field(default=None, description="Whether it is deleted (softly).")
    rev: int | None = Field(default=None, description="Revision that is changed; another one is refused.")


class ByExternalId(KustomerConfig):
    """Which conversation is looked for."""

    external_id: str = Field(min_length=1, description="Id that another system gave the conversation.")


class ById(KustomerConfig):
    """Which conversation is looked for."""

    id: str = Field(min_length=1, description="Id of the conversation.")


class NewCustomer(KustomerConfig):
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


async def with_external_id(account: Account, _config: object, external_id: str) -> Data | None:
    """Return the conversation with an external id."""
    return await account.find(f"/v1/conversations/externalId={segment('externalId', external_id)}")


CONVERSATIONS = (
    creation(
        "kustomer.conversation_create",
        "Create a conversation on a customer's timeline.",
        "POST /v1/customers/{customer}/conversations",
        NewConversation,
        Record,
        with_external_id,
        example={"customer": "{{customer.id}}", "name": "Order {{ticket.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_update",
        "Change a conversation.",
        "PATCH /v1/conversations/{id}",
        ConversationChange,
        Record,
        repeat="safe",
        example={"id": "{{ticket.id}}", "status": "done"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_lookup_by_id",
        "Find a conversation by id.",
        "GET /v1/conversations/{id}",
        ById,
        Found,
        missing=NO_CONVERSATION,
        example={"id": "{{ticket.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_lookup_by_external_id",
        "Find a conversation by the id of another system.",
        "GET /v1/conversations/externalId={externalId}",
        ByExternalId,
        Found,
        missing=NO_CONVERSATION,
        example={"externalId": "{{ticket.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_move_customer",
        "Move a conversation to another customer's timeline.",
        "PATCH /v1/conversations/{id}",
        NewCustomer,
        Record,
        repeat="safe",
        example={"id": "{{ticket.id}}", "customer": "{{variables.customer.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_assign_team",
        "Assign a conversation to a team, in place of the teams that it had.",
        "PATCH /v1/conversations/{id}",
        TeamOf,
        Record,
        repeat="safe",
        example={"id": "{{ticket.id}}", "team": "5f2a9c0e6b0d3a0012345678"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_assign_user",
        "Assign a conversation to a user, in place of the users that it had.",
        "PATCH /v1/conversations/{id}",
        UserOf,
        Record,
        repeat="safe",
        example={"id": "{{ticket.id}}", "user": "5f2a9c0e6b0d3a0087654321"},
    ),
)
