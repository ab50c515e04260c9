"""What every vendor that the sandbox stands in for has in common."""

from __future__ import annotations

import base64
import binascii
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from workers.sandbox.record import ReceivedRequest, VendorAnswer

MOST_MESSAGES = 20_000
TOO_MANY_REQUESTS = 429


@dataclass(frozen=True, slots=True)
class Panel:
    """What the page shows of a vendor's state, such as a ticket or a mailbox.

    Attributes:
        title: what it is.
        facts: what is known of it, by name.
        entries: what it holds: heading and text of each.
    """

    title: str
    facts: Mapping[str, str]
    entries: Sequence[tuple[str, str]] = ()


class Vendor(ABC):
    """One vendor: checks requests as it would, answers in its shape, and remembers what it took."""

    title: ClassVar[str]
    """What people call it."""
    connection: ClassVar[Mapping[str, Any] | None] = None
    """Credentials that it takes, as an entry of `connections.yaml` has them; None where it needs no connection."""
    host: ClassVar[str | None] = None
    """The vendor's own host: secrets that are bound to it may go to the sandbox; None where it has no one host."""
    root: ClassVar[str] = ""
    """What the paths of its own host begin with, before those that the sandbox knows (`/api`)."""
    stubbed: ClassVar[bool] = False
    """Whether stubs may answer in its place."""
    http: ClassVar[bool] = True
    """Whether it is spoken to by HTTP."""

    @classmethod
    def entry(cls, address: str) -> dict[str, Any]:
        """Return an entry of `connections.yaml`, without its kind, that leads to the vendor at an address."""
        stands_for = {} if cls.host is None else {"standsFor": cls.host}
        return {**(cls.connection or {}), "baseUrl": address, **stands_for}

    @abstractmethod
    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Answer a request whose path is the vendor's own, without its name."""

    def key(self, _request: ReceivedRequest) -> str | None:
        """Return the idempotency key that a request carries, where the vendor has a place for one."""
        return None

    def stub(self, _request: ReceivedRequest, answer: VendorAnswer) -> VendorAnswer:
        """Return the answer to a request that a stub answers in the vendor's place."""
        return answer

    @abstractmethod
    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer in the vendor's shape with a failure that has nothing to do with the request."""

    @abstractmethod
    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return whom a request concerns and what it says, each empty where there is nothing to say."""

    def panels(self) -> Sequence[Panel]:
        """Return what the page shows of what it keeps, the latest first."""
        return ()

    def clear(self) -> None:  # noqa: B027 # many vendors keep nothing
        """Forget what it took."""


@dataclass(frozen=True, slots=True)
class NoStandIn:
    """A kind of connection that the sandbox does not stand in for.

    Attributes:
        reason: why it cannot, and what happens instead: a sentence.
        connection: makes an entry for it that works on this machine without an account, where there is one.
    """

    reason: str
    connection: Callable[[], Mapping[str, Any]] | None = None


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
