"""`slack` of `gateway.yaml`: the app whose buttons are taken."""

from __future__ import annotations

from workers.gateway.parts import GatewayPart, Secrets, Text


class SlackEntry(GatewayPart):
    """`POST /slack/interactions`.

    Attributes:
        connection: the connection of the app, in the connections file.
        signing_secret: the app's signing secret.
    """

    connection: Text
    signing_secret: Secrets
