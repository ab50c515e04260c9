"""The action that has Kustomer automate a conversation."""

from __future__ import annotations

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.vendors.kustomer.config import KustomerConfig, spelled
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.hooks import post
from activities.vendors.kustomer.records import INFERRED, Inferred
from activities.vendors.kustomer.service import Account


class AutomatedConversation(KustomerConfig):
    """Which conversation is automated."""

    conversation_id: str = Field(
        min_length=1,
        validation_alias=spelled("conversationId", "ConversationId", "ConversationID"),
        description="Id of the conversation.",
    )


class AutomateHook(Result):
    """The hook took it; what the workflow does comes later."""

    confidence: Inferred = INFERRED


@action(
    "kustomer.conversation_automate",
    repeat="never",
    connections=(Kustomer,),
    example={"conversationId": "{{ticket.id}}"},
)
async def conversation_automate(config: AutomatedConversation, context: Context) -> AutomateHook:
    """Have Kustomer automate a conversation.

    Inferred: Kustomer publishes no operation for it. The conversation's id is posted to the inbound web hook
    `conversation_automate` of the connection, as `{conversationId, deliveryId}`; a workflow of Kustomer's does it.
    """
    account = Account.of(context, config.connection)
    await post(account, "conversation_automate", {"conversationId": config.conversation_id})
    return AutomateHook()
