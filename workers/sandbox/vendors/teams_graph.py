"""Microsoft Graph as far as channels' messages go: posting one, listing them, and the token that it takes."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import MOST_MESSAGES, TOO_MANY_REQUESTS, Vendor
from workers.sandbox.vendors.teams import CARD, MOST_BYTES, TOO_LARGE, card_texts, is_card, refusal

PAGE, MOST_PAGE = 20, 50
REFUSING: Mapping[str, tuple[int, str, str]] = {
    "missing": (404, "NotFound", "The team or channel could not be found."),
    "forbidden": (403, "Forbidden", "The person is no member of the team."),
}
"""Beginnings of ids of teams and channels that have a reason to refuse."""


class TeamsGraphVendor(Vendor):
    """Every team and channel but those whose ids begin with `missing` or `forbidden`.

    Any token is good, except one that contains `invalid`.
    """

    title: ClassVar[str] = "Microsoft Graph"
    connection: ClassVar[Mapping[str, Any]] = {
        "tenantId": "sandbox-tenant",
        "clientId": "sandbox-client",
        "clientSecret": "sandbox-client-secret",
        "refreshToken": "sandbox-refresh-token",
    }
    host: ClassVar[str] = "graph.microsoft.com"

    def __init__(self) -> None:
        self._messages: deque[tuple[tuple[str, str], dict[str, Any]]] = deque(maxlen=MOST_MESSAGES)
        self._last = 0

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one request."""
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        match parts:
            case [_, "oauth2", "v2.0", "token"] if request.method == "POST":
                return _token(request.form)
            case ["v1.0", "me"] if request.method == "GET":
                return _unsigned(request) or VendorAnswer(200, {"id": "1", "displayName": "Sandbox"}, accepted=True)
            case ["v1.0", "teams", team, "channels", channel, "messages"]:
                return self._in_channel(request, (team, channel))
        return refusal(404, "ResourceNotFound", "Resource not found.")

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the id of a message's attachment."""
        ids = [one["id"] for one in _attachments(request.body) if isinstance(one.get("id"), str)]
        return ids[0] if ids else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as Graph does when it throttles, is busy or broken."""
        code = "TooManyRequests" if status == TOO_MANY_REQUESTS else "InternalServerError"
        inner = {"request-id": "00000000-0000-0000-0000-000000000000", "date": "2026-01-01T00:00:00"}
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        error = {"code": code, "message": "Please retry later.", "innerError": inner}
        return VendorAnswer(status, {"error": error}, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return a message's channel and what its cards say."""
        parts = request.path.strip("/").split("/")
        channel = unquote(parts[4]) if parts[3:4] == ["channels"] and len(parts) > 4 else ""  # noqa: PLR2004 # its place
        return channel, " ".join(card_texts([_card(one) for one in _attachments(request.body)]))

    def clear(self) -> None:
        """Forget all messages."""
        self._messages.clear()

    def _in_channel(self, request: ReceivedRequest, place: tuple[str, str]) -> VendorAnswer:
        if unsigned := _unsigned(request):
            return unsigned
        refusing = [error for start, error in REFUSING.items() if any(id_.startswith(start) for id_ in place)]
        if refusing:
            return refusal(*refusing[0])
        return self._post(request, place) if request.method == "POST" else self._list(request, place)

    def _post(self, request: ReceivedRequest, place: tuple[str, str]) -> VendorAnswer:
        if len(request.raw) > MOST_BYTES:
            return refusal(TOO_LARGE, "RequestEntityTooLarge", "The message is too large.")
        if wrong := _wrong(request.body):
            return refusal(400, "BadRequest", wrong)
        now = datetime.now(UTC)
        self._last = max(self._last + 1, int(now.timestamp() * 1000))
        team, channel = place
        message = {
            "id": str(self._last),
            "etag": str(self._last),
            "messageType": "message",
            "createdDateTime": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "webUrl": f"https://teams.microsoft.com/l/message/{channel}/{self._last}",
            "channelIdentity": {"teamId": team, "channelId": channel},
            "body": request.body["body"],
            "attachments": _attachments(request.body),
        }
        self._messages.append((place, message))
        return VendorAnswer(201, message, accepted=True)

    def _list(self, request: ReceivedRequest, place: tuple[str, str]) -> VendorAnswer:
        try:
            size, start = int(request.query.get("$top", PAGE)), int(request.query.get("$skiptoken", 0))
        except ValueError:
            size, start = 0, 0
        if not 0 < size <= MOST_PAGE:
            return refusal(400, "BadRequest", f"$top is between 1 and {MOST_PAGE}.")
        fitting = [message for where, message in reversed(self._messages) if where == place]
        end = start + size
        more = {"@odata.nextLink": f"{request.path}?$top={size}&$skiptoken={end}"} if len(fitting) > end else {}
        return VendorAnswer(200, {"value": fitting[start:end], **more})


def _unsigned(request: ReceivedRequest) -> VendorAnswer | None:
    """Return the refusal of a request that is not signed in, None where it is."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme == "Bearer" and token and "invalid" not in token:
        return None
    return refusal(401, "InvalidAuthenticationToken", "Access token is empty or not valid.")


def _token(form: Mapping[str, str]) -> VendorAnswer:
    given = [form.get(name, "") for name in ("client_id", "client_secret", "refresh_token")]
    if form.get("grant_type") != "refresh_token" or not all(given):
        return VendorAnswer(400, {"error": "invalid_request", "error_description": "A parameter is missing."})
    if any("invalid" in one for one in given):
        return VendorAnswer(400, {"error": "invalid_grant", "error_description": "The refresh token has expired."})
    token = {"token_type": "Bearer", "expires_in": 3600, "access_token": "sandbox-graph-token"}
    return VendorAnswer(200, {**token, "refresh_token": given[2]})


def _wrong(body: Any) -> str | None:
    text = body.get("body") if isinstance(body, dict) else None
    if not isinstance(text, dict) or not isinstance(text.get("content"), str) or not text["content"]:
        return "The message has no body."
    for attachment in _attachments(body):
        if f'<attachment id="{attachment.get("id")}"></attachment>' not in text["content"]:
            return "An attachment is not referred to in the body."
        if attachment.get("contentType") == CARD and not is_card(_card(attachment)):
            return "The content of an attachment is no Adaptive Card written as text."
    return None


def _attachments(body: Any) -> list[dict[str, Any]]:
    found = body.get("attachments") if isinstance(body, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _card(attachment: Mapping[str, Any]) -> Any:
    try:
        return json.loads(attachment.get("content", ""))
    except (TypeError, ValueError):
        return None
