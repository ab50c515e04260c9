"""Conversations: made and changed."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.inputs import Custom, Direction, Queue, Tags, TextSentiment
from activities.vendors.kustomer.records import Data, KustomerRecord
from activities.vendors.kustomer.service import KUSTOMER, Account


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
    sentiment: TextSentiment | None = Field(default=None, description="How it feels, `{polarity, confidence}`.")
    locked: bool | None = Field(default=None, description="Whether nobody may add to it.")
    ended: bool | None = Field(default=None, description="Whether it has ended.")
    ended_at: str | None = Field(default=None, description="When it ended, as an ISO 8601 instant.")
    ended_reason: str | None = Field(default=None, description="Why it ended.")
    deleted: bool | None = Field(default=None, description="Whether it is deleted (softly).")
    rev: int | None = Field(default=None, description="Revision that is changed; another one is refused.")


async def with_external_id(account: Account, _config: object, external_id: str) -> Data | None:
    """Return the conversation with an external id."""
    return await account.find(f"/v1/conversations/externalId={segment('externalId', external_id)}")


CONVERSATIONS = (
    creation(
        "kustomer.conversation_create",
        "Create a conversation on a customer's timeline.",
        "POST /v1/customers/{customer}/conversations",
        NewConversation,
        KustomerRecord,
        with_external_id,
        example={"customer": "{{customer.id}}", "name": "Order {{ticket.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_update",
        "Change a conversation.",
        "PATCH /v1/conversations/{id}",
        ConversationChange,
        KustomerRecord,
        repeat="safe",
        writes=("conversation:id",),
        example={"id": "{{ticket.id}}", "status": "done"},
    ),
)
