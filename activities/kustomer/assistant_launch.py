"""The action that launches an assistant."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.errors import Refused
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.hooks import post
from activities.vendors.kustomer.records import INFERRED, Inferred, attribute, related, same
from activities.vendors.kustomer.service import Account

OPERATION = "assistant_launch"


class Launch(KustomerConfig):
    """Which assistant is launched where."""

    public_id: str = Field(min_length=1, description="Public id of the assistant.")
    message_id: str = Field(min_length=1, description="Id of the first inbound message of the conversation.")
    conversation_id: str = Field(min_length=1, description="Id of the conversation.")
    tracking_id: str | None = Field(default=None, min_length=1, description="Id under which a visitor is tracked.")
    brand_id: str | None = Field(default=None, min_length=1, description="Id of the brand.")
    lang: str | None = Field(default=None, min_length=1, description="Language, such as `en_us`.")


class LaunchAnswer(Result):
    """How the assistant was launched."""

    way: Literal["hook", "session"] = Field(
        description="`hook`: in the conversation, by a workflow of Kustomer's; `session`: in a new chat session."
    )
    session: str | None = Field(default=None, description="Id of the new chat session; null after a hook.")
    confidence: Inferred = INFERRED


@action(
    "kustomer.assistant_launch",
    repeat="never",
    connections=(Kustomer,),
    requests=3,
    example={
        "publicId": "5f2a9c0e6b0d3a0011112222",
        "messageId": "{{message.id}}",
        "conversationId": "{{ticket.id}}",
    },
)
async def assistant_launch(config: Launch, context: Context) -> LaunchAnswer:
    """Launch an assistant for the customer of a chat conversation.

    Inferred: Kustomer publishes no operation for it. Where the connection has a hook `assistant_launch`, the ids are
    posted there, and a workflow of Kustomer's launches it in the conversation itself. Without the hook a new chat
    session is begun with the assistant for the conversation's customer, which is all that the API offers.
    """
    account = Account.of(context, config.connection)
    given = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"connection"})
    if OPERATION in account.connection.hooks:
        await post(account, OPERATION, given)
        return LaunchAnswer(way="hook")
    customer = await _customer(account, config)
    more: dict[str, Any] = {name: given[name] for name in ("trackingId", "brandId", "lang") if name in given}
    session = await account.send(
        "POST", "/v2.1/chat/sessions", json={"customerId": customer, "assistant": config.public_id, **more}
    )
    return LaunchAnswer(way="session", session=session["id"])


async def _customer(account: Account, config: Launch) -> str:
    """Return the customer of the conversation.

    Raises:
        Refused: the message is not one that the customer wrote there.
    """
    message = await account.get(f"/v1/messages/{segment('messageId', config.message_id)}")
    inbound = same(attribute(message, "direction"), "in")
    if not inbound or not same(related(message, "conversation"), config.conversation_id):
        raise Refused("`messageId` is no inbound message of the conversation that `conversationId` names.")
    conversation = await account.get(f"/v1/conversations/{segment('conversationId', config.conversation_id)}")
    customer = related(conversation, "customer")
    if customer is None:
        raise Refused("The conversation has no customer for whom an assistant could be launched.")
    return customer
