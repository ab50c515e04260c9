"""The action that carries out an operation of a described service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, PrivateAttr

from activities.action import CONNECTION, Config, Raw, Static, action, names
from activities.connections import Connections
from activities.connectors.finding import expected, look_again
from activities.connectors.graphql import GraphQl
from activities.connectors.mcp import Mcp
from activities.connectors.openapi import OpenApi
from activities.context import Context
from activities.descriptions.store import Store, usual_store
from activities.errors import OperationChanged
from activities.exchange.answer import HttpAnswer
from activities.operations.connection import DescribedConnection, Directory, directory
from activities.operations.contract import DescribedOperation, ServiceAnswer
from activities.vendors.accounts.github import GitHub
from activities.vendors.accounts.jira import Jira
from activities.vendors.accounts.shopify import Shopify
from activities.vendors.accounts.slack import Slack
from activities.vendors.accounts.stripe import Stripe
from activities.vendors.accounts.twilio import TwilioAccount
from activities.vendors.accounts.zendesk import ZendeskAccount

KINDS: tuple[type[DescribedConnection], ...] = (
    *(OpenApi, GraphQl, Mcp),
    *(GitHub, Jira, Shopify, Slack, Stripe, TwilioAccount, ZendeskAccount),
)

NAME = "execute_connector_action"


class ConnectorAction(Config):
    """An operation of a service, and what it is given."""

    connection: Annotated[str | None, Static("dynamic-operation")] = Field(
        default=None, description="The connection whose operation it is; the only one, or the default, needs no naming."
    )
    action_id: Annotated[str, Static("dynamic-operation")] = Field(
        min_length=1,
        description="Id of the operation in the service's description, or an alias that the connection gives it; "
        "`trunkline connectors actions CONNECTION` lists them.",
    )
    params: dict[str, Any] = Field(
        default_factory=dict,
        description="What the operation takes, by name: parameters of path, query, header and cookie, and members of "
        "its body; `body` is the whole body, unless the body has a member of that name. Of GraphQL: arguments, or the "
        "members of the only one.",
    )


class ConnectorAnswer(HttpAnswer):
    """What the service answered."""

    body: Any = Field(
        default=None,
        description="Parsed where it is JSON, else its text; null where it is empty. Bytes that are no text are "
        '`{"base64": "…"}`.',
    )

    _identity: str | None = PrivateAttr(default=None)

    @classmethod
    def of(cls, answered: ServiceAnswer) -> ConnectorAnswer:
        """Return an answer as the step's result."""
        made = cls(status=answered.status, headers=dict(answered.headers), body=answered.body)
        made._identity = answered.identity
        return made

    def identity(self) -> str | None:
        """Return what tells it from any other answer, where a look-up finds it by what was sent."""
        return self._identity


def locate(config: Raw, connections: Connections, store: Store) -> DescribedOperation:
    """Return the operation that a config names; see `Locate`."""
    return _directory(config, connections, store).find(str(config.get("actionId", "")))


def asks(config: Raw, connections: Connections) -> bool:
    """Say whether people are asked about a step that does not say whether they are; see `Asks`."""
    return _directory(config, connections, usual_store()).asks


def _directory(config: Raw, connections: Connections, store: Store) -> Directory:
    name = next((config[key] for key in names(ConnectorAction, CONNECTION) if config.get(key)), None)
    return directory(connections, KINDS, store, action=NAME, name=name)


async def carried_out(config: ConnectorAction, context: Context, since: datetime) -> Sequence[ConnectorAnswer]:
    """Return what the service has of the step since then; only of operations that can be looked for."""
    connection = context.connection(config.connection, *KINDS)
    where = _directory(config.model_dump(by_alias=True), context.connections, context.descriptions)
    operation = await expected(where, config.action_id, context)
    if operation.look is None:
        return []
    return [ConnectorAnswer.of(one) for one in await operation.look(context, connection, config.params, since)]


@action(
    NAME,
    repeat=lambda _raw: "never",
    look=carried_out,
    connections=KINDS,
    operation=locate,
    asks=asks,
    example={
        "connectorId": "github",
        "actionId": "issues/create",
        "params": {"owner": "acme", "repo": "support", "title": "{{ticket.subject}}"},
    },
)
async def execute_connector_action(config: ConnectorAction, context: Context) -> ConnectorAnswer:
    """Carry out an operation of a connected service.

    Every operation that the service's description has can be used: GitHub, Stripe, Slack, Jira, Zendesk, Twilio and
    Shopify are known by their profiles, any other service by a connection of kind `openapi` or `graphql`, and a server
    of the Model Context Protocol by one of kind `mcp`, whose tools are its operations. Params are held to the
    description before anything is sent, by `trunkline validate` already. Whether an unknown outcome may be repeated
    follows from the operation's method and from what the service knows of idempotency keys, and is decided when a run
    is planned. A step that calls a tool waits for people unless it says `requireApproval: false`, or the connection
    `trustAnnotations`.
    """
    connection = context.connection(config.connection, *KINDS)
    where = _directory(config.model_dump(by_alias=True), context.connections, context.descriptions)
    operation = await expected(where, config.action_id, context)
    try:
        answered = await operation.call(context, connection, config.params)
    except OperationChanged:
        await look_again(where, context)
        raise
    return ConnectorAnswer.of(answered)
