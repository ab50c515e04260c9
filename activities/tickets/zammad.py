"""Zammad."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from activities.attachments import FetchedFile
from activities.errors import Refused
from activities.http_client.json_body import json_bytes
from activities.rest.service import Service
from activities.tickets.connection import EMAIL, Assignee
from activities.tickets.helpdesk import Helpdesk, HelpdeskMessage, PostedMessage, after, error_inside, listed
from activities.tickets.helpdesks import Zammad
from activities.tickets.ticket import TicketState

STATES = {"new": "new", "open": "open", "pending": "pending reminder", "solved": "closed", "closed": "closed"}
PRIORITIES = {"low": "1 low", "medium": "2 normal", "high": "3 high"}
STATE_WORDS = {"pending reminder": "pending"}
PRIORITY_WORDS = {theirs: word for word, theirs in PRIORITIES.items()}
NOBODY = 1
"""The user who owns what nobody owns; its login is `-`."""

MARK = "trunkline"
"""Key of an article's preferences that holds the step's key."""

EXPANDED = {"expand": "true"}


class ZammadHelpdesk(Helpdesk[Zammad]):
    """A Zammad server as one attempt uses it."""

    service: ClassVar[Service[Zammad]] = Service(
        name="Zammad",
        connection=Zammad,
        address=lambda server: server.root,
        sign_in=lambda server: {"Authorization": f"Token token={server.token}"},
        judge=error_inside("Zammad"),
    )

    async def ticket(self, ticket_id: str) -> TicketState:
        """Read a ticket."""
        return await self._tagged(await self._read(ticket_id))

    async def set_status(self, ticket_id: str, status: str, until: datetime) -> TicketState:
        """Change the state; one of the server's own is found by its name."""
        state = STATES.get(status.strip().lower())
        pending = state == STATES["pending"]
        if state is None:
            state, kind = await self._state(status)
            pending = kind.startswith("pending")
        change = {"state": state, **({"pending_time": until.isoformat(timespec="seconds")} if pending else {})}
        return await self._update(ticket_id, change)

    async def set_priority(self, ticket_id: str, priority: str) -> TicketState:
        """Change the priority; one of the server's own is found by its name."""
        word = priority.strip().lower()
        return await self._update(ticket_id, {"priority": PRIORITIES.get(word) or await self._priority(priority)})

    async def assign(self, ticket_id: str, to: Assignee) -> TicketState:
        """Assign it."""
        match to.kind:
            case "nobody":
                change: dict[str, Any] = {"owner_id": NOBODY}
            case "group":
                group = {"group_id": int(to.name)} if to.name.isdecimal() else {"group": to.name}
                change = {**group, "owner_id": NOBODY}
            case "email" | "user":
                change = {"owner_id": int(to.name)} if to.name.isdecimal() else {"owner": to.name}
        return await self._update(ticket_id, change)

    async def add_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Add tags one by one, each of which Zammad does in one step."""
        return await self._tag("POST", "/api/v1/tags/add", ticket_id, tags)

    async def remove_tags(self, ticket_id: str, tags: Sequence[str]) -> TicketState:
        """Remove tags one by one, each of which Zammad does in one step."""
        return await self._tag("DELETE", "/api/v1/tags/remove", ticket_id, tags)

    async def post(self, ticket_id: str, message: HelpdeskMessage) -> tuple[TicketState, str]:
        """Add an article whose preferences carry the step's key."""
        article = {
            "ticket_id": _number(ticket_id),
            "body": message.html,
            "content_type": "text/html",
            "internal": not message.public,
            "preferences": {MARK: {"key": self.context.key}},
            **(await self._mail(ticket_id, message.cc) if message.public else {"type": "note"}),
        }
        content = await asyncio.to_thread(_with_files, article, message.files)
        made = await self.send(
            "POST", "/api/v1/ticket_articles", lambda body: str(body["id"]), content=("application/json", content)
        )
        with after("The article was added"):
            return await self.ticket(ticket_id), made

    async def posted(self, ticket_id: str) -> list[PostedMessage]:
        """Return all articles."""
        with self.reading():
            answer = await self.service.call(
                self.patient(), self.connection, "GET", f"/api/v1/ticket_articles/by_ticket/{ticket_id}"
            )
            return [_article(article) for article in self.service.object_of(answer)]

    async def email(self, user_id: str) -> str | None:
        """Return a user's email address."""
        return await self.read(f"/api/v1/users/{user_id}", lambda body: str(body["email"] or ""))

    async def _read(self, ticket_id: str) -> Mapping[str, Any]:
        return await self.read(f"/api/v1/tickets/{ticket_id}", _expanded, query=EXPANDED)

    async def _update(self, ticket_id: str, change: Mapping[str, Any]) -> TicketState:
        raw = await self.send("PUT", f"/api/v1/tickets/{ticket_id}", _expanded, json=change, query=EXPANDED)
        with after("The ticket was changed"):
            return await self._tagged(raw)

    async def _tag(self, method: str, path: str, ticket_id: str, tags: Sequence[str]) -> TicketState:
        first, *others = tags
        await self._tag_once(method, path, ticket_id, first)
        with after("Some of the tags were changed"):
            for tag in others:
                await self._tag_once(method, path, ticket_id, tag)
            return await self.ticket(ticket_id)

    async def _tag_once(self, method: str, path: str, ticket_id: str, tag: str) -> None:
        body = {"item": tag, "object": "Ticket", "o_id": _number(ticket_id)}
        await self.service.call(
            self.context, self.connection, "POST" if method == "POST" else "DELETE", path, json=body
        )

    async def _tagged(self, raw: Mapping[str, Any]) -> TicketState:
        """Return a ticket with its tags, which stand elsewhere."""
        ticket_id = str(raw["id"])
        tags = await self.read(
            "/api/v1/tags", lambda body: list(body["tags"]), query={"object": "Ticket", "o_id": ticket_id}
        )
        state, priority = raw["state"], raw.get("priority") or ""
        owner = None if raw.get("owner") in (None, "-") else raw["owner"]
        owner_id = None if raw.get("owner_id") in (None, NOBODY) else raw["owner_id"]
        return TicketState(
            ticket_id=ticket_id,
            status=STATE_WORDS.get(state, state),
            priority=PRIORITY_WORDS.get(priority, priority) or None,
            assignee=self.connection.shown(owner, owner_id),
            tags=tags,
            updated_at=raw.get("updated_at"),
            url=f"{self.connection.web}/#ticket/zoom/{ticket_id}",
        )

    async def _mail(self, ticket_id: str, cc: Sequence[str]) -> dict[str, Any]:
        """Return what makes an article an email to the ticket's customer."""
        raw = await self._read(ticket_id)
        to = str(raw.get("customer") or "")
        if not EMAIL.fullmatch(to):
            to = await self.email(str(raw["customer_id"])) or ""
        if not to:
            raise Refused(f"The customer of Zammad's ticket {ticket_id} has no email address to reply to.")
        mail = {"type": "email", "to": to, "subject": str(raw.get("title") or "")}
        return {**mail, "cc": ", ".join(cc)} if cc else mail

    async def _state(self, name: str) -> tuple[str, str]:
        """Return a state of the server's own, and its kind."""
        states = await self.read("/api/v1/ticket_states", _entries, query=EXPANDED)
        found = _named(states, name)
        if found is None:
            known = [*STATES, *(one["name"] for one in states if one["name"] not in STATES.values())]
            raise Refused(f"Zammad has no status {name!r}: give {listed(known)}.")
        return str(found["name"]), str(found.get("state_type") or "")

    async def _priority(self, name: str) -> str:
        """Return a priority of the server's own."""
        known = [*PRIORITIES]
        if name.strip().lower() != "urgent":
            priorities = await self.read("/api/v1/ticket_priorities", _entries)
            if found := _named(priorities, name):
                return str(found["name"])
            known += [one["name"] for one in priorities if one["name"] not in PRIORITY_WORDS]
        raise Refused(f"Zammad has no priority {name!r}: give {listed(known)}, or one of its own by name.")


