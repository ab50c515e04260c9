"""Which token a message to Slack is sent with."""

from __future__ import annotations

from activities.context import Context
from activities.vendors.accounts.slack import Slack


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
