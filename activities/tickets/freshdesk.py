"""Freshdesk."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from activities.attachments import FetchedFile
from activities.errors import OutcomeUnknown, Refused
from activities.rest.paging import Paging
from activities.rest.paging import listed as all_pages
from activities.rest.service import Service
from activities.tickets.connection import Assignee
from activities.tickets.helpdesk import Helpdesk, HelpdeskMessage, PostedMessage, after, error_inside, listed
from activities.tickets.helpdesks import Freshdesk
from activities.tickets.ticket import TicketState

STATUSES = {"open": 2, "pending": 3, "solved": 4, "closed": 5}
PRIORITIES = {"low": 1, "medium": 2, "high": 3, "urgent": 4}
STATUS_WORDS = {number: word for word, number in STATUSES.items()}
PRIORITY_WORDS = {number: word for word, number in PRIORITIES.items()}
MARK = re.compile(r"""class=["'][^"']*\btrunkline-([0-9A-Za-z-]+)""")
"""The class of a message's outermost element, which holds the step's key and which nobody sees."""

PAGES = Paging(items=list, page=("page", 1), size=("per_page", 100))


class FreshdeskHelpdesk(Helpdesk[Freshdesk]):
    """A Freshdesk account as one attempt uses it."""

    service: ClassVar[Service[Freshdesk]] = Service(
        name="Freshdesk",
        connection=Freshdesk,
        address=lambda account: account.root,
        sign_in=lambda account: account.signed_in(),
        judge=error_inside("Freshdesk"),
    )

    async def ticket(self, ticket_id: str) -> TicketState:
        """Read a ticket."""
        return await self.read(f"/api/v2/tickets/{ticket_id}", self._ticket)

    async def set_status(self, ticket_id: str, status: str, until: datetime) -> TicketState:  # noqa: ARG002 # it has no time
        """Change the status; one of the account's own is found by its name."""
        number = STATUSES.get(status.strip().lower())
        if number is not None:
            return await self._update(ticket_id, {"status": number})
        number, name = await self._custom_status(status)
        ticket = await self._update(ticket_id, {"status": number})
        return ticket.model_copy(update={"status": name})

    async def set_priority(self, ticket_id: str, priority: str) -> TicketState:
        """Change the priority."""
        number = PRIORITIES.get(priority.strip().lower())
        if number is None:
            raise Refused(f"Freshdesk has no priority {priority!r}: give {listed([*PRIORITIES])}.")
        return await self._update(ticket_id, {"priority": number})

    async def assign(self, ticket_id: str, to: Assignee) -> TicketState:
        """Assign it."""
        match to.kind:
            case "nobody":
                change: dict[str, Any] = {"responder_id": None}
            case "email":
                change = {"responder_id": await self._agent(to.name)}
            case "group":
                change = {"group_id": await self._group(to.name), "responder_id": None}
            case "user":
                if not to.name.isdecimal():
                    raise Refused(f"Freshdesk knows agents by number or email address; {to.name!r} is neither.")
                change = {"responder_id": int(to.name)}
        return await self._update(ticket_id, change)

    async def add_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Add tags: read, change, verify."""
        before = await self.ticket(ticket_id)
        wanted = [*before.tags, *(tag for tag in tags if not _has(before.tags, tag))]
        return await self._tag(before, wanted, lambda now: all(_has(now, tag) for tag in tags))

    async def remove_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Remove tags: read, change, verify."""
        before = await self.ticket(ticket_id)
        wanted = [tag for tag in before.tags if not _has(tags, tag)]
        return await self._tag(before, wanted, lambda now: not any(_has(now, tag) for tag in tags))

    async def post(self, ticket_id: str, message: HelpdeskMessage) -> tuple[TicketState, str]:
        """Add a note or a reply, whose outermost element carries the step's key."""
        html = f'<div class="trunkline-{self.context.key}">{message.html}</div>'
        path = f"/api/v2/tickets/{ticket_id}/{'reply' if message.public else 'notes'}"
        if message.files:
            content = await asyncio.to_thread(_form, html, message.cc, message.files)
            made = await self.send("POST", path, _id, content=content)
        else:
            body = {"body": html, **({} if message.public else {"private": True})}
            copies = {"cc_emails": [*message.cc]} if message.cc else {}
            made = await self.send("POST", path, _id, json={**body, **copies})
        with after("The message was added"):
            return await self.ticket(ticket_id), made

    async def posted(self, ticket_id: str) -> list[PostedMessage]:
        """Return the conversations, but for what customers wrote."""
        with self.reading():
            found, _ = await all_pages(
                self.service, self.patient(), self.connection, f"/api/v2/tickets/{ticket_id}/conversations", PAGES
            )
            return [_conversation(one) for one in found if one.get("incoming") is not True]

    async def email(self, user_id: str) -> str | None:
        """Return an agent's email address."""
        return await self.read(f"/api/v2/agents/{user_id}", lambda body: str(body["contact"]["email"] or ""))

    async def _update(self, ticket_id: str, change: Mapping[str, Any]) -> TicketState:
        return await self.send("PUT", f"/api/v2/tickets/{ticket_id}", self._ticket, json=change)

    async def _tag(self, before: TicketState, wanted: list[str], holds: Callable[[Sequence[str]], bool]) -> TicketState:
        if wanted == before.tags:
            return before
        await self._update(before.ticket_id, {"tags": wanted})
        with after("The tags were changed"):
            now = await self.ticket(before.ticket_id)
        if not holds(now.tags):
            raise OutcomeUnknown("Somebody changed the tags at the same time; Freshdesk has other ones than were set.")
        return now

    async def _custom_status(self, name: str) -> tuple[int, str]:
        names = await self.read("/api/v2/ticket_fields", _statuses, query={"type": "default_status"})
        wanted = name.strip().casefold()
        found = next((number for number, label in names.items() if label.casefold() == wanted), None)
        if found is None:
            own = [label for number, label in names.items() if number not in STATUS_WORDS]
            raise Refused(f"Freshdesk has no status {name!r}: give {listed([*STATUSES, *own])}.")
        return found, STATUS_WORDS.get(found, names[found])

    async def _agent(self, email: str) -> int:
        agents = await self.read(
            "/api/v2/agents", lambda body: [int(one["id"]) for one in body], query={"email": email}
        )
        if not agents:
            raise Refused(f"Freshdesk has no agent {email}: give the email address of one, or an id.")
        return agents[0]

    async def _group(self, name: str) -> int:
        if name.isdecimal():
            return int(name)
        with self.reading():
            groups, _ = await all_pages(self.service, self.context, self.connection, "/api/v2/groups", PAGES)
            names = {str(group["name"]): int(group["id"]) for group in groups}
        found = next((number for own, number in names.items() if own.casefold() == name.casefold()), None)
        if found is None:
            raise Refused(f"Freshdesk has no group {name!r}; it has {listed([*names])}.")
        return found

    def _ticket(self, body: Any) -> TicketState:
        status, priority = body["status"], body.get("priority")
        return TicketState(
            ticket_id=str(body["id"]),
            status=STATUS_WORDS.get(status, str(status)),
            priority=PRIORITY_WORDS.get(priority, priority),
            assignee=self.connection.shown(body.get("responder_id")),
            tags=body.get("tags") or [],
            updated_at=body.get("updated_at"),
            url=f"{self.connection.web}/a/tickets/{body['id']}",
        )


def _id(value: Any) -> str:
    return str(value["id"])


def _form(html: str, cc: Sequence[str], files: Sequence[FetchedFile]) -> tuple[str, bytes]:
    """Return a reply with files as a form, in a thread because files are large."""
    import httpx

    attached = [("attachments[]", (file.name, file.content, file.media_type)) for file in files]
    made = httpx.Request("POST", "https://unused.example", data={"body": html, "cc_emails[]": [*cc]}, files=attached)
    return made.headers["Content-Type"], made.read()


def _statuses(fields: Any) -> dict[int, str]:
    choices = next(one["choices"] for one in fields if one["name"] == "status")
    return {int(number): str(labels[0]) for number, labels in choices.items()}


def _has(tags: Sequence[str], tag: str) -> bool:
    """Say whether a tag is among others; Freshdesk's know no case."""
    return tag.casefold() in {one.casefold() for one in tags}


def _conversation(entry: Any) -> PostedMessage:
    html = str(entry.get("body") or "")
    mark = MARK.search(html)
    return PostedMessage(
        id=str(entry["id"]),
        html=html,
        public=entry.get("private") is not True,
        at=datetime.fromisoformat(entry["created_at"]),
        key=mark[1] if mark else None,
    )
