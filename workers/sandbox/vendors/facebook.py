"""Facebook's Graph API: who answers on a page's thread (the Messenger Platform's Handover Protocol)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import TOO_MANY_REQUESTS, Vendor

ME = re.compile(r"/v\d+\.\d+/me")
PATH = re.compile(r"/v(\d+)\.\d+/(\w+)/pass_thread_control")
OLDEST = 8
FIELDS = frozenset(("recipient", "target_app_id", "metadata", "access_token"))
MOST_METADATA = 1_000
THROTTLED, TEMPORARY, UNKNOWN = 32, 2, 1


class FacebookVendor(Vendor):
    """Pages whose threads can all be passed on, with three exceptions by how an id begins.

    A page that begins with `forbidden` may not be acted for, a recipient with `gone` is not there, and one with `taken`
    is already another app's. Any token is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Facebook"
    connection: ClassVar[Mapping[str, Any]] = {"pageToken": "sandbox-facebook-page-token"}
    host: ClassVar[str] = "graph.facebook.com"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        body = request.json if isinstance(request.json, dict) else {}
        token = token_of(request, body)
        if not token or "invalid" in token:
            return problem(400, 190, "Invalid OAuth access token.")
        if request.method == "GET" and ME.fullmatch(request.path):
            return VendorAnswer(200, {"id": "1001", "name": "Sandbox"}, accepted=True)
        place = PATH.fullmatch(request.path)
        if place is None or request.method != "POST" or int(place[1]) < OLDEST:
            return problem(400, 2500, f"Unknown path components: {request.path}")
        if wrong := fault(body):
            return problem(400, 100, f"(#100) {wrong}")
        return refused(place[2], str(body["recipient"]["id"])) or VendorAnswer(200, {"success": True}, accepted=True)

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limits do, in a 400 as often as in a 429, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        code, words = (
            (THROTTLED, "(#32) Page request limit reached")
            if status == TOO_MANY_REQUESTS
            else (TEMPORARY, "Service temporarily unavailable")
            if status >= 500  # noqa: PLR2004 # HTTP's own border
            else (UNKNOWN, "An unknown error occurred")
        )
        return VendorAnswer(status, problem(status, code, words).body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return whose thread it is, and which app gets it."""
        body = request.json if isinstance(request.json, dict) else {}
        recipient = body.get("recipient")
        id_ = recipient.get("id") if isinstance(recipient, dict) else None
        return str(id_ or ""), f"to app {body['target_app_id']}" if body.get("target_app_id") else ""


def token_of(request: ReceivedRequest, body: Mapping[str, Any]) -> str:
    """Return the token of a request, wherever it stands."""
    scheme, _, signed = request.headers.get("authorization", "").partition(" ")
    return signed if scheme == "Bearer" else request.query.get("access_token") or str(body.get("access_token") or "")


def refused(page: str, recipient: str) -> VendorAnswer | None:
    """Return why a thread cannot be passed on, or None where it can."""
    if page.startswith("forbidden"):
        return problem(403, 200, "(#200) Requires pages_messaging permission to manage the object")
    if recipient.startswith("gone"):
        return problem(400, 551, "(#551) This person isn't available right now.")
    if recipient.startswith("taken"):
        return problem(400, 10, "(#10) Message failed to send because another app is controlling this thread now.")
    return None


def fault(body: Mapping[str, Any]) -> str | None:
    """Return what is wrong with a request, or None."""
    recipient, app, metadata = body.get("recipient"), body.get("target_app_id"), body.get("metadata")
    unknown = next((name for name in body if name not in FIELDS), None)
    if unknown is not None:
        return f"Invalid parameter: {unknown}"
    if not isinstance(recipient, dict) or not recipient.get("id"):
        return "The parameter recipient is required"
    if not app or not str(app).isdecimal():
        return "Param target_app_id must be a valid app id"
    if metadata is not None and (not isinstance(metadata, str) or len(metadata) > MOST_METADATA):
        return f"Param metadata must be at most {MOST_METADATA} characters long"
    return None


def problem(status: int, code: int, message: str) -> VendorAnswer:
    """Answer as the Graph API refuses."""
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "SandboxTrace"}
    return VendorAnswer(status, {"error": error})
