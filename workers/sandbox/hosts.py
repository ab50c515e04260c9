"""Requests in place of a host: which one was meant, and who of the sandbox answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from activities.errors import Refused
from activities.http_client.addresses import Target
from activities.http_client.sandboxed import HOSTS
from workers.sandbox.vendor import Vendor

ANYBODY = "http"
"""The vendor that answers for hosts that are no vendor's."""


class RequestPlace(NamedTuple):
    """Where a request belongs.

    Attributes:
        vendor: name of who answers.
        path: the path as that vendor knows it.
        meant: the host that was meant; None where it was the sandbox itself.
        host: the same as text, with its port where that is not the usual one.
        at: the path as the meant host knows it.
    """

    vendor: str
    path: str
    meant: Target | None = None
    host: str | None = None
    at: str | None = None


def place_of(path: str, vendors: Mapping[str, Vendor]) -> RequestPlace | None:
    """Return where a request of this path belongs: below a vendor's name, or below `/hosts/` in place of a host.

    Returns:
        None where there is no such vendor, or no host.
    """
    if not path.startswith(HOSTS):
        name, slash, rest = path.removeprefix("/").partition("/")
        return RequestPlace(name, f"{slash}{rest}" or "/") if name in vendors else None
    host, _, rest = path.removeprefix(HOSTS).partition("/")
    try:
        meant = Target.parse(f"https://{host}/")
    except Refused:
        return None
    at = f"/{rest}"
    for name, vendor in vendors.items():
        if vendor.host == meant.host and at.startswith(f"{vendor.root}/"):
            return RequestPlace(name, at.removeprefix(vendor.root), meant, host, at)
    return RequestPlace(ANYBODY, at, meant, host, at) if ANYBODY in vendors else None
