"""The action that runs an action of a bridge, as Talkdesk does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from activities.action import Config, Result, Static, WithoutConnection, action
from activities.context import Context
from activities.errors import OutcomeUnknown
from activities.exchange.request import Address
from activities.talkdesk.connection import TalkdeskBridge, service_of


class BridgeAction(Config):
    """An action of a bridge."""

    url: Annotated[Address | None, WithoutConnection()] = Field(
        default=None,
        description="Address of the action, instead of the connection's own. Where no `connection` is named beside it, "
        "nothing is sent in `auth`.",
    )
    data: dict[str, Any] = Field(default_factory=dict, description="Fields of the action.")
    contact_external_id: str | None = Field(
        default=None, description="Id of the contact in the service behind the bridge."
    )
    agent_external_id: str | None = Field(default=None, description="Id of the agent in the service behind the bridge.")
    connection: Annotated[str | None, Static()] = Field(
        default=None, description="Connection of kind `talkdesk_bridge`; the only one, or the default, needs no naming."
    )

    def meta(self) -> dict[str, str]:
        """Return what the bridge is told besides."""
        known = {"contact_external_id": self.contact_external_id, "agent_external_id": self.agent_external_id}
        return {name: value for name, value in known.items() if value}


class BridgeAnswer(Result):
    """What the bridge answered; what it leaves out is null."""

    message: str | None = Field(description="What became of it, in words.")
    external_id: str | None = Field(description="Id of what was made.")
    contact_external_id: str | None = Field(description="Id of the contact that was made.")
    contact_external_type: str | None = Field(description="Type of that contact, such as `lead`.")
    contact_external_url: str | None = Field(description="Address of that contact.")


@action(
    "execute_bridge_action",
    repeat="never",
    connections=(TalkdeskBridge,),
    example={
        "data": {"subject": "Call missed", "description": "A call from {{contact.name}} was missed."},
        "contactExternalId": "{{contact.id}}",
    },
)
async def execute_bridge_action(config: BridgeAction, context: Context) -> BridgeAnswer:
    """Run an action of a Talkdesk bridge, as Talkdesk does.

    Bridges tell no repetition from a new request, so it is run at most once. Any 2xx means that it is done, whatever
    the body; a 400 that it is not, with its reason.
    """
    bridge = _bridge(config, context)
    body = {"auth": bridge.auth, "data": config.data, "meta": config.meta()}
    answer = await service_of(bridge).call(context, bridge, "POST", "", json=body)
    try:
        fields = answer.json()
    except OutcomeUnknown:  # the status has said that it is done
        fields = None
    return _result(fields if isinstance(fields, Mapping) else {})


def _bridge(config: BridgeAction, context: Context) -> TalkdeskBridge:
    if config.url is None:
        return context.connection(config.connection, TalkdeskBridge)
    if config.connection is None:
        return TalkdeskBridge(url=config.url)
    return context.connection(config.connection, TalkdeskBridge).model_copy(update={"base_url": config.url})


def _result(fields: Mapping[str, Any]) -> BridgeAnswer:
    def text(name: str) -> str | None:
        value = fields.get(name)
        return None if value in (None, "") or isinstance(value, (dict, list)) else str(value)

    return BridgeAnswer(
        message=text("message"),
        external_id=text("external_id"),
        contact_external_id=text("contact_external_id"),
        contact_external_type=text("contact_external_type"),
        contact_external_url=text("contact_external_url"),
    )
