"""Aircall's contacts: made, and searched for by number or address (https://developer.aircall.io/api-references)."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

from workers.sandbox.phones import E164, INVALID
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Panel, Vendor, basic

LIMIT, WINDOW = 60, 60
MOST_VALUES, MOST_ON_A_PAGE = 20, 50
TEXTS = frozenset(("first_name", "last_name", "company_name", "information"))
LISTS = frozenset(("phone_numbers", "emails"))
WORDS = {
    400: ("Bad Request", "Check the body of the request."),
    401: ("Unauthorized", "Check your API ID and your API token."),
    403: ("Forbidden", "The key may not do this."),
    404: ("Not Found", "Check the path of the request."),
    429: ("Too Many Requests", "The limit of requests is reached; try again later."),
}


class AircallVendor(Vendor):
    """An account; any token is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Aircall"
    connection: ClassVar[Mapping[str, Any]] = {"apiId": "sandbox-aircall-id", "apiToken": "sandbox-aircall-token"}
    host: ClassVar[str] = "api.aircall.io"

    def __init__(self) -> None:
        self._contacts: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)
        self._ids = count(1_001)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        pair = basic(request)
        if pair is None or not all(pair) or "invalid" in pair[1]:
            return problem(401)
        match request.method, request.path.removeprefix("/v1"):
            case "POST", "/contacts":
                return self._create(request.json)
            case "GET", "/ping":
                return VendorAnswer(200, {"ping": "pong"}, accepted=True)
            case "GET", "/contacts/search":
                return self._search(request)
            case _:
                return problem(404)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, which ends at a Unix time, or as its servers do in bad hours."""
        headers = {}
        if status == TOO_MANY_REQUESTS:
            end = int(time.time()) + (WINDOW if retry_after is None else retry_after)
            names = ("X-AircallApi-Limit", "X-AircallApi-Remaining", "X-AircallApi-Reset")
            headers = dict(zip(names, (str(LIMIT), "0", str(end)), strict=True))
        elif retry_after is not None:
            headers = {"Retry-After": str(retry_after)}
        return VendorAnswer(status, problem(status).body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the number or address that a request is about, and the name."""
        body = request.json if isinstance(request.json, dict) else {}
        numbers = ", ".join(values(body, "phone_numbers")) or request.query.get("phone_number", "")
        return numbers, f"{body.get('first_name') or ''} {body.get('last_name') or ''}".strip()

    def panels(self) -> Sequence[Panel]:
        """Return the contacts, the latest first."""
        return [
            Panel(
                f"Aircall: {one['first_name'] or ''} {one['last_name'] or ''}",
                {"numbers": ", ".join(values(one, "phone_numbers")), "emails": ", ".join(values(one, "emails"))},
            )
            for one in reversed(self._contacts)
        ]

    def clear(self) -> None:
        """Forget all contacts."""
        self._contacts.clear()

    def _create(self, body: Any) -> VendorAnswer:
        if not isinstance(body, dict):
            return problem(400, "Invalid JSON payload")
        if wrong := fault(body):
            return problem(400, wrong)
        number, now = next(self._ids), int(datetime.now(UTC).timestamp())
        contact = {
            "id": number,
            "direct_link": f"https://api.aircall.io/v1/contacts/{number}",
            **{name: body.get(name) for name in sorted(TEXTS)},
            **{name: [{"id": number, **one} for one in body.get(name) or []] for name in sorted(LISTS)},
            "is_shared": True,
            "created_at": now,
            "updated_at": now,
        }
        self._contacts.append(contact)
        return VendorAnswer(201, {"contact": contact}, accepted=True)

    def _search(self, request: ReceivedRequest) -> VendorAnswer:
        written = [request.query.get(name, default) for name, default in (("page", "1"), ("per_page", "20"))]
        if not all(text.isdecimal() and int(text) for text in written) or int(written[1]) > MOST_ON_A_PAGE:
            return problem(400, "Invalid pagination")
        page, size = map(int, written)
        wanted = {"phone_numbers": request.query.get("phone_number"), "emails": request.query.get("email")}
        filters = {name: value for name, value in wanted.items() if value}
        found = [
            one
            for one in self._contacts
            if all(any(alike(value, own) for own in values(one, name)) for name, value in filters.items())
        ]
        shown = found[(page - 1) * size : page * size]
        more = (
            f"https://api.aircall.io{request.path}?page={page + 1}&per_page={size}"
            if page * size < len(found)
            else None
        )
        meta = {"count": len(shown), "total": len(found), "current_page": page, "per_page": size}
        return VendorAnswer(200, {"meta": {**meta, "next_page_link": more}, "contacts": shown}, accepted=True)


def fault(body: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a new contact, or None."""
    unknown = next((name for name in body if name not in TEXTS | LISTS), None)
    if unknown is not None:
        return f"{unknown} is not a field of a contact"
    lists = {name: body.get(name) or [] for name in LISTS}
    shaped = all(
        isinstance(one, list)
        and len(one) <= MOST_VALUES
        and all(isinstance(each, dict) and isinstance(each.get("value"), str) and each.get("label") for each in one)
        for one in lists.values()
    )
    if not shaped:
        return "phone_numbers and emails are at most 20 objects of a label and a value"
    if not lists["phone_numbers"]:
        return "phone_numbers can't be blank"
    wrong = next((one for one in values(body, "phone_numbers") if not E164.fullmatch(one) or one == INVALID), None)
    return f"{wrong} is not a valid phone number" if wrong is not None else None


def values(body: Mapping[str, Any], name: str) -> list[str]:
    """Return the numbers or addresses of a contact."""
    listed = body.get(name)
    return [str(one.get("value")) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def alike(wanted: str, own: str) -> bool:
    """Say whether two numbers are the same however the plus is written, or two addresses in whatever case."""
    return wanted.strip().lstrip("+").lower() == own.lstrip("+").lower()


def problem(status: int, error: str | None = None) -> VendorAnswer:
    """Answer as Aircall refuses."""
    word, advice = WORDS.get(status, ("Internal Server Error", "Try again later."))
    return VendorAnswer(status, {"error": error or word, "troubleshoot": advice})
