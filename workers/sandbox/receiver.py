"""A plain HTTP receiver: takes anything, tells what it got, and can be taught answers."""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from workers.sandbox.record import ReceivedRequest, VendorAnswer, masked
from workers.sandbox.vendor import Vendor

MOST_GIST = 500
PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class Stub(BaseModel):
    """An answer that the receiver was taught."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(
        description="Path below /http; {name} stands for one part of it: /shop/orders/{id}.", pattern="^/"
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = Field(
        default=None, description="Which method; all if not given."
    )
    status: int = Field(default=200, ge=200, le=599, description="HTTP status.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of the answer.")
    body: Any = Field(
        default=None, description="Body: text as it stands, anything else as JSON; {name} in it is filled in."
    )

    def match(self, request: ReceivedRequest) -> dict[str, str] | None:
        """Return the parts that the placeholders stand for, or None where another request is meant."""
        if self.method not in (None, request.method):
            return None
        pieces = PLACEHOLDER.split(self.path)
        pattern = "".join(
            f"(?P<{piece}>[^/]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
        )
        found = re.fullmatch(pattern, request.path)
        return None if found is None else found.groupdict()


class Receiver(Vendor):
    """Anybody's API: answers `{"received": …}` to everything it was taught nothing about."""

    name: ClassVar[str] = "http"
    title: ClassVar[str] = "HTTP"

    def __init__(self) -> None:
        self.stubs: list[Stub] = []

    def stub(self, stub: Stub) -> None:
        """Answer like this from now on; what was taught last wins."""
        self.stubs.insert(0, stub)

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer as taught, else with what arrived."""
        for stub in self.stubs:
            parts = stub.match(request)
            if parts is not None:
                return VendorAnswer(stub.status, fill(stub.body, parts), stub.headers, accepted=stub.status < 400)  # noqa: PLR2004 - HTTP's first failure
        received = {
            "method": request.method,
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
            status, {"error": "told to fail"}, {} if retry_after is None else {"Retry-After": str(retry_after)}
        )

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return the beginning of the body."""
        body = request.body
        text = "" if body is None else body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        return "", text if len(text) <= MOST_GIST else f"{text[:MOST_GIST]}…"

    def clear(self) -> None:
        """Nothing to forget: what was taught stays."""


def fill(body: Any, parts: dict[str, str]) -> Any:
    """Return a taught body with the path's parts in the place of their names."""
    if isinstance(body, str):
        return PLACEHOLDER.sub(lambda match: parts.get(match[1], match[0]), body)
    if isinstance(body, list):
        return [fill(item, parts) for item in body]
    if isinstance(body, dict):
        return {name: fill(value, parts) for name, value in body.items()}
    return body
