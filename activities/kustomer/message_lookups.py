"""How messages are found."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from activities.action import action
from activities.context import Context
from activities.rest.endpoint import endpoint
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.lists import MOST, listing
from activities.vendors.kustomer.records import Data, FoundRecord, found
from activities.vendors.kustomer.service import KUSTOMER, Account

NO_MESSAGE = FoundRecord(found=False)


class MessagesOf(KustomerConfig):
    """Whose messages are read."""

    conversation: str = Field(min_length=1, description="Id of the conversation.")
    page: int | None = Field(default=None, ge=1, description="Page to begin with; by default the first.")
    page_size: int = Field(default=MOST, ge=1, le=MOST, description="Entries of a page; all pages are read.")
    include: Literal["attachments"] | None = Field(default=None, description="`attachments`: with each one's file.")


class MessageById(KustomerConfig):
    """Which message is looked for."""

    id: str = Field(min_length=1, description="Id of the message.")


class MessageByExternalId(KustomerConfig):
    """Which message is looked for."""

    identifier: str = Field(min_length=1, description="Id that another system gave the message.")


async def with_external_id(account: Account, _config: object, external_id: str) -> Data | None:
    """Return the message with an external id; Kustomer's reference spells the path in a way of its own."""
    value = segment("externalId", external_id)
    return await account.find(f"/v1/messages/externalId={value}") or await account.find(
        f"/v1/messages/externalid={value}"
    )


@action(
    "kustomer.message_lookup_by_external_id",
    repeat="safe",
    connections=(Kustomer,),
    requests=2,
    example={"identifier": "{{message.id}}"},
)
async def message_lookup_by_external_id(config: MessageByExternalId, context: Context) -> FoundRecord:
    """Find a message by the id of another system."""
    data = await with_external_id(Account.of(context, config.connection), config, config.identifier)
    return NO_MESSAGE if data is None else FoundRecord.model_validate(found(data))


MESSAGE_LOOKUPS = (
    endpoint(
        KUSTOMER,
        "kustomer.message_lookup_by_id",
        "Find a message by id.",
        "GET /v1/messages/{id}",
        MessageById,
        FoundRecord,
        missing=NO_MESSAGE,
        example={"id": "{{message.id}}"},
    ),
    listing(
        "kustomer.message_find_by_conversation",
        "Read all messages of a conversation.",
        "GET /v1/conversations/{conversation}/messages",
        MessagesOf,
        example={"conversation": "{{ticket.id}}"},
    ),
    message_lookup_by_external_id,
)
