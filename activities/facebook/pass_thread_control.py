"""The action that hands a conversation of Messenger to another app."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, Field

from activities.action import Config, Result, Static, action
from activities.context import Context
from activities.errors import Refused
from activities.facebook.connection import FACEBOOK, Facebook
from activities.rest.query import segment


class ThreadControl(Config):
    """Which app gets which conversation."""

    target_app_id: str = Field(
        min_length=1,
        validation_alias=AliasChoices("targetAppId", "TargetAppId"),
        description="Id of the app that gets control; 263902037430900 is the page's inbox.",
    )
    recipient_id: str = Field(
        min_length=1,
        validation_alias=AliasChoices("recipientId", "RecipientId", "recepientId", "RecepientId"),
        description="Page-scoped id (PSID) of the customer.",
    )
    page_id: str = Field(
        min_length=1, validation_alias=AliasChoices("pageId", "PageId"), description="Id of the Facebook page."
    )
    metadata: str | None = Field(
        default=None,
        max_length=1000,
        validation_alias=AliasChoices("metadata", "Metadata"),
        description="What the other app is told.",
    )
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `facebook`; the only one, or the default, needs no naming."
    )


class ThreadHandover(Result):
    """Control was passed."""

    success: bool = Field(description="True: Facebook passed it.")


@action(
    "facebook.pass_thread_control",
    repeat="never",
    connections=(Facebook,),
    example={
        "targetAppId": "263902037430900",
        "recipientId": "{{customer.externalId}}",
        "pageId": "102030405060708",
    },
)
async def pass_thread_control(config: ThreadControl, context: Context) -> ThreadHandover:
    """Pass control of a Messenger conversation to another app.

    Only the app that has control can pass it, so it is passed at most once.
    """
    connection = context.connection(config.connection, Facebook)
    body = {"recipient": {"id": config.recipient_id}, "target_app_id": config.target_app_id}
    path = f"/{connection.version}/{segment('pageId', config.page_id)}/pass_thread_control"
    more = {} if config.metadata is None else {"metadata": config.metadata}
    answer = await FACEBOOK.call(context, connection, "POST", path, json={**body, **more})
    success = FACEBOOK.object_of(answer, lambda body: body["success"])
    if not isinstance(success, bool):
        raise FACEBOOK.unreadable(answer)
    if not success:
        raise Refused("Facebook answered that control was not passed.", status=answer.status)
    return ThreadHandover(success=True)
