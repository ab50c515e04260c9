"""Zendesk's tickets, tags, comments, groups and statuses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.tickets import CUSTOMER, GROUPS, SUBJECT, HelpdeskVendor, Remark, Ticket, added, stamp
from workers.sandbox.vendor import TOO_MANY_REQUESTS, basic

STATUSES = ("new", "open", "pending", "hold", "solved", "closed")
PRIORITIES = ("low", "normal", "high", "urgent")
CUSTOM = {501: ("Waiting for parts", "hold"), 502: ("In review", "open")}
PATH = re.compile(r"/api/v2/tickets/([^/]+)(?:/(tags|comments))?")
LIMIT = 700
WORDS = {
    400: ("BadRequest", "The request could not be understood"),
    401: ("Couldn't authenticate you", None),
    403: ("Forbidden", "You do not have access to this page"),
    404: ("RecordNotFound", "Not found"),
    409: ("UpdateConflict", "Safe Update prevented the update due to outdated ticket data"),
    422: ("RecordInvalid", "Record validation errors"),
    429: ("APIRateLimitExceeded", "Number of allowed API requests per minute exceeded"),
}


class ZendeskVendor(HelpdeskVendor):
    """An account; any token is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Zendesk"
    connection: ClassVar[Mapping[str, Any]] = {
        "email": "bot@example.com",
        "apiToken": "sandbox-zendesk-token",
        "aiAgent": "900100",
        "signature": "The support team",
    }
    new: ClassVar[tuple[str, None]] = ("new", None)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        if not signed_in(request):
            return problem(401)
        if request.method == "GET" and (found := self._directory(request.path)):
            return VendorAnswer(200, found, accepted=True)
        if (request.method, request.path) == ("POST", "/api/v2/uploads"):
            name = request.query.get("filename", "")
            return VendorAnswer(201, {"upload": {"token": f"upload-{name}"}}, accepted=True) if name else problem(400)
        path = PATH.fullmatch(request.path)
        ticket = self.ticket(path[1]) if path else None
        if path is None or ticket is None:
            return problem(404)
        return (
            self._read(ticket, path[2], request) if request.method == "GET" else self._write(ticket, path[2], request)
        )

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in an update's metadata."""
        body = request.json
        ticket = body.get("ticket") if isinstance(body, dict) else None
        metadata = ticket.get("metadata") if isinstance(ticket, dict) else None
        return metadata.get("trunkline") if isinstance(metadata, dict) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == TOO_MANY_REQUESTS:
            headers |= {"X-Rate-Limit": str(LIMIT), "X-Rate-Limit-Remaining": "0"}
        error, description = WORDS.get(status, ("InternalError", "Something went wrong"))
        return VendorAnswer(status, {"error": error, "description": description}, headers)

    def words(self, body: Mapping[str, Any]) -> str | None:
        """Return a comment."""
        ticket = body.get("ticket")
        comment = ticket.get("comment") if isinstance(ticket, dict) else None
        return str(comment.get("html_body") or comment.get("body") or "") if isinstance(comment, dict) else None

    def shown(self, ticket: Ticket) -> tuple[str, str]:
        """Return status and priority."""
        custom = CUSTOM.get(ticket.more.get("custom_status_id", 0))
        return custom[0] if custom else ticket.status, ticket.priority or "none"

    def _directory(self, path: str) -> dict[str, Any] | None:
        if path == "/api/v2/groups":
            return {"groups": [{"id": id_, "name": name} for id_, name in GROUPS.items()], "next_page": None}
        if path == "/api/v2/custom_statuses":
            own = [
                {"id": id_, "agent_label": label, "status_category": category, "active": True}
                for id_, (label, category) in CUSTOM.items()
            ]
            return {"custom_statuses": own}
        if path == "/api/v2/users/me.json":
            return {"user": {"id": 900_100, "email": "bot@example.com", "role": "agent"}}
        user = re.fullmatch(r"/api/v2/users/(\d+)", path)
        if user:
            return {"user": {"id": int(user[1]), "email": self.emails.get(int(user[1]), f"{user[1]}@example.com")}}
        return None

    def _read(self, ticket: Ticket, part: str | None, request: ReceivedRequest) -> VendorAnswer:
        match part:
            case None:
                return VendorAnswer(200, {"ticket": written(ticket)}, accepted=True)
            case "comments":
                return self._comments(ticket, request.query)
            case _:
                return VendorAnswer(200, {"tags": ticket.tags}, accepted=True)

    def _write(self, ticket: Ticket, part: str | None, request: ReceivedRequest) -> VendorAnswer:
        body = request.json
        if not isinstance(body, dict):
            return problem(400)
        if ticket.status == "closed":
            return problem(422, {"status": [{"description": "Status: closed prevents ticket update"}]})
        match request.method, part:
            case "PUT", None:
                return self._update(ticket, body.get("ticket"))
            case "PUT" | "POST" | "DELETE", "tags":
                return tag(ticket, request.method, body.get("tags"))
            case _:
                return problem(404)

    def _comments(self, ticket: Ticket, query: Mapping[str, str]) -> VendorAnswer:
        remarks = [comment(one) for one in ticket.remarks]
        remarks = remarks[::-1] if query.get("sort_order") == "desc" else remarks
        return VendorAnswer(
            200, {"comments": remarks[: int(query.get("per_page") or 100)], "next_page": None}, accepted=True
        )

    def _update(self, ticket: Ticket, change: Any) -> VendorAnswer:
        if not isinstance(change, dict):
            return problem(400)
        if change.get("safe_update") and change.get("updated_stamp") != stamp(ticket.updated):
            return problem(409)
        assignee, email = change.get("assignee_id"), change.get("assignee_email")
        if email is not None:
            assignee = self.person(str(email))
        wrong = [
            ("status", change.get("status", "open") not in STATUSES),
            ("priority", change.get("priority", "low") not in PRIORITIES),
            ("custom_status_id", change.get("custom_status_id", 501) not in CUSTOM),
            ("group_id", change.get("group_id", 1) not in GROUPS),
            ("assignee_email", email is not None and assignee is None),
        ]
        invalid = [name for name, is_wrong in wrong if is_wrong]
        if invalid:
            return problem(422, {name: [{"description": f"{name} is not included in the list"}] for name in invalid})
        ticket.status = change.get("status", ticket.status)
        ticket.priority = change.get("priority", ticket.priority)
        ticket.group = change.get("group_id", ticket.group)
        if "status" in change:
            ticket.more.pop("custom_status_id", None)
        if custom := change.get("custom_status_id"):
            ticket.more["custom_status_id"], ticket.status = custom, CUSTOM[custom][1]
        if "assignee_id" in change or email is not None:
            ticket.assignee = assignee
        ticket.touch()
        made = change.get("comment")
        events = [self._comment(ticket, made, change)] if isinstance(made, dict) else []
        return VendorAnswer(200, {"ticket": written(ticket), "audit": {"id": 1, "events": events}}, accepted=True)

    def _comment(self, ticket: Ticket, made: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
        html = str(made.get("html_body") or made.get("body") or "")
        metadata = change.get("metadata")
        custom = metadata if isinstance(metadata, dict) else {}
        files = [str(token).removeprefix("upload-") for token in made.get("uploads") or []]
        remark = self.say(ticket, html, public=made.get("public") is not False, custom=custom, files=files)
        return {"type": "Comment", **comment(remark)}


def signed_in(request: ReceivedRequest) -> bool:
    """Say whether a request has a token that is good."""
    pair = basic(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if pair is None:
        return scheme == "Bearer" and bool(token) and "invalid" not in token
    return pair[0].endswith("/token") and bool(pair[1]) and "invalid" not in pair[1]


def written(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as Zendesk writes it."""
    return {
        "id": ticket.id,
        "subject": SUBJECT,
        "status": ticket.status,
        "custom_status_id": ticket.more.get("custom_status_id"),
        "priority": ticket.priority,
        "assignee_id": ticket.assignee,
        "group_id": ticket.group,
        "tags": ticket.tags,
        "via": {"channel": "email", "source": {"from": {"address": CUSTOMER}}},
        "updated_at": stamp(ticket.updated),
    }


def comment(remark: Remark) -> dict[str, Any]:
    """Return a comment as Zendesk writes it."""
    return {
        "id": remark.id,
        "html_body": f'<div class="zd-comment" dir="auto">{remark.html}</div>',
        "public": remark.public,
        "created_at": stamp(remark.at),
        "metadata": {"system": {}, "custom": remark.more["custom"]},
    }


def tag(ticket: Ticket, method: str, tags: Any) -> VendorAnswer:
    """Add tags (PUT), set them (POST) or remove them (DELETE)."""
    if not isinstance(tags, list) or not tags:
        return problem(400)
    split = [part for one in tags for part in str(one).lower().split()]
    if method == "DELETE":
        ticket.tags = [one for one in ticket.tags if one not in split]
    else:
        ticket.tags = added(ticket.tags if method == "PUT" else [], split)
    ticket.touch()
    return VendorAnswer(201 if method == "POST" else 200, {"tags": ticket.tags}, accepted=True)


def problem(status: int, details: Mapping[str, Any] | None = None) -> VendorAnswer:
    """Answer as Zendesk refuses."""
    error, description = WORDS[status]
    body = {"error": error, **({"description": description} if description else {})}
    return VendorAnswer(status, {**body, **({"details": details} if details else {})})
