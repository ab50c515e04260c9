"""What every vendor that the sandbox stands in for has in common."""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from typing import ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer

MOST_MESSAGES = 20_000
TOO_MANY_REQUESTS = 429


class Vendor(ABC):
    """One vendor: checks requests as it would, answers in its shape, and remembers what it took."""

    name: ClassVar[str]
    """First part of the path under which it answers."""
    title: ClassVar[str]
    """What people call it."""

    @abstractmethod
    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer a request whose path is the vendor's own, without its name."""

    def key(self, _request: ReceivedRequest) -> str | None:
        """Return the idempotency key that a request carries, where the vendor has a place for one."""
        return None

    @abstractmethod
    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer in the vendor's shape with a failure that has nothing to do with the request."""

    @abstractmethod
    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return whom a request concerns and what it says, each empty where there is nothing to say."""

    @abstractmethod
    def clear(self) -> None:
        """Forget all messages."""


def basic(request: ReceivedRequest) -> tuple[str, str] | None:
    """Return user and password of HTTP Basic, or None where the header is missing or malformed."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if colon else None
