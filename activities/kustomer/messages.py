"""Messages: recorded and changed. Neither operation sends anything to a customer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from activities.kustomer.message_lookups import with_external_id
from activities.rest.endpoint import endpoint
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.creation import creation
from activities.vendors.kustomer.inputs import Custom, Direction, Queue, TextSentiment
from activities.vendors.kustomer.records import KustomerRecord
from activities.vendors.kustomer.service import KUSTOMER

LONGEST_PREVIEW = 10_240

Status = Literal["sent", "received", "error"]


class MessageFields(KustomerConfig):
    """What a message may be given when it is recorded and later."""

    conversation: str | None = Field(default=None, min_length=1, description="Id of the conversation that it is in.")
    external_id: str | None = Field(default=None, min_length=1, description="Id that another system gives it.")
    preview: str | None = Field(default=None, max_length=LONGEST_PREVIEW, description="Its text.")
    subject: str | None = Field(default=None, description="Its subject.")
    status: Status | None = Field(default=None, description="`sent`, `received` or `error`.")
    sent_at: str | None = Field(default=None, description="When it was sent, as an ISO 8601 instant.")
    related: str | None = Field(default=None, description="Id of a message that it belongs to.")
    attachments: list[Any] | None = Field(default=None, description="Attachments that Kustomer has.")
    meta: dict[str, Any] | None = Field(
        default=None, description="What its channel says of it, such as `from` and `to`."
    )
    custom: Custom | None = Field(
        default=None, description="Custom attributes; names end in their type, as `orderIdStr` does."
    )
    sentiment: TextSentiment | None = Field(default=None, description="How it feels, `{polarity, confidence}`.")
    lang: str | None = Field(default=None, description="Its language, such as `en_us`.")
    created_at: str | None = Field(default=None, description="When it was made; only for keys with `org.admin`.")
    created_by: str | None = Field(default=None, description="Id of who made it; only for keys with `org.admin`.")
    modified_at: str | None = Field(default=None, description="When it was changed; only for keys with `org.admin`.")
    modified_by: str | None = Field(default=None, description="Id of who changed it; only for keys with `org.admin`.")


class NewMessage(MessageFields):
    """A message on a customer's timeline."""

    customer: str = Field(min_length=1, description="Id of the customer.")
    app: str = Field(min_length=1, description="App that it came through, such as `postmark`, `gmail` or `form`.")
    size: int = Field(ge=0, description="Its size; 0 does.")
    channel: str = Field(
        min_length=1, description="Its channel, such as `email`, `sms`, `chat`, `voice` or `whatsapp`."
    )
    id: str | None = Field(default=None, min_length=1, description="Id that it shall have; by default one is made.")
    direction: Direction | None = Field(default=None, description="`in` from the customer, `out` to the customer.")
    auto: bool | None = Field(default=None, description="Whether no person wrote it.")
    reference: dict[str, Any] | None = Field(
        default=None, description="The message that it answers, `{message, type}`; `reply`, `replyAll` or `forward`."
    )
    source: Literal["bulk", "satisfaction"] | None = Field(default=None, description="`bulk` or `satisfaction`.")
    shortcuts: list[Any] | None = Field(default=None, description="Shortcuts that were used in it.")
    kb_articles: list[Any] | None = Field(default=None, description="Articles that are linked in it.")
    location: dict[str, Any] | None = Field(default=None, description="Where it was written.")
    queue: Queue | None = Field(default=None, description="The queue that it is routed to, `{id}` or `{external}`.")
    imported_at: str | None = Field(
        default=None, description="When it was imported, as an ISO 8601 instant; lifts a limit of the vendor's."
    )


class MessageChange(MessageFields):
    """What is changed; the rest of the message stays."""

    id: str = Field(min_length=1, description="Id of the message.")
    size: int | None = Field(default=None, ge=0, description="Its size.")
    error: dict[str, Any] | None = Field(default=None, description="Why it could not be sent.")
    error_at: str | None = Field(default=None, description="When that was found out, as an ISO 8601 instant.")


MESSAGES = (
    creation(
        "kustomer.message_create",
        "Record a message on a customer's timeline.",
        "POST /v1/customers/{customer}/messages",
        NewMessage,
        KustomerRecord,
        with_external_id,
        description="Record a message on a customer's timeline.\n\nNothing is sent to the customer. Without "
        "`conversation` Kustomer begins a new one.",
        example={
            "customer": "{{customer.id}}",
            "app": "form",
            "size": 0,
            "channel": "email",
            "preview": "{{message.body}}",
        },
    ),
    endpoint(
        KUSTOMER,
        "kustomer.message_update",
        "Change a message.",
        "PATCH /v1/messages/{id}",
        MessageChange,
        KustomerRecord,
        repeat="safe",
        writes=("message:id",),
        example={"id": "{{message.id}}", "lang": "de"},
    ),
)
