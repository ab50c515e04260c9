"""The action that publishes an event."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.hooks import post
from activities.vendors.kustomer.records import INFERRED, Inferred
from activities.vendors.kustomer.service import Account


class Event(KustomerConfig):
    """An event of a conversation."""

    conversation: str = Field(min_length=1, description="Id of the conversation.")
    name: str | None = Field(default=None, min_length=1, description="Name of the event.")
    data: dict[str, Any] | None = Field(default=None, description="What belongs to it.")


class PublishAnswer(Result):
    """The hook took it."""

    confidence: Inferred = INFERRED


@action(
    "kustomer.publish_event",
    repeat="never",
    connections=(Kustomer,),
    example={"conversation": "{{ticket.id}}", "name": "refund.made", "data": {"amount": "{{variables.amount}}"}},
)
async def publish_event(config: Event, context: Context) -> PublishAnswer:
    """Publish an event about a conversation.

    Inferred: Kustomer publishes no operation for it. The event is posted to the inbound web hook `publish_event` of the
    connection, as `{conversation, name, data, deliveryId}`: workflows may begin with it, but it is not among the
    conversation's own events.
    """
    event = config.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"connection"})
    await post(Account.of(context, config.connection), "publish_event", event)
    return PublishAnswer()
