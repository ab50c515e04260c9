"""Zammad's tickets, articles and tags."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.tickets import CUSTOMER, GROUPS, SUBJECT, HelpdeskVendor, Remark, Ticket, added, stamp

STATES = {
    "new": "new",
    "open": "open",
    "pending reminder": "pending reminder",
    "pending close": "pending action",
    "closed": "closed",
    "waiting for parts": "open",
}
PRIORITIES = ("1 low", "2 normal", "3 high")
NOBODY = 1
TICKET = re.compile(r"/api/v1/tickets/([^/]+)")
ARTICLES = re.compile(r"/api/v1/ticket_articles/by_ticket/([^/]+)")
USER = re.compile(r"/api/v1/users/(\d+)")
WORDS = {401: "Invalid token, login required!", 403: "Not authorized", 404: "No such object", 422: "Invalid data"}


class ZammadVendor(HelpdeskVendor):
    """A server; any token is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Zammad"
    connection: ClassVar[Mapping[str, Any]] = {
        "token": "sandbox-zammad-token",
        "aiAgent": "900100",
        "signature": "The support team",
    }
    new: ClassVar[tuple[str, str]] = ("new", "2 normal")

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        token = request.headers.get("authorization", "").removeprefix("Token token=")
        if not token or " " in token or "invalid" in token:
            return problem(401)
        return self._read(request) if request.method == "GET" else self._write(request)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in an article's preferences."""
        body = request.json
        preferences = body.get("preferences") if isinstance(body, dict) else None
        mark = preferences.get("trunkline") if isinstance(preferences, dict) else None
        return mark.get("key") if isinstance(mark, dict) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as a server that is too busy, or broken."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return VendorAnswer(status, {"error": WORDS.get(status, "Something went wrong")}, headers)

    def words(self, body: Mapping[str, Any]) -> str | None:
        """Return an article."""
        return str(body["body"]) if "body" in body else None

    def shown(self, ticket: Ticket) -> tuple[str, str]:
        """Return state and priority."""
        return ticket.status, ticket.priority

    def _read(self, request: ReceivedRequest) -> VendorAnswer:
        if (found := self._directory(request.path)) is not None:
            return VendorAnswer(200, found, accepted=True)
        if request.path == "/api/v1/tags":
            tagged = self.ticket(request.query.get("o_id", ""))
            return problem(404) if tagged is None else VendorAnswer(200, {"tags": tagged.tags}, accepted=True)
        path = ARTICLES.fullmatch(request.path) or TICKET.fullmatch(request.path)
        ticket = self.ticket(path[1]) if path else None
        if path is None or ticket is None:
            return problem(404)
        articles = [article(ticket, remark) for remark in ticket.remarks]
        return VendorAnswer(200, articles if path.re is ARTICLES else self._written(ticket), accepted=True)

    def _directory(self, path: str) -> list[Any] | dict[str, Any] | None:
        match path:
            case "/api/v1/ticket_states":
                return [{"id": id_, "name": name, "state_type": STATES[name]} for id_, name in enumerate(STATES, 1)]
            case "/api/v1/ticket_priorities":
                return [{"id": id_, "name": name} for id_, name in enumerate(PRIORITIES, 1)]
            case "/api/v1/users/me":
                return {"id": 900_100, "email": "bot@example.com", "login": "bot@example.com"}
        if user := USER.fullmatch(path):
            number = int(user[1])
            return {"id": number, "email": self.emails.get(number, f"{number}@example.com")}
        return None

    def _write(self, request: ReceivedRequest) -> VendorAnswer:
        body = request.json
        if not isinstance(body, dict):
            return problem(422)
        match request.method, request.path:
            case "POST", "/api/v1/ticket_articles":
                return self._article(body)
            case ("POST", "/api/v1/tags/add") | ("DELETE", "/api/v1/tags/remove"):
                return self._tag(request.method, body)
        path = TICKET.fullmatch(request.path)
        ticket = self.ticket(path[1]) if path and request.method == "PUT" else None
        return problem(404) if ticket is None else self._update(ticket, body)

    def _update(self, ticket: Ticket, change: Mapping[str, Any]) -> VendorAnswer:
        state, priority = change.get("state", ticket.status), change.get("priority", ticket.priority)
        unknown = next((value for value in (state,) if value not in STATES), None)
        unknown = unknown or next((value for value in (priority,) if value not in PRIORITIES), None)
        groups = {name.lower(): id_ for id_, name in GROUPS.items()}
        group = change.get("group_id") or groups.get(str(change.get("group", "support")).lower())
        owner = change.get("owner_id")
        if "owner" in change:
            owner = self.person(str(change["owner"]))
            unknown = unknown or (str(change["owner"]) if owner is None else None)
        if unknown or group is None:
            return problem(422, f"No lookup value found for {unknown or change.get('group')!r}")
        if state.startswith("pending") and not instant(change.get("pending_time") or ticket.more.get("pending_time")):
            return problem(422, "Missing required value for field 'pending_time'!")
        if "group" in change or "group_id" in change:
            ticket.group = group
        if "owner" in change or "owner_id" in change:
            ticket.assignee = None if owner == NOBODY else owner
        ticket.status, ticket.priority = state, priority
        ticket.more["pending_time"] = change.get("pending_time")
        ticket.touch()
        return VendorAnswer(200, self._written(ticket), accepted=True)

    def _article(self, body: Mapping[str, Any]) -> VendorAnswer:
        ticket = self.ticket(str(body.get("ticket_id") or ""))
        if ticket is None:
            return problem(404)
        email = body.get("type") == "email"
        if not body.get("body") or (email and not body.get("to")):
            return problem(422, "Need at least article: { body: 'some text' }")
        more = {name: body[name] for name in ("type", "to", "cc", "subject", "preferences") if name in body}
        more["files"] = [str(file["filename"]) for file in body.get("attachments") or []]
        remark = self.say(ticket, str(body["body"]), public=body.get("internal") is not True, **more)
        return VendorAnswer(201, article(ticket, remark), accepted=True)

    def _tag(self, method: str, body: Mapping[str, Any]) -> VendorAnswer:
        ticket = self.ticket(str(body.get("o_id") or ""))
        if ticket is None or body.get("object") != "Ticket":
            return problem(404)
        item = str(body.get("item") or "")
        if not item:
            return problem(422)
        ticket.tags = added(ticket.tags, [item]) if method == "POST" else [one for one in ticket.tags if one != item]
        ticket.touch()
        return VendorAnswer(201, True, accepted=True)

    def _written(self, ticket: Ticket) -> dict[str, Any]:
        owner = ticket.assignee
        return {
            "id": ticket.id,
            "title": SUBJECT,
            "state": ticket.status,
            "priority": ticket.priority,
            "owner_id": NOBODY if owner is None else owner,
            "owner": "-" if owner is None else self.emails.get(owner, str(owner)),
            "group": GROUPS.get(ticket.group, str(ticket.group)),
            "customer_id": 2,
            "customer": CUSTOMER,
            "article_ids": [remark.id for remark in ticket.remarks],
            "updated_at": stamp(ticket.updated),
        }


def instant(value: Any) -> bool:
    """Say whether a value is an instant."""
    try:
        datetime.fromisoformat(str(value))
    except ValueError:
        return False
    return True


def article(ticket: Ticket, remark: Remark) -> dict[str, Any]:
    """Return an article as Zammad writes it."""
    return {
        "id": remark.id,
        "ticket_id": ticket.id,
        "body": remark.html,
        "content_type": "text/html",
        "internal": not remark.public,
        "created_at": stamp(remark.at),
        "preferences": {},
        **remark.more,
    }


def problem(status: int, error: str | None = None) -> VendorAnswer:
    """Answer as Zammad refuses."""
    return VendorAnswer(status, {"error": error or WORDS[status]})
