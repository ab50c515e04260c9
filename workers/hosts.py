"""Which requests a server on this machine answers: none that the page of somebody else can have a browser send.

A page can send requests to any address of this machine, and with a name of its own that leads here (DNS rebinding) it
could read the answers too. Both show in what the browser says: `Host`, `Origin` and `Sec-Fetch-Site`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Mapping
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches a server that listens there."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_address(host: str) -> bool:
    """Say whether it is an address, which no name server of somebody else's can turn into another."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def host_refusal(host: str | None, extra: Collection[str] = (), *, addresses: bool = False) -> str | None:
    """Return why a request with such a `Host` is not answered, or None.

    Args:
        host: the header's value.
        extra: names by which the server is known beside those of this machine itself.
        addresses: whether any address may be asked, because the server listens at more than this machine's own.
    """
    try:
        name = (urlsplit(f"//{host or ''}").hostname or "").rstrip(".")
    except ValueError:
        name = ""
    if name and (is_loopback(name) or name in extra or (addresses and is_address(name))):
        return None
    known = ", ".join(["localhost", *sorted(extra)])
    return f"This server is not {(host or 'without a name')[:200]!r}: it answers requests for {known} only."


def origin_refusal(headers: Mapping[str, str]) -> str | None:
    """Return why a request that the page of another server made is not answered, or None."""
    origin, host = headers.get("Origin"), headers.get("Host", "")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        return f"Pages of {origin[:200]!r} may not ask."
    read = (
        headers.get("Sec-Fetch-Mode") == "navigate"
    )  # a link to a page, which shows itself to a person and to no script
    if headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"} and not read:
        return "Pages of other servers may not ask."
    return None
