"""A mail server: what it takes stands in the mailbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from workers.sandbox.letters import parsed
from workers.sandbox.record import ReceivedRequest, VendorAnswer
from workers.sandbox.vendor import TOO_MANY_REQUESTS, Vendor

REFUSED, LATER = "refused", "later"
"""Beginnings of recipients that have a reason to refuse, for good or for now."""

BUSY = frozenset((TOO_MANY_REQUESTS, 503))


class SmtpVendor(Vendor):
    """A server that takes email for everybody but recipients that begin with `refused` or `later`.

    Any password is good, except one that contains `invalid`. It listens at the port after the sandbox's own.
    """

    title: ClassVar[str] = "Mail"
    connection: ClassVar[Mapping[str, Any]] = {
        "security": "none",
        "username": "sandbox",
        "password": "sandbox-mail-password",
        "from": "Support <support@example.com>",
    }
    http: ClassVar[bool] = False

    @classmethod
    def entry(cls, address: str) -> dict[str, Any]:
        """Return the connection, which has a host and a port in place of an address."""
        at = urlsplit(address)
        return {**(cls.connection or {}), "host": at.hostname or "127.0.0.1", "port": (at.port or 0) + 1}

    def answer(self, request: ReceivedRequest) -> VendorAnswer:
        """Take an email (`method` is DATA); HTTP is not spoken here."""
        if request.method != "DATA":
            return VendorAnswer(404, {"error": "Email comes by SMTP, at the port after this one."})
        queued = parsed(request.raw)["key"] or "0"
        return VendorAnswer(250, f"250 2.0.0 Ok: queued as {queued[:8]}", accepted=True)

    def key(self, request: ReceivedRequest) -> str | None:
        """Return the key in a message's Message-ID."""
        found = parsed(request.raw)["key"]
        return str(found) if found else None

    def failure(self, status: int, retry_after: int | None) -> VendorAnswer:
        """Answer as a server does that is busy, or else with the very code."""
        del retry_after
        if status in BUSY:
            return VendorAnswer(451, "451 4.3.2 Please try again later")
        return VendorAnswer(status, f"{status} Something went wrong")

    def summary(self, request: ReceivedRequest) -> tuple[str, str]:
        """Return who wrote to whom, and the text."""
        letter = parsed(request.raw)
        recipients = request.headers.get("rcpt-to", "")
        return f"{letter['from']} → {recipients}", f"{letter['subject']}\n\n{letter['text'] or ''}"
