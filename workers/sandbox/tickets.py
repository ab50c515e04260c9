"""What the sandbox's helpdesks have in common: tickets that come into being when first asked for, and keep changes."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar
from zlib import crc32

from activities.markup import text_of_html
from workers.sandbox.record import ReceivedRequest
from workers.sandbox.vendor import Panel, Vendor

MOST_TICKETS = 5_000
MOST_SAID = 500
MISSING = "404"
"""Beginning of the numbers of tickets that do not exist."""

GROUPS = {1: "Support", 2: "Billing", 3: "Escalations"}
CUSTOMER = "customer@example.com"
SUBJECT = "Where is my order?"


@dataclass(slots=True)
class Remark:
    """A comment, article or conversation."""

    id: int
    html: str
    public: bool
    at: datetime
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Ticket:
    """A ticket; status and priority are the vendor's words or numbers."""

    id: int
    status: Any
    priority: Any
    assignee: int | None = None
    group: int = 1
    tags: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    updated: datetime = field(default_factory=lambda: datetime.now(UTC))
    more: dict[str, Any] = field(default_factory=dict)

    def touch(self) -> None:
        """Have changed now."""
        self.updated = datetime.now(UTC)


class HelpdeskVendor(Vendor):
    """A helpdesk that has every ticket with a number, but for those whose number begins with 404.

    Everybody works there but those whose email address begins with `missing`.
    """

    new: ClassVar[tuple[Any, Any]]
    """Status and priority of a ticket that nobody has seen."""

    def __init__(self) -> None:
        self.tickets: OrderedDict[str, Ticket] = OrderedDict()
        self.emails: dict[int, str] = {}
        self._last = 0

    def clear(self) -> None:
        """Forget all tickets and people."""
        self.tickets.clear()
        self.emails.clear()

    def ticket(self, number: str) -> Ticket | None:
        """Return a ticket, which comes into being where nobody has asked for it before."""
        if not number.isdecimal() or number.startswith(MISSING):
            return None
        found = self.tickets.get(number)
        if found is None:
            found = self.tickets[number] = Ticket(int(number), *self.new)
            if len(self.tickets) > MOST_TICKETS:
                self.tickets.popitem(last=False)
        return found

    def person(self, email: str) -> int | None:
        """Return the id of who has an email address, or None where nobody has it."""
        if email.lower().startswith("missing"):
            return None
        number = crc32(email.lower().encode()) % 900_000 + 100_000
        self.emails[number] = email
        return number

    def say(self, ticket: Ticket, html: str, *, public: bool, **more: Any) -> Remark:
        """Keep a message."""
        self._last += 1
        remark = Remark(self._last, html, public, datetime.now(UTC), more)
        ticket.remarks.append(remark)
        del ticket.remarks[:-MOST_SAID]
        ticket.touch()
        return remark

    def panels(self) -> Sequence[Panel]:
        """Return the tickets for the page, the latest first."""
        latest = sorted(self.tickets.values(), key=lambda ticket: ticket.updated, reverse=True)
        return [self._panel(ticket) for ticket in latest]

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a request's ticket, and what a message in it says."""
        number = re.search(r"/(?:tickets|by_ticket)/(\d+)", request.path)
        body = request.json if isinstance(request.json, dict) else {}
        html = self.words(body)
        named = number[1] if number else body.get("ticket_id") or body.get("o_id")
        return f"Ticket {named}" if named else "", text_of_html(html) if html else ""

    @abstractmethod
    def words(self, body: Mapping[str, Any]) -> str | None:
        """Return the HTML of the message in a request."""

    @abstractmethod
    def shown(self, ticket: Ticket) -> tuple[str, str]:
        """Return status and priority of a ticket for the page."""

    def _panel(self, ticket: Ticket) -> Panel:
        status, priority = self.shown(ticket)
        assignee = "unassigned" if ticket.assignee is None else self.emails.get(ticket.assignee, str(ticket.assignee))
        facts = {
            "status": status,
            "priority": priority,
            "assignee": assignee,
            "group": GROUPS.get(ticket.group, str(ticket.group)),
            "tags": ", ".join(ticket.tags) or "none",
        }
        remarks = [(heading(one), text_of_html(one.html)) for one in ticket.remarks]
        return Panel(f"{self.title}: ticket {ticket.id}", facts, remarks)


def heading(remark: Remark) -> str:
    """Return what a message is, and which files are attached."""
    files = ", ".join(remark.more.get("files") or ())
    return ("Reply" if remark.public else "Note") + (f" with {files}" if files else "")


def stamp(at: datetime) -> str:
    """Return an instant as helpdesks write it, in whole seconds."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def added(tags: Sequence[str], more: Sequence[Any]) -> list[str]:
    """Return tags with others, each once."""
    return list(dict.fromkeys([*tags, *map(str, more)]))
