"""Freshdesk's tickets, conversations, agents and groups."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email import message_from_bytes
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.tickets import GROUPS, SUBJECT, HelpdeskVendor, Remark, Ticket, stamp
from workers.sandbox.vendor import TOO_MANY_REQUESTS, basic

STATUSES = {2: "Open", 3: "Pending", 4: "Resolved", 5: "Closed", 6: "Waiting on Customer", 7: "Waiting on Third Party"}
PRIORITIES = {1: "Low", 2: "Medium", 3: "High", 4: "Urgent"}
PATH = re.compile(r"/api/v2/tickets/([^/]+)(?:/(notes|reply|conversations))?")
MARK = re.compile(r'class="trunkline-([0-9A-Za-z-]+)')
LIMIT = 700
WORDS = {
    401: ("invalid_credentials", "You have to be logged in to perform this action."),
    403: ("access_denied", "You are not authorized to perform this action."),
    409: ("inconsistent_state", "The resource is in an inconsistent state"),
    429: ("rate_limit_reached", "You have exceeded the limit of requests per minute"),
}


class FreshdeskVendor(HelpdeskVendor):
    """An account; any key is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Freshdesk"
    connection: ClassVar[Mapping[str, Any]] = {
        "apiKey": "sandbox-freshdesk-key",
        "aiAgent": "900100",
        "signature": "The support team",
    }
    new: ClassVar[tuple[int, int]] = (2, 1)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        pair = basic(request)
        if pair is None or not pair[0] or "invalid" in pair[0]:
            return problem(401)
        if request.method == "GET" and (found := self._directory(request)) is not None:
            return VendorAnswer(200, found, accepted=True)
        path = PATH.fullmatch(request.path)
        ticket = self.ticket(path[1]) if path else None
        if path is None or ticket is None:
            return VendorAnswer(404, "")
        return (
            self._read(ticket, path[2], request) if request.method == "GET" else self._write(ticket, path[2], request)
        )

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in a message's outermost element."""
        body = sent(request)
        mark = MARK.search(str(body.get("body") or "")) if isinstance(body, dict) else None
        return mark[1] if mark else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        if status == TOO_MANY_REQUESTS:
            headers |= {"X-RateLimit-Total": str(LIMIT), "X-RateLimit-Remaining": "0"}
        code, message = WORDS.get(status, ("internal_error", "Something went wrong"))
        return VendorAnswer(status, {"code": code, "message": message}, headers)

    def words(self, body: Mapping[str, Any]) -> str | None:
        """Return a note or a reply."""
        return str(body["body"]) if "body" in body else None

    def shown(self, ticket: Ticket) -> tuple[str, str]:
        """Return status and priority."""
        return STATUSES[ticket.status], PRIORITIES[ticket.priority]

    def _directory(self, request: ReceivedRequest) -> list[Any] | dict[str, Any] | None:
        match request.path:
            case "/api/v2/groups":
                groups = [{"id": id_, "name": name} for id_, name in GROUPS.items()]
                return groups if request.query.get("page", "1") == "1" else []
            case "/api/v2/ticket_fields":
                choices = {str(number): [name, name] for number, name in STATUSES.items()}
                return [{"id": 1, "name": "status", "type": "default_status", "choices": choices}]
            case "/api/v2/agents/me":
                return {"id": 900_100, "available": True, "contact": {"email": "bot@example.com"}}
            case "/api/v2/agents":
                email = request.query.get("email", "")
                number = self.person(email) if email else None
                return [] if number is None else [{"id": number, "contact": {"email": email}}]
        agent = re.fullmatch(r"/api/v2/agents/(\d+)", request.path)
        if agent:
            email = self.emails.get(int(agent[1]), f"{agent[1]}@example.com")
            return {"id": int(agent[1]), "contact": {"email": email}}
        return None

    def _read(self, ticket: Ticket, part: str | None, request: ReceivedRequest) -> VendorAnswer:
        if part != "conversations":
            return VendorAnswer(200, written(ticket), accepted=True)
        page, size = (int(request.query.get(name) or most) for name, most in (("page", 1), ("per_page", 30)))
        remarks = [conversation(ticket, one) for one in ticket.remarks]
        return VendorAnswer(200, remarks[(page - 1) * size : page * size], accepted=True)

    def _write(self, ticket: Ticket, part: str | None, request: ReceivedRequest) -> VendorAnswer:
        body = sent(request)
        match request.method, part:
            case "PUT", None if isinstance(body, dict):
                return update(ticket, body)
            case "POST", "notes" | "reply" as kind if isinstance(body, dict):
                return self._post(ticket, body, kind)
            case _:
                return VendorAnswer(405, "")

    def _post(self, ticket: Ticket, body: Mapping[str, Any], kind: str) -> VendorAnswer:
        if not body.get("body"):
            return invalid("body", "It should not be blank as this is a mandatory field")
        public = kind == "reply" or body.get("private") is False
        remark = self.say(
            ticket,
            str(body["body"]),
            public=public,
            cc=body.get("cc_emails") or [],
            files=body.get("attachments") or [],
        )
        return VendorAnswer(201, conversation(ticket, remark), accepted=True)


