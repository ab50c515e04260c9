"""CloudTalk's SMS endpoint; it answers 200 also where it did not send."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.phones import E164, MOST_TEXT, NOT_ALLOWED, NOT_OURS, QUEUE_FULL, UNREACHABLE
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import TOO_MANY_REQUESTS, Vendor, basic

LIMIT = 60
RECIPIENTS = {NOT_ALLOWED: "Not allowed country.", UNREACHABLE: "SMS send failed"}
SENDERS = {NOT_OURS: "Bad number configuration", QUEUE_FULL: "Limit exceeded"}


class CloudTalkVendor(Vendor):
    """A company that owns every number; the test numbers (+1500555000…) are refused as CloudTalk words it.

    Any key is good, except a secret that contains `invalid`.
    """

    title: ClassVar[str] = "CloudTalk"
    connection: ClassVar[Mapping[str, Any]] = {"keyId": "sandbox-key-id", "keySecret": "sandbox-key-secret"}
    host: ClassVar[str] = "my.cloudtalk.io"
    root: ClassVar[str] = "/api"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        given = basic(request)
        if given is None or not all(given) or "invalid" in given[1]:
            return problem(401, "Unauthorized action")
        if (request.method, request.path) == ("GET", "/numbers/index.json"):
            number = {"CallNumber": {"id": "1", "internal_name": "Support", "caller_id_e164": "+15550100"}}
            return VendorAnswer(200, {"responseData": {"itemsCount": 1, "data": [number]}}, accepted=True)
        if (request.method, request.path) != ("POST", "/sms/send.json"):
            return problem(404, "Not Found")
        body = request.json
        if not isinstance(body, dict) or not request.headers.get("content-type", "").startswith("application/json"):
            return problem(400, "Bad request: the body must be a JSON object")
        recipient, message, sender = (str(body.get(name) or "") for name in ("recipient", "message", "sender"))
        if not (recipient and message and sender) or len(message) > MOST_TEXT:
            return problem(400, "Bad request: recipient, message (at most 1600 characters) and sender are required")
        return send(recipient, message, sender)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer a rate limit with CloudTalk's own headers: it has no Retry-After."""
        headers = {}
        if retry_after is not None:
            reset = {"X-CloudTalkAPI-Limit": str(LIMIT), "X-CloudTalkAPI-Remaining": "0"}
            headers = {**reset, "X-CloudTalkAPI-ResetTime": str(int(time.time()) + retry_after)}
        sentence = "Too many requests" if status == TOO_MANY_REQUESTS else "Something went wrong."
        return VendorAnswer(status, problem(status, sentence).body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a message's numbers and text."""
        body = request.json
        if not isinstance(body, dict):
            return "", ""
        return f"{body.get('sender')} → {body.get('recipient')}", str(body.get("message") or "")


def send(recipient: str, message: str, sender: str) -> VendorAnswer:
    """Send a message, or answer why not."""
    invalid = not E164.fullmatch(recipient) or not E164.fullmatch(sender)
    refused = "Unknown number" if invalid else RECIPIENTS.get(recipient) or SENDERS.get(sender)
    if refused:
        return VendorAnswer(200, {"responseData": {"success": False, "data": refused}})
    data = {"recipient": recipient, "message": message, "sender": sender, "country_code": None}
    return VendorAnswer(200, {"responseData": {"success": True, "data": data}}, accepted=True)


def problem(status: int, message: str) -> VendorAnswer:
    """Answer as CloudTalk refuses."""
    return VendorAnswer(status, {"responseData": {"status": status, "message": message}})
