"""Aircall's company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor


class AircallVendor(Vendor):
    """A company that has no contacts."""

    title: ClassVar[str] = "Aircall"
    connection: ClassVar[Mapping[str, Any]] = {"apiId": "sandbox-aircall-id", "apiToken": "sandbox-aircall-token"}
    host: ClassVar[str] = "api.aircall.io"

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        return problem(404, "Not Found", f"There is no {request.path}.")

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"X-AircallApi-Reset": str(retry_after), "X-AircallApi-Remaining": "0"}
        return VendorAnswer(status, problem(status, "error", "Something went wrong").body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the call."""
        return "", f"{request.method} {request.path}"


def problem(status: int, error: str, troubleshoot: str) -> VendorAnswer:
    """Answer as Aircall refuses."""
    return VendorAnswer(status, {"error": error, "troubleshoot": troubleshoot})
