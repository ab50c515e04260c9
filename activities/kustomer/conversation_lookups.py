"""How conversations are found."""

from __future__ import annotations

from pydantic import Field

from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.records import FoundRecord
from activities.vendors.kustomer.service import KUSTOMER

NO_CONVERSATION = FoundRecord(found=False)


class ConversationByExternalId(KustomerConfig):
    """Which conversation is looked for."""

    external_id: str = Field(min_length=1, description="Id that another system gave the conversation.")


class ConversationById(KustomerConfig):
    """Which conversation is looked for."""

    id: str = Field(min_length=1, description="Id of the conversation.")


CONVERSATION_LOOKUPS = (
    endpoint(
        KUSTOMER,
        "kustomer.conversation_lookup_by_id",
        "Find a conversation by id.",
        "GET /v1/conversations/{id}",
        ConversationById,
        FoundRecord,
        missing=NO_CONVERSATION,
        example={"id": "{{ticket.id}}"},
    ),
    endpoint(
        KUSTOMER,
        "kustomer.conversation_lookup_by_external_id",
        "Find a conversation by the id of another system.",
        "GET /v1/conversations/externalId={externalId}",
        ConversationByExternalId,
        FoundRecord,
        missing=NO_CONVERSATION,
        example={"externalId": "{{ticket.id}}"},
    ),
)