def sent(request: ReceivedRequest) -> Any:
    """Return a request's body: JSON, or a form with files, of which the names are kept."""
    kind = request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return request.json
    parts = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + request.raw)
    found: dict[str, Any] = {}
    for part in parts.walk():
        if part.is_multipart():
            continue
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        value = part.get_filename() or (content.decode(errors="replace") if isinstance(content, bytes) else "")
        if name.endswith("[]"):
            found.setdefault(name.removesuffix("[]"), []).append(value)
        else:
            found[name] = value
    return found


def update(ticket: Ticket, change: Mapping[str, Any]) -> VendorAnswer:
    """Change a ticket, or answer what is wrong."""
    status, priority = change.get("status", ticket.status), change.get("priority", ticket.priority)
    if status not in STATUSES:
        return invalid("status", f"It should be one of these values: '{','.join(map(str, STATUSES))}'")
    if priority not in PRIORITIES:
        return invalid("priority", f"It should be one of these values: '{','.join(map(str, PRIORITIES))}'")
    if change.get("group_id", 1) not in GROUPS:
        return invalid("group_id", "There is no group matching the given group_id")
    tags = change.get("tags", ticket.tags)
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return invalid("tags", "Value set is of type String. It should be a/an Array")
    ticket.status, ticket.priority, ticket.tags = status, priority, list(dict.fromkeys(tags))
    ticket.group = change.get("group_id", ticket.group)
    ticket.assignee = change.get("responder_id", ticket.assignee)
    ticket.touch()
    return VendorAnswer(200, written(ticket), accepted=True)


def written(ticket: Ticket) -> dict[str, Any]:
    """Return a ticket as Freshdesk writes it."""
    return {
        "id": ticket.id,
        "subject": SUBJECT,
        "status": ticket.status,
        "priority": ticket.priority,
        "responder_id": ticket.assignee,
        "group_id": ticket.group,
        "tags": ticket.tags,
        "updated_at": stamp(ticket.updated),
    }


def conversation(ticket: Ticket, remark: Remark) -> dict[str, Any]:
    """Return a conversation as Freshdesk writes it."""
    return {
        "id": remark.id,
        "ticket_id": ticket.id,
        "body": remark.html,
        "private": not remark.public,
        "incoming": False,
        "cc_emails": remark.more["cc"],
        "created_at": stamp(remark.at),
    }


def invalid(field: str, message: str) -> VendorAnswer:
    """Answer as Freshdesk refuses a field."""
    errors = [{"field": field, "message": message, "code": "invalid_value"}]
    return VendorAnswer(400, {"description": "Validation failed", "errors": errors})


def problem(status: int) -> VendorAnswer:
    """Answer as Freshdesk refuses."""
    code, message = WORDS[status]
    return VendorAnswer(status, {"code": code, "message": message})
