"""Kustomer's organization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Vendor


class KustomerVendor(Vendor):
    """An organization; any key is good, except one that contains `invalid`."""

    title: ClassVar[str] = "Kustomer"
    connection: ClassVar[Mapping[str, Any]] = {"org": "sandbox", "apiKey": "sandbox-kustomer-key"}

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        return problem(404, "not_found", f"There is no {request.path}.")

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"x-ratelimit-reset": str(retry_after), "x-ratelimit-remaining": "0"}
        return VendorAnswer(status, problem(status, "error", "Something went wrong").body, headers)

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return nothing."""
        return "", f"{request.method} {request.path}"


def problem(status: int, code: str, message: str) -> VendorAnswer:
    """Answer as Kustomer refuses."""
    return VendorAnswer(status, {"errors": [{"code": code, "message": message, "meta": {}}]})
