"""A plain HTTP receiver: takes anything, says what it got, and answers as it is told to by stubs."""

from __future__ import annotations

import json
from typing import ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer, masked
from workers.sandbox.vendor import Vendor

LONGEST_SUMMARY = 500


class HttpVendor(Vendor):
    """Anybody's API: answers `{"received": …}` where no stub says otherwise."""

    title: ClassVar[str] = "HTTP"
    stubbed: ClassVar[bool] = True

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer with what arrived; a sign-in gets a token (RFC 6749, section 5.1)."""
        if request.method == "POST" and "grant_type" in request.form:
            token = {"access_token": "sandbox-token", "token_type": "Bearer", "expires_in": 3600}
            return VendorAnswer(200, token, accepted=True)
        received = {
            "method": request.method,
            **({} if request.host is None else {"host": request.host}),
            "path": request.path,
            "query": dict(request.query),
            "headers": masked(request.headers),
            "body": request.body,
        }
        return VendorAnswer(200, {"received": received}, accepted=True)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the request's Idempotency-Key or webhook-id."""
        return request.headers.get("idempotency-key", "").strip('"') or request.headers.get("webhook-id")

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as any web server would."""
        return VendorAnswer(
            status, {"error": "made to fail"}, {} if retry_after is None else {"Retry-After": str(retry_after)}
        )

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the beginning of the body."""
        body = request.body
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return "", text if len(text) <= LONGEST_SUMMARY else f"{text[:LONGEST_SUMMARY]}…"
