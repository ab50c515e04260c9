"""Slack's Web API, as far as the gateway calls it: through the guarded client, once and in little time."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from activities.connections import Connection
from activities.errors import ActionError, Refused
from activities.http_client.client import Client
from activities.http_client.json_body import json_bytes
from activities.http_client.sandboxed import SandboxServer
from activities.vendors.accounts.slack import Slack, judged
from workers.process.connections_file import load_connections
from workers.settings import Settings, SettingsError

BASE_URL = "https://slack.com/api"
WITHIN = 10.0
"""Seconds that Slack has to answer."""

LARGEST_ANSWER = 1024 * 1024
JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


class SlackError(Exception):
    """Slack does not do what it is asked; the sentence says why."""


class SlackApi:
    """An app's access to its workspace.

    Args:
        account: the app's connection.
        http: the guarded client.
    """

    def __init__(self, account: Slack, http: Client) -> None:
        self.account = account
        self.http = http
        self._workspace: str | None = None

    async def call(self, method: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call a method that changes or shows something, its arguments as JSON.

        Raises:
            SlackError: Slack refuses, or does not answer.
        """
        return await self._answer(method, headers=JSON_HEADERS, content=json_bytes(arguments))

    async def read(self, method: str, **arguments: str) -> dict[str, Any]:
        """Call a method that reads, its arguments in the query.

        Raises:
            SlackError: Slack refuses, or does not answer.
        """
        return await self._answer(method, verb="GET", params=arguments)

    async def workspace(self) -> str:
        """Return the id of the app's workspace; that of the organization where the whole of it has the app.

        Raises:
            SlackError: Slack refuses, or does not answer.
        """
        if self._workspace is None:
            answer = await self.call("auth.test", {})
            name = answer.get("enterprise_id" if answer.get("is_enterprise_install") else "team_id")
            if not isinstance(name, str) or not name:
                raise SlackError("Slack does not say to which workspace the app belongs.")
            self._workspace = name
        return self._workspace

    async def respond(self, address: str, message: Mapping[str, Any]) -> None:
        """Send a message to the address that came with a click.

        Raises:
            SlackError: it is taken no more, or Slack does not answer.
        """
        try:
            answer = await self.http.request(
                "POST",
                address,
                headers=JSON_HEADERS,
                content=json_bytes(message),
                timeout=WITHIN,
                max_bytes=LARGEST_ANSWER,
            )
        except ActionError as error:
            raise SlackError(str(error)) from None
        if answer.status != HTTPStatus.OK:
            raise SlackError(f"Slack answered {answer.status}.")

    async def _answer(self, method: str, *, verb: str = "POST", **request: Any) -> dict[str, Any]:
        base = self.account.base_url or BASE_URL
        headers = {"Authorization": f"Bearer {self.account.token}", **request.pop("headers", {})}
        try:
            answer = await self.http.request(
                verb,
                f"{base.rstrip('/')}/{method}",
                headers=headers,
                timeout=WITHIN,
                max_bytes=LARGEST_ANSWER,
                **request,
            )
            if answer.status != HTTPStatus.OK:
                raise SlackError(f"Slack answered {answer.status}.")
            if (error := judged(answer)) is not None:
                raise error
        except ActionError as error:
            raise SlackError(str(error)) from None
        return dict(answer.members())


def account_of(name: str, settings: Settings) -> Slack:
    """Return the connection of the app whose buttons are taken.

    Raises:
        SettingsError: the connections file has none of that name that can be used, or it is of another kind.
    """
    connections = load_connections(settings.connections, (Slack,))
    kind = connections.entries.get(name, {}).get("kind", Slack.kind)
    if kind != Slack.kind:
        raise SettingsError(f"`slack.connection`: {name!r} is of kind {kind}; it must be of kind {Slack.kind}.")
    try:
        made: Connection = connections.pick((Slack,), action="The gateway's `slack`", name=name)
    except Refused as refused:
        raise SettingsError(f"`slack.connection`: {refused}") from None
    assert isinstance(made, Slack)  # noqa: S101 # what was picked is of the kind that was asked for
    return made


def first_account(settings: Settings) -> str | None:
    """Return the name of the first connection of an app, if there is one."""
    entries = load_connections(settings.connections, (Slack,)).entries
    return next((name for name, entry in entries.items() if entry.get("kind") == Slack.kind), None)


def guarded(settings: Settings) -> Client:
    """Return a client that reaches what workers of these settings reach."""
    sandbox = SandboxServer.of(settings.sandbox, settings.live) if settings.sandbox else None
    return Client(allow=settings.allow, sandbox=sandbox)
