"""The action that sends a message in a chat."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig, spelled
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.records import Data, attribute, same, since
from activities.vendors.kustomer.service import Account

TEXTS = ("body", "preview")
"""Attributes that may hold a chat message's text."""


class ChatMessage(KustomerConfig):
    """A message in a chat."""

    customer: str = Field(min_length=1, description="Id of the customer.")
    body: str = Field(min_length=1, description="What it says.")
    conversation: str = Field(min_length=1, description="Id of the conversation, which is also the chat session's.")
    sender: str | None = Field(
        default=None,
        min_length=1,
        alias="from",
        validation_alias=spelled("from", "From"),
        description="Id of the user who sends it; by default the one of the connection's key.",
    )
    attachments: list[Any] | None = Field(default=None, description="Attachments that Kustomer has.")
    tracking_id: str | None = Field(default=None, min_length=1, description="Id under which a visitor is tracked.")
    auto: bool = Field(default=True, description="Whether no person wrote it; it then counts in no one's statistics.")


class ChatReceipt(Result):
    """What became of the message."""

    id: str = Field(description="Its id.")
    body: str = Field(description="What it says.")
    conversation: str = Field(description="Id of the conversation.")
    status: str = Field(description="Its status; `sent` where Kustomer says none.")
    created_at: str | None = Field(description="When it was made.")
    send_at: str | None = Field(description="When it was sent; where Kustomer does not say, when it was made.")
    modified_at: str | None = Field(description="When somebody last changed it; likewise.")
    updated_at: str | None = Field(description="When it was last changed; likewise.")

    def identity(self) -> str:
        """Return its id: a look-up finds messages by their text, and two steps may send the same one."""
        return self.id


async def sent_in_chat(config: ChatMessage, context: Context, begin: datetime) -> Sequence[ChatReceipt]:
    """Return the messages of the session like this one since an instant."""
    account = Account.of(context, config.connection)
    messages = await account.all(f"/v2.1/chat/sessions/{segment('conversation', config.conversation)}/messages")
    return [
        _receipt(one, config)
        for one in messages
        if since(one, begin)
        and same(attribute(one, "direction"), "out")
        and config.body in [attribute(one, name) for name in TEXTS]
    ]


@action(
    "kustomer_chat.message_send",
    repeat="never",
    look=sent_in_chat,
    connections=(Kustomer,),
    requests=2,
    example={"customer": "{{customer.id}}", "conversation": "{{ticket.id}}", "body": "Hi {{customer.name}}!"},
)
async def chat_message_send(config: ChatMessage, context: Context) -> ChatReceipt:
    """Send a message to a customer in a chat.

    It is sent at most once: where Kustomer's answer got lost, the messages of the session are read instead.
    """
    account = Account.of(context, config.connection)
    sender = config.sender or (await account.get("/v1/users/current"))["id"]
    more = {"attachments": config.attachments, "trackingId": config.tracking_id}
    body = {
        "customerId": config.customer,
        "from": sender,
        "session": config.conversation,
        "body": config.body,
        "auto": config.auto,
        **{name: value for name, value in more.items() if value is not None},
    }
    return _receipt(await account.send("POST", "/v2.1/chat/outbound/messages", json=body), config)


def _receipt(data: Data, config: ChatMessage) -> ChatReceipt:
    made = attribute(data, "createdAt")
    times = {name: attribute(data, name) or made for name in ("modifiedAt", "updatedAt")}
    return ChatReceipt.model_validate(
        {
            "id": data["id"],
            "body": config.body,
            "conversation": config.conversation,
            "status": attribute(data, "status") or "sent",
            "createdAt": made,
            "sendAt": attribute(data, "sentAt") or made,
            **times,
        }
    )
