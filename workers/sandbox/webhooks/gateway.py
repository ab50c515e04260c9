"""The gateway that web hooks are sent to, as the sandbox knows it: where it is, and whom each door believes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workers.sandbox.webhooks.signing import Proof

INTERACTIONS = "slack/interactions"
"""The door that takes buttons of Slack."""


@dataclass(frozen=True, slots=True)
class Hook:
    """A door of the gateway.

    Attributes:
        path: where it is, as `/hooks/zendesk`.
        proof: what it believes.
        auth: what the body's `auth` must hold (Talkdesk).
    """

    path: str
    proof: Proof
    auth: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GatewayDoors:
    """A gateway on this machine.

    Attributes:
        url: where it is, without a slash at the end.
        base_url: its public address, which some senders sign.
        hooks: its doors by the names of its file; `events`, `slack/interactions` and, for Talkdesk,
            `talkdesk/<automation>` are among them.
    """

    url: str
    base_url: str
    hooks: Mapping[str, Hook]

    def hook(self, sender: str, way: str, name: str | None) -> Hook | None:
        """Return the door for a sender: the one that is named, else its own, else the only one that believes it.

        Args:
            sender: the sender's name.
            way: how it usually shows who it is.
            name: the door's name, where somebody has said it.
        """
        if sender == "talkdesk":
            return self._of_talkdesk(name)
        if sender == "cloudevents":
            return self.hooks.get("events")
        if name is not None:
            return self.hooks.get(name)
        if sender in self.hooks:
            return self.hooks[sender]
        alike = [one for one in self.hooks.values() if one.path.startswith("/hooks/") and one.proof.way == way]
        return alike[0] if len(alike) == 1 else None

    def _of_talkdesk(self, name: str | None) -> Hook | None:
        found = {one: hook for one, hook in self.hooks.items() if one.startswith("talkdesk/")}
        if name is not None:
            return found.get(f"talkdesk/{name}")
        return next(iter(found.values())) if len(found) == 1 else None
