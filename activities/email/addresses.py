"""Addresses of email: one in each text, so that no value can add a recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.headerregistry import Address as HeaderAddress
from typing import Self

from activities.bounds import cut
from activities.errors import Refused
from activities.http_client.addresses import parse_host

NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<at>[^<>]*)>\s*")
LOCAL = re.compile(r"[^\x00-\x20\x7f-\xa0()<>\[\]:;@\\,\"\ud800-\udfff]{1,64}")
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")
ENCODED = re.compile(r"=(?=\?[^?\s]*\?[bq]\?)", re.IGNORECASE)
"""Begins what every reader of a header decodes, line breaks included."""

LONGEST = 254


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mailbox.

    Attributes:
        name: whom it belongs to, as people write it; may be empty.
        local: what stands before the @.
        domain: what stands after it, in ASCII.
    """

    name: str
    local: str
    domain: str

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read `ada@example.com` or `Ada Lovelace <ada@example.com>`.

        Raises:
            ValueError: it is not exactly one address.
        """
        named = NAMED.fullmatch(written.strip())
        at = (named["at"] if named else written).strip()
        name = one_line(named["name"]) if named else ""
        if len(name) > 1 and name[0] == name[-1] == '"':
            name = re.sub(r"\\(.)", r"\1", name[1:-1])
        local, _, domain = at.rpartition("@")
        wrong = ValueError(
            f"{cut(one_line(written), 80)!r} is not one email address, such as ada@example.com or "
            "Ada Lovelace <ada@example.com>; several stand in a list"
        )
        if (
            not LOCAL.fullmatch(local)
            or ENCODED.search(local)
            or local.startswith(".")
            or local.endswith(".")
            or ".." in local
        ):
            raise wrong
        try:
            host, address = parse_host(domain)
        except Refused:
            raise wrong from None
        if address is not None or len(f"{local}@{host}".encode()) > LONGEST:
            raise wrong
        return cls(name, local, host.rstrip("."))

    @property
    def mailbox(self) -> str:
        """The address without the name."""
        return f"{self.local}@{self.domain}"

    @property
    def header(self) -> HeaderAddress:
        """The address as the standard library writes it into a header."""
        return HeaderAddress(self.name, self.local, self.domain)

    def __str__(self) -> str:
        """Return it as JSON APIs take it: the name in quotes, so that nothing in it separates addresses."""
        if not self.name:
            return self.mailbox
        quoted = self.name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{self.mailbox}>'


def one_line(text: str) -> str:
    """Return a text on one line, without anything that a header or a screen could read as more than text."""
    return ENCODED.sub("= ", " ".join(UNPRINTABLE.sub(" ", text).split()))
