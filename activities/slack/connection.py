"""Slack as a connection."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from activities.connections import Connection
from activities.context import Context


class Slack(Connection):
    """A Slack app installed in a workspace."""

    kind: ClassVar[str] = "slack"
    hosts: ClassVar[tuple[str, ...]] = ("slack.com",)

    token: str = Field(min_length=1, description="Bot token (xoxb-…) with the scope chat:write.")


def access(token: str | None, name: str | None, context: Context) -> tuple[str, str | None]:
    """Return the token to use, and the address if it is not Slack's own.

    A step with a token of its own needs no connection; the one that is meant, or the only one, gives the address.

    Args:
        token: the step's own token, if it has one.
        name: the connection that the step names, if it does.
        context: the attempt's surroundings.
    """
    known = context.connections
    fitting = [entry for entry in known.entries.values() if entry.get("kind") == Slack.kind]
    if token and name is None and context.action not in known.defaults and len(fitting) != 1:
        return token, None
    connection = context.connection(name, Slack)
    return token or connection.token, connection.base_url
