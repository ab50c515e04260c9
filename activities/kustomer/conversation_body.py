"""The action that reads what was written in a conversation."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from activities.action import Result, action
from activities.context import Context
from activities.rest.query import segment
from activities.vendors.kustomer.config import KustomerConfig
from activities.vendors.kustomer.connection import Kustomer
from activities.vendors.kustomer.inputs import AnyDirection
from activities.vendors.kustomer.records import attribute, instant, same
from activities.vendors.kustomer.service import Account

EARLIEST = datetime.min.replace(tzinfo=UTC)


class BodyOf(KustomerConfig):
    """Which messages of which conversation."""

    conversation: str = Field(min_length=1, description="Id of the conversation.")
    direction: AnyDirection = Field(
        default=None, description="`in` for what the customer wrote, `out` for the company; blank for all."
    )


class ConversationBody(Result):
    """What was written."""

    body: str = Field(description="The texts of all messages, the newest first, each on a line of its own.")


@action(
    "kustomer.conversation_lookup_body",
    repeat="safe",
    connections=(Kustomer,),
    example={"conversation": "{{ticket.id}}", "direction": "in"},
)
async def conversation_lookup_body(config: BodyOf, context: Context) -> ConversationBody:
    """Read what was written in a conversation, the newest message first.

    Kustomer keeps at most 10,240 characters of each message; of a longer email the rest is missing.
    """
    account = Account.of(context, config.connection).patient()
    messages = await account.all(f"/v1/conversations/{segment('conversation', config.conversation)}/messages")
    wanted = [one for one in messages if same(config.direction, attribute(one, "direction"))]
    wanted.sort(key=lambda one: instant(one) or EARLIEST, reverse=True)
    texts = (attribute(one, "preview") for one in wanted)
    return ConversationBody(body="\n".join(text for text in texts if isinstance(text, str) and text))
