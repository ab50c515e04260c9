"""Kustomer's organization: who may ask, how often, and what it answers."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from workers.sandbox.kustomer.answers import KustomerRefusalError, problem
from workers.sandbox.kustomer.calls import dispatched
from workers.sandbox.kustomer.panels import panels
from workers.sandbox.kustomer.resources import SandboxOrganization
from workers.sandbox.kustomer.routes import READS, ROUTES
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import Panel, Vendor

LIMIT, WINDOW = 1_000, 60
SAID = ("body", "preview", "name", "title")
PLACE = re.compile(r"/v[\d.]+/(customers|conversations|companies|klasses|drafts|notes|messages)/([^/]+)")


class KustomerVendor(Vendor):
    """An organization; any key is good, except one that contains `invalid`. One with `readonly` may only read."""

    title: ClassVar[str] = "Kustomer"
    connection: ClassVar[Mapping[str, Any]] = {"org": "sandbox", "apiKey": "sandbox-kustomer-key"}

    def __init__(self) -> None:
        self._org = SandboxOrganization()
        self._window, self._calls = 0, 0

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer one call of the API."""
        try:
            refused = _stopped(request)
            answer = refused or dispatched(self._org, request, ROUTES)
        except KustomerRefusalError as refusal:
            answer = refusal.answer
        return VendorAnswer(answer.status, answer.body, {**answer.headers, **self._counted()}, answer.accepted)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the external id of what a request makes."""
        body = request.json if request.method == "POST" else None
        found = body.get("externalId") if isinstance(body, dict) else None
        return found if isinstance(found, str) else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as its limit does, or as its servers do in bad hours."""
        headers = {} if retry_after is None else {"x-ratelimit-reset": str(retry_after), "x-ratelimit-remaining": "0"}
        limit = {"x-ratelimit-limit": str(LIMIT)}
        return VendorAnswer(status, problem(status, "Something went wrong").body, {**limit, **headers})

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return which record a request concerns, and what it says."""
        place = PLACE.match(request.path)
        body = request.json if isinstance(request.json, dict) else {}
        text = next((body[name] for name in SAID if isinstance(body.get(name), str)), "")
        return f"{place[1]} {place[2]}" if place else "", text

    def panels(self) -> Sequence[Panel]:
        """Return conversations and customers for the page."""
        return panels(self._org)

    def clear(self) -> None:
        """Forget all records."""
        self._org = SandboxOrganization()

    def _counted(self) -> dict[str, str]:
        window, left = divmod(int(time.time()), WINDOW)
        self._window, self._calls = window, self._calls + 1 if window == self._window else 1
        return {
            "x-ratelimit-limit": str(LIMIT),
            "x-ratelimit-remaining": str(max(LIMIT - self._calls, 1)),
            "x-ratelimit-reset": str(WINDOW - left),
        }


def _stopped(request: ReceivedRequest) -> VendorAnswer | None:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not key or "invalid" in key:
        return problem(401, "The API key is missing or wrong.")
    reads = request.method == "GET" or f"{request.method} {request.path}" in READS
    if "readonly" in key and not reads:
        return problem(403, "The API key has no role that may do this.")
    return None
