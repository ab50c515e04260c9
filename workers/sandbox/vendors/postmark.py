"""Postmark: one email at a time, and the list of what was sent."""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import getaddresses
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Vendor

MAILBOX = re.compile(r"[^@\s]+@[^@\s]+")
MOST_RECIPIENTS = 50
MOST_METADATA = 80
INACTIVE = "inactive"
"""Beginning of addresses that bounced before."""

UNCONFIRMED = "unconfirmed"
"""Beginning of addresses that may not send."""


class PostmarkVendor(Vendor):
    """A server that sends from every address but those that begin with `unconfirmed`.

    Recipients that begin with `inactive` get nothing. Any token is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Postmark"
    connection: ClassVar[Mapping[str, Any]] = {
        "serverToken": "sandbox-server-token",
        "from": "Support <support@example.com>",
    }
    host: ClassVar[str] = "api.postmarkapp.com"

    def __init__(self) -> None:
        self._sent: deque[dict[str, Any]] = deque(maxlen=MOST_MESSAGES)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        token = request.headers.get("x-postmark-server-token", "")
        if not token or "invalid" in token:
            return problem(401, 10, "Request does not contain a valid Server token.")
        match request.method, request.path:
            case "POST", "/email":
                return self._send(request.json)
            case "GET", "/server":
                return VendorAnswer(200, {"ID": 1, "Name": "Sandbox", "DeliveryType": "Live"}, accepted=True)
            case "GET", "/messages/outbound":
                return self._list(request.query)
            case _:
                return problem(404, 0, "The requested resource does not exist.")

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in a message's metadata."""
        body = request.json
        metadata = body.get("Metadata") if isinstance(body, dict) else None
        found = metadata.get("trunkline_step") if isinstance(metadata, dict) else None
        return found if isinstance(found, str) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer with a code of its own; it never says when to come back, but a gateway before it may."""
        sentence = "Too many requests." if status == TOO_MANY_REQUESTS else "Internal server error."
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return VendorAnswer(status, {"ErrorCode": status, "Message": sentence}, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return who wrote to whom, and the text."""
        body = request.json
        if not isinstance(body, dict):
            return "", ""
        return f"{body.get('From')} → {body.get('To')}", f"{body.get('Subject')}\n\n{body.get('TextBody') or ''}"

    def clear(self) -> None:
        """Forget all messages."""
        self._sent.clear()

    def _send(self, body: Any) -> VendorAnswer:
        if not isinstance(body, dict):
            return problem(422, 402, "Received invalid JSON input.")
        if wrong := fault(body):
            return problem(422, *wrong)
        recipients = [one for name in ("To", "Cc", "Bcc") for one in mailboxes(body.get(name))]
        inactive = [one for one in recipients if one.startswith(INACTIVE)]
        if len(inactive) == len(recipients):
            return problem(
                422, 406, f"You tried to send to recipients that have been marked as inactive: {', '.join(inactive)}."
            )
        sentence = "OK"
        if inactive:
            sentence = f"Message OK, but will not deliver to these inactive addresses: {', '.join(inactive)}"
        message = {
            "MessageID": str(uuid.uuid4()),
            "To": [{"Email": one, "Name": None} for one in mailboxes(body.get("To"))],
            "Recipients": recipients,
            "ReceivedAt": datetime.now(UTC).isoformat(),
            "From": body["From"],
            "Subject": body.get("Subject"),
            "Status": "Sent",
            "MessageStream": body.get("MessageStream", "outbound"),
            "Metadata": body.get("Metadata") or {},
        }
        self._sent.append(message)
        answer = {
            "To": body["To"],
            "SubmittedAt": message["ReceivedAt"],
            "MessageID": message["MessageID"],
            "ErrorCode": 0,
            "Message": sentence,
        }
        return VendorAnswer(200, answer, accepted=True)

    def _list(self, query: Mapping[str, str]) -> VendorAnswer:
        wanted = {
            name.removeprefix("metadata_"): value for name, value in query.items() if name.startswith("metadata_")
        }
        stream = query.get("messagestream", "outbound")
        found = [
            one
            for one in reversed(self._sent)
            if one["MessageStream"] == stream and all(one["Metadata"].get(n) == v for n, v in wanted.items())
        ]
        offset, count = (int(query.get(name, "0")) for name in ("offset", "count"))
        return VendorAnswer(200, {"TotalCount": len(found), "Messages": found[offset : offset + count]})


def mailboxes(written: Any) -> list[str]:
    """Return the addresses in a comma-separated text, without names."""
    return [address for _, address in getaddresses([written])] if isinstance(written, str) else []


def fault(body: dict[str, Any]) -> tuple[int, str] | None:
    """Return Postmark's code and sentence for an email that it would not take."""
    recipients = [one for name in ("To", "Cc", "Bcc") for one in mailboxes(body.get(name))]
    [sender, *_] = [*mailboxes(body.get("From")), ""]
    metadata = body.get("Metadata") or {}
    rules = [
        (not MAILBOX.fullmatch(sender), (300, "Invalid 'From' address.")),
        (
            sender.startswith(UNCONFIRMED),
            (400, f"The 'From' address you supplied ({sender}) is not a Sender Signature."),
        ),
        (not mailboxes(body.get("To")), (300, "Zero recipients specified.")),
        (not all(map(MAILBOX.fullmatch, recipients)), (300, "Invalid 'To' address.")),
        (len(recipients) > MOST_RECIPIENTS, (300, "Too many recipients.")),
        (
            not (body.get("TextBody") or body.get("HtmlBody")),
            (300, "Provide either email TextBody or HtmlBody or both."),
        ),
        (any(len(str(value)) > MOST_METADATA for value in metadata.values()), (300, "Invalid metadata content.")),
        (not all(map(_is_attachment, body.get("Attachments") or ())), (403, "Invalid attachment.")),
    ]
    return next((problem_entry for broken, problem_entry in rules if broken), None)


def problem(status: int, code: int, message: str) -> VendorAnswer:
    """Answer as Postmark refuses."""
    return VendorAnswer(status, {"ErrorCode": code, "Message": message})


def _is_attachment(value: Any) -> bool:
    try:
        return (
            bool(value["Name"] and value["ContentType"])
            and base64.b64decode(value["Content"], validate=True) is not None
        )
    except (KeyError, TypeError, binascii.Error):
        return False
