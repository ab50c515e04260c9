"""Gmail's API as far as sending goes, and the endpoint where its tokens are asked for."""

from __future__ import annotations

import binascii
import hashlib
from base64 import urlsafe_b64decode
from collections import deque
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.letters import parsed
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Vendor

MESSAGES = "/gmail/v1/users/me/messages"
TOKEN = "sandbox-gmail-token"  # noqa: S105 # it is no secret
STATUSES = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 429: "RESOURCE_EXHAUSTED"}


class GmailVendor(Vendor):
    """A mailbox that sends to everybody. Any refresh token or key is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Gmail"
    connection: ClassVar[Mapping[str, Any]] = {
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-client-secret",
        "refreshToken": "sandbox-refresh-token",
        "user": "support@example.com",
        "from": "Support <support@example.com>",
    }
    host: ClassVar[str] = "gmail.googleapis.com"

    def __init__(self) -> None:
        self._sent: deque[tuple[str, str]] = deque(maxlen=MOST_MESSAGES)

    @classmethod
    def entry(cls, address: str) -> dict[str, Any]:
        """Return the connection, whose tokens come from the sandbox too."""
        return {**super().entry(address), "tokenUrl": f"{address}/token"}

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API, or give a token."""
        if (request.method, request.path) == ("POST", "/token"):
            return token(request.form)
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return problem(401, "authError", "Request had invalid authentication credentials.")
        match request.method, request.path:
            case "POST", path if path == f"{MESSAGES}/send":
                return self._send(request)
            case "GET", "/gmail/v1/users/me/profile":
                return VendorAnswer(200, {"emailAddress": "support@example.com", "messagesTotal": 0}, accepted=True)
            case "GET", path if path == MESSAGES:
                wanted = request.query.get("q", "").removeprefix("rfc822msgid:")
                found = [{"id": id_, "threadId": id_} for id_, message_id in self._sent if message_id == wanted]
                listed = {"messages": found} if found else {}
                return VendorAnswer(200, {**listed, "resultSizeEstimate": len(found)})
            case _:
                return problem(404, "notFound", "Requested entity was not found.")

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in a message's Message-ID."""
        content = raw(request)
        return parsed(content)["key"] if content else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as Google's servers do."""
        reason = "rateLimitExceeded" if status == TOO_MANY_REQUESTS else "backendError"
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return VendorAnswer(status, problem(status, reason, "Try again later.").body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return who wrote to whom, and the text."""
        content = raw(request)
        if content is None:
            return "", ""
        letter = parsed(content)
        return f"{letter['from']} → {letter['to']}", f"{letter['subject']}\n\n{letter['text']}"

    def clear(self) -> None:
        """Forget all messages."""
        self._sent.clear()

    def _send(self, request: ReceivedRequest) -> VendorAnswer:
        content = raw(request)
        if content is None:
            return problem(400, "invalidArgument", "'raw' RFC822 payload message string is required.")
        letter = parsed(content)
        if not letter["to"]:
            return problem(400, "invalidArgument", "Recipient address required")
        id_ = hashlib.sha256(f"{len(self._sent)} {letter['messageId']}".encode()).hexdigest()[:16]
        self._sent.append((id_, letter["messageId"]))
        return VendorAnswer(200, {"id": id_, "threadId": id_, "labelIds": ["SENT"]}, accepted=True)


def raw(request: ReceivedRequest) -> bytes | None:
    """Return the email in a request, if it has one."""
    body = request.json
    try:
        return urlsafe_b64decode(body["raw"]) or None
    except (TypeError, KeyError, ValueError, binascii.Error):
        return None


def token(form: Mapping[str, str]) -> VendorAnswer:
    """Answer one request for a token."""
    given = form.get("refresh_token") or form.get("assertion")
    if not given or "invalid" in given:
        problem_body = {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        return VendorAnswer(400, problem_body)
    return VendorAnswer(200, {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}, accepted=True)


def problem(status: int, reason: str, message: str) -> VendorAnswer:
    """Answer as Google refuses."""
    error = {
        "code": status,
        "message": message,
        "errors": [{"message": message, "domain": "global", "reason": reason}],
        "status": STATUSES.get(status, "UNAVAILABLE"),
    }
    return VendorAnswer(status, {"error": error})
