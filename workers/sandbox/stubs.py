"""Answers that somebody wants from the plain receiver instead of its own."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from activities.http_client.addresses import Target
from activities.http_client.bindings import BoundHost
from workers.sandbox.record import ReceivedRequest, VendorAnswer

PLACEHOLDER = re.compile(r"\{([a-z_][a-z0-9_]*)\}")


class Stub(BaseModel):
    """An answer to requests of one path, of one host or of the receiver at /http."""

    model_config = ConfigDict(extra="forbid")

    host: str | None = Field(
        default=None,
        description="Host that is answered for: shop.example.com, shop.example.com:8443 or *.example.com. "
        "Without it the receiver at /http.",
    )
    path: str = Field(
        description="Path of the host, or below /http; {name} stands for one part of it: /shop/orders/{id}.",
        pattern="^/",
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] | None = Field(
        default=None, description="Which method; all if not given."
    )
    status: int = Field(default=200, ge=200, le=599, description="HTTP status.")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers of the answer.")
    body: Any = Field(
        default=None, description="Body: text as it stands, anything else as JSON; {name} in it is filled in."
    )

    @field_validator("host")
    @classmethod
    def _is_a_host(cls, value: str | None) -> str | None:
        return None if value is None else str(BoundHost.parse(value))

    def match(self, request: ReceivedRequest, meant: Target | None) -> dict[str, str] | None:
        """Return the parts that the placeholders stand for, or None where another request is meant."""
        if self.method not in (None, request.method) or not self._is_for(meant):
            return None
        pieces = PLACEHOLDER.split(self.path)
        pattern = "".join(
            f"(?P<{piece}>[^/]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
        )
        found = re.fullmatch(pattern, request.path)
        return None if found is None else found.groupdict()

    def _is_for(self, meant: Target | None) -> bool:
        if self.host is None or meant is None:
            return self.host is None and meant is None
        return BoundHost.parse(self.host).admits(meant)


class Stubs:
    """The stubs of one sandbox; of several that fit a request the latest wins."""

    def __init__(self) -> None:
        self._latest_first: list[Stub] = []

    def add(self, stub: Stub) -> None:
        """Answer like this from now on."""
        self._latest_first.insert(0, stub)

    def answer(self, request: ReceivedRequest, meant: Target | None = None) -> VendorAnswer | None:
        """Return the answer that a stub gives to a request, None where none fits.

        Args:
            request: the request, with its path as the host or the receiver knows it.
            meant: the host that was meant, where it was not the sandbox itself.
        """
        for stub in self._latest_first:
            parts = stub.match(request, meant)
            if parts is not None:
                return VendorAnswer(stub.status, fill(stub.body, parts), stub.headers, accepted=stub.status < 400)  # noqa: PLR2004 - HTTP's first failure
        return None

    def shown(self) -> list[dict[str, Any]]:
        """Return all of them, the latest first."""
        return [stub.model_dump() for stub in self._latest_first]

    def clear(self) -> None:
        """Forget all of them."""
        self._latest_first.clear()


def fill(body: Any, parts: dict[str, str]) -> Any:
    """Return a stub's body with the path's parts in the place of their names."""
    if isinstance(body, str):
        return PLACEHOLDER.sub(lambda match: parts.get(match[1], match[0]), body)
    if isinstance(body, list):
        return [fill(item, parts) for item in body]
    if isinstance(body, dict):
        return {name: fill(value, parts) for name, value in body.items()}
    return body