def _expanded(body: Any) -> Mapping[str, Any]:
    """Return a ticket as Zammad writes it with names instead of numbers."""
    if not isinstance(body["id"], int | str) or not isinstance(body["state"], str):
        raise TypeError
    return dict(body)


def _with_files(article: Mapping[str, Any], files: Sequence[FetchedFile]) -> bytes:
    """Return an article as JSON, in a thread because files are large."""
    attached = [
        {"filename": file.name, "mime-type": file.media_type, "data": b64encode(file.content).decode()}
        for file in files
    ]
    return json_bytes({**article, **({"attachments": attached} if attached else {})})


def _entries(body: Any) -> list[Mapping[str, Any]]:
    return [{**entry, "name": str(entry["name"])} for entry in body]


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    wanted = name.strip().casefold()
    return next((one for one in entries if one["name"].casefold() == wanted), None)


def _number(ticket_id: str) -> int | str:
    return int(ticket_id) if ticket_id.isdecimal() else ticket_id


def _article(article: Any) -> PostedMessage:
    preferences = article.get("preferences")
    mark = preferences.get(MARK) if isinstance(preferences, dict) else None
    key = None
    if isinstance(preferences, dict):
        key = str(mark.get("key") or "") if isinstance(mark, dict) else ""
    return PostedMessage(
        id=str(article["id"]),
        html=str(article.get("body") or ""),
        public=article.get("internal") is not True,
        at=datetime.fromisoformat(article["created_at"]),
        key=key,
    )
