"""What the sandbox's Slack keeps beside messages: who was seen, what was told in private, forms, and their tickets."""

from __future__ import annotations

import secrets
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.slack_people import Person

MOST_KEPT = 1_000
TRIGGER_LASTS = 3.0
RESPONSES_LAST = 1_800.0
MOST_RESPONSES = 5
LONGEST_TITLE = 24
LONGEST_METADATA = 3_000


@dataclass(slots=True)
class ClickTicket:
    """What a click lets the app do: open a form, and answer in private.

    Attributes:
        person: who has clicked.
        channel: where.
        made: when, by the machine's steady clock.
        answers: how often the app has answered.
        opened: whether a form was opened.
    """

    person: Person
    channel: str
    made: float = field(default_factory=time.monotonic)
    answers: int = 0
    opened: bool = False


class SlackScreens:
    """People, private messages and forms."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.private: deque[dict[str, Any]] = deque(maxlen=MOST_KEPT)
        self.views: dict[str, dict[str, Any]] = {}
        self.tickets: dict[str, ClickTicket] = {}

    def clear(self) -> None:
        """Forget everything."""
        self.people.clear()
        self.private.clear()
        self.views.clear()
        self.tickets.clear()

    def ticket(self, person: Person, channel: str) -> str:
        """Return the name of what a click lets the app do."""
        self.people[person.id] = person
        name = secrets.token_hex(8)
        self.tickets[name] = ClickTicket(person, channel)
        return name

    def user(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer `users.info`."""
        person = self.people.get(str(arguments.get("user")))
        return {"error": "user_not_found"} if person is None else {"user": person.shown()}

    def tell(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer `chat.postEphemeral`."""
        if not arguments.get("text"):
            return {"error": "no_text"}
        if str(arguments.get("user")) not in self.people:
            return {"error": "user_not_in_channel"}
        self._keep(str(arguments["user"]), str(arguments.get("channel")), arguments)
        return {"message_ts": f"{time.time():.6f}"}

    def open(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Answer `views.open`."""
        ticket, view = self.tickets.get(str(arguments.get("trigger_id"))), arguments.get("view")
        if ticket is None:
            return {"error": "invalid_trigger_id"}
        if ticket.opened:
            return {"error": "exchanged_trigger_id"}
        if time.monotonic() - ticket.made > TRIGGER_LASTS:
            return {"error": "expired_trigger_id"}
        if not isinstance(view, dict) or not _is_view(view):
            return {"error": "invalid_arguments"}
        ticket.opened = True
        name = f"V{secrets.token_hex(5).upper()}"
        self.views[name] = {**view, "id": name, "team_id": ticket.person.team, "opened_for": ticket.person.id}
        return {"view": {**view, "id": name}}

    def respond(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer a message to the address that came with a click."""
        ticket = self.tickets.get(request.path.rpartition("/")[2])
        body = request.json
        if ticket is None or ticket.answers >= MOST_RESPONSES or time.monotonic() - ticket.made > RESPONSES_LAST:
            return VendorAnswer(404, "expired_url")
        if not isinstance(body, dict) or not body.get("text"):
            return VendorAnswer(500, "no_text")
        ticket.answers += 1
        self._keep(ticket.person.id, ticket.channel, body)
        return VendorAnswer(200, "ok", {"Content-Type": "text/plain"}, accepted=True)

    def _keep(self, user: str, channel: str, message: dict[str, Any]) -> None:
        person = self.people[user]
        self.private.append({"person": person.email, "user": user, "channel": channel, "text": str(message["text"])})


def _is_view(view: dict[str, Any]) -> bool:
    if view.get("type") != "modal" or not view.get("blocks"):
        return False
    title = (view.get("title") or {}).get("text", "")
    return 0 < len(title) <= LONGEST_TITLE and len(view.get("private_metadata", "")) <= LONGEST_METADATA
