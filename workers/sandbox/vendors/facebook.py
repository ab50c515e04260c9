"""Facebook's Graph API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor


class FacebookVendor(Vendor):
    """A page without conversations."""

    title: ClassVar[str] = "Facebook"
    connection: ClassVar[Mapping[str, Any]] = {"pageToken": "sandbox-facebook-page-token"}
    host: ClassVar[str] = "graph.facebook.com"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        return problem(404, 100, f"There is no {request.path}.")

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
        return VendorAnswer(status, problem(status, 4 if retry_after is not None else 2, "Try later").body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the call."""
        return "", f"{request.method} {request.path}"


def problem(status: int, code: int, message: str) -> VendorAnswer:
    """Answer as Facebook refuses."""
    return VendorAnswer(status, {"error": {"message": message, "type": "OAuthException", "code": code}})
