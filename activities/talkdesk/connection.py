"""The connection of kind `talkdesk_bridge`, and bridges as a service.

Source: https://docs.talkdesk.com/docs/implementing-an-action-executor.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

from activities.connections import Connection
from activities.rest.service import Service
from activities.rest.sign_in import client_credentials


class BridgeOAuth(BaseModel):
    """Where the token of a bridge comes from: OAuth 2 client credentials."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, alias_generator=to_camel, defer_build=True
    )

    token_url: str = Field(min_length=1, description="Where tokens are asked for.")
    client_id: str = Field(min_length=1, description="Id of the client.")
    client_secret: str = Field(min_length=1, description="Secret of the client.")
    scope: str | None = Field(default=None, description="What is asked for, separated by spaces.")


class TalkdeskBridge(Connection):
    """One action of a bridge."""

    kind: ClassVar[str] = "talkdesk_bridge"

    url: str | None = Field(default=None, min_length=1, description="Address of the action; or `baseUrl`.")
    auth: dict[str, str | int | bool] = Field(
        default_factory=dict, description="What the bridge finds in `auth`: credentials by the names that it asks for."
    )
    oauth: BridgeOAuth | None = Field(
        default=None,
        description="`{tokenUrl, clientId, clientSecret, scope}` of a bridge that wants a token of OAuth 2 "
        "(client credentials) in `Authorization`.",
    )

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if self.url is None and self.base_url is None:
            raise ValueError("`url` must be the address of the bridge's action")
        return self

    @property
    def address(self) -> str:
        """Where the action is."""
        return self.base_url or self.url or ""

    def addresses(self) -> Iterable[str]:
        """Return the action's address, and where tokens are asked for."""
        return [self.address, *([self.oauth.token_url] if self.oauth else [])]

    def credentials(self) -> Iterable[str]:
        """Return the values of `auth` that are texts, and the client's secret."""
        texts = [value for value in self.auth.values() if isinstance(value, str)]
        return [*texts, *([self.oauth.client_secret] if self.oauth else [])]


def _oauth(bridge: TalkdeskBridge) -> BridgeOAuth:
    assert bridge.oauth is not None  # noqa: S101 # `service_of` chooses
    return bridge.oauth


BRIDGE = Service(
    name="The bridge",
    connection=TalkdeskBridge,
    address=lambda bridge: bridge.address,
    sign_in=lambda _: {},
    reason=lambda body: body["message"],
)
OAUTH_BRIDGE = Service(
    name="The bridge",
    connection=TalkdeskBridge,
    address=lambda bridge: bridge.address,
    sign_in=client_credentials(
        lambda bridge: _oauth(bridge).token_url,
        lambda bridge: (_oauth(bridge).client_id, _oauth(bridge).client_secret),
        scope=lambda bridge: _oauth(bridge).scope,
    ),
    reason=lambda body: body["message"],
)


def service_of(bridge: TalkdeskBridge) -> Service[TalkdeskBridge]:
    """Return how a bridge is signed in to: a 401 is repeated once with another token where it wants one."""
    return BRIDGE if bridge.oauth is None else OAUTH_BRIDGE
