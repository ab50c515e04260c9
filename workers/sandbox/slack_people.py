"""People of the sandbox's workspace: whoever is named is there, as a member or as somebody who should not decide."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Literal, get_args

TEAM = "T0SANDBOX"
Standing = Literal[
    "member", "guest", "single_channel_guest", "bot", "deactivated", "stranger", "elsewhere", "unconfirmed", "nameless"
]
STANDINGS: tuple[Standing, ...] = get_args(Standing)

FLAGS: dict[str, dict[str, Any]] = {
    "guest": {"is_restricted": True},
    "single_channel_guest": {"is_restricted": True, "is_ultra_restricted": True},
    "bot": {"is_bot": True},
    "deactivated": {"deleted": True},
    "stranger": {"is_stranger": True, "team_id": "T0OTHER"},
    "elsewhere": {"team_id": "T0OTHER"},
    "unconfirmed": {"is_email_confirmed": False},
    "nameless": {"profile": {}},
}
"""What `users.info` says of each besides; members are as Slack shows them usually."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack.

    Attributes:
        email: their address.
        standing: what they are to the workspace.
    """

    email: str
    standing: Standing = "member"

    @property
    def id(self) -> str:
        """Slack's id of them: the same each time."""
        return f"U{hashlib.sha256(f'{self.standing}:{self.email}'.encode()).hexdigest()[:10].upper()}"

    @property
    def team(self) -> str:
        """Id of their workspace."""
        return str(FLAGS.get(self.standing, {}).get("team_id", TEAM))

    def shown(self) -> dict[str, Any]:
        """Return what `users.info` says."""
        usual = {
            "id": self.id,
            "team_id": TEAM,
            "name": self.email.partition("@")[0],
            "deleted": False,
            "is_bot": False,
            "is_restricted": False,
            "is_ultra_restricted": False,
            "is_email_confirmed": True,
            "profile": {"email": self.email},
        }
        return {**usual, **FLAGS.get(self.standing, {})}
