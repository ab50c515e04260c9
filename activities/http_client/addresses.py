"""Which addresses a request may reach: how a URL is read, and what is public, allowed or neither."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from urllib.parse import quote, urljoin

from activities.bounds import cut
from activities.errors import Refused

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

DEFAULT_PORTS = {"https": 443, "http": 80}
MAX_URL = 8_000

FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<target>[^#]*)")
AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*\.?")
NUMERIC_LABEL = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE)
DOT_SEGMENT = re.compile(r"/(?:\.|%2e){1,2}(?=[/?]|$)", re.IGNORECASE)
CLEAN_TARGET = re.compile(r"(?:%[0-9A-Fa-f]{2}|[A-Za-z0-9\-._~!$&'()*+,;=:@/?])*")
STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

NAT64 = IPv6Network("64:ff9b::/96")
RESERVED: tuple[IPNetwork, ...] = (
    IPv6Network("64:ff9b:1::/48"),  # NAT64 for local use
    IPv6Network("100::/32"),  # discard prefixes, more of them than Python knows
    IPv4Network("192.88.99.0/24"),  # 6to4 relays
)


def public(address: IPAddress) -> bool:
    """Say whether an address is on the public internet.

    `ipaddress.is_global` alone lets through multicast, site-local, 6to4 and NAT64 forms of private addresses.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return public(address.ipv4_mapped)
        if address.is_site_local or address.sixtofour or address.teredo or address in NAT64:
            return False
    if any(address.version == network.version and address in network for network in RESERVED):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: the parts of its URL, read once so that nobody can read them differently later.

    Attributes:
        scheme: `https` or `http`.
        host: lower-case ASCII name, or an address without brackets.
        port: 1 to 65535.
        path: path and query, percent-encoded.
        address: the host where it is an address and no name.
    """

    scheme: str
    host: str
    port: int
    path: str
    address: IPAddress | None

    @classmethod
    def parse(cls, url: str) -> Target:
        """Read an absolute URL.

        Raises:
            Refused: it is no URL that can mean only one thing; the sentence says why, without repeating its path.
        """
        if len(url) > MAX_URL:
            raise Refused(f"The URL is {len(url)} characters long; at most {MAX_URL} are allowed.")
        match = URL.match(url)
        if match is None:
            raise Refused("The URL must be absolute, such as https://example.com/path.")
        authority = match["authority"]
        if "@" in authority:
            raise Refused("The URL may not contain user information (the part before '@'): use a header instead.")
        if FORBIDDEN.search(authority) or FORBIDDEN.search(url.split("?", 1)[0]):
            raise Refused(
                "The URL may not contain spaces, control characters or backslashes: write them percent-encoded."
            )
        scheme = match["scheme"].lower()
        if scheme not in DEFAULT_PORTS:
            raise Refused(f"The URL's scheme must be https, not {cut(scheme, 20)!r}.")
        parts = AUTHORITY.fullmatch(authority)
        if parts is None or not parts["host"]:
            raise Refused(
                "The URL must name a host, and after it at most a port, such as https://example.com:8443/path."
            )
        port = int(parts["port"] or DEFAULT_PORTS[scheme])
        if not 0 < port < 65536:  # noqa: PLR2004 - the range of TCP ports
            raise Refused(f"The URL's port must be between 1 and 65535, not {port}.")
        host, address = parse_host(parts["host"])
        return cls(scheme, host, port, encoded(match["target"]), address)

    @classmethod
    def linked(cls, url: str, link: str) -> Target:
        """Read a link that stands in the answer from a URL.

        Raises:
            Refused: it is no link that can mean only one thing.
        """
        try:
            return cls.parse(urljoin(url, link))
        except ValueError:
            raise Refused("The answer has a link that is no valid address.") from None

    def extended(self, query: str) -> Target:
        """Return the same target with more of a query, already encoded."""
        return replace(self, path=f"{self.path}{'&' if '?' in self.path else '?'}{query}")

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be the same for credentials to be sent again."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The URL in its one normal spelling."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_host(written: str) -> tuple[str, IPAddress | None]:
    """Return a host in its one normal spelling, and the address that it is, if it is one.

    Raises:
        Refused: it is neither a name nor an address in its usual form (`127.1` and `0x7f.1` are not).
    """
    if written.startswith("["):
        try:
            address: IPAddress = IPv6Address(written[1:-1])
        except ValueError:
            raise Refused("The URL's host is in brackets but is not an IPv6 address.") from None
        if address.scope_id is not None:  # type: ignore[union-attr] # it was made as an IPv6 address just above
            raise Refused("The URL's host may not name a network interface ('%' in an IPv6 address).")
        return str(address), address
    name = written.lower() if written.isascii() else idna_name(written)
    if not NAME.fullmatch(name) or len(name) > 254:  # noqa: PLR2004 - 253 of the name and a trailing dot
        raise Refused("The URL's host is neither a valid name nor an address.")
    if NUMERIC_LABEL.fullmatch(name.rstrip(".").rpartition(".")[2]):
        try:
            return name, IPv4Address(name)
        except ValueError:
            raise Refused(
                "The URL's host looks like an address: write it as four decimal numbers, or use a name."
            ) from None
    return name, None


def idna_name(written: str) -> str:
    """Return the ASCII form of an international host name."""
    import idna

    try:
        return idna.encode(written, uts46=True).decode("ascii").lower()
    except UnicodeError:
        raise Refused("The URL's host is not a valid international name.") from None


def encoded(target: str) -> str:
    """Return a path and query with everything percent-encoded that must be, and nothing that already is."""
    if DOT_SEGMENT.search(target.partition("?")[0]):
        raise Refused("The URL's path may not contain the segments '.' or '..'.")
    if not CLEAN_TARGET.fullmatch(target):
        try:
            target = quote(STRAY_PERCENT.sub("%25", target), safe="%-._~!$&'()*+,;=:@/?")
        except UnicodeEncodeError:
            raise Refused("The URL contains half of a character (a lone surrogate).") from None
    return target if target.startswith("/") else f"/{target}"


def parse_entry(entry: str) -> tuple[str | IPNetwork, int]:
    """Read one entry of what is allowed: a host or network, and the port it is allowed at (0 for any).

    Raises:
        ValueError: it is neither.
    """
    try:
        return ip_network(entry), 0
    except ValueError:
        parts = AUTHORITY.fullmatch(entry)
    try:
        host, address = parse_host(parts["host"] if parts else "")
    except Refused:
        raise ValueError(
            f"{entry!r} cannot be allowed: write a host, host:port, an address or a network such as 10.0.0.0/8."
        ) from None
    port = int(parts["port"] or 0) if parts else 0
    return (ip_network(address) if address and not port else host.rstrip(".")), port


@dataclass(frozen=True, slots=True)
class Rules:
    """What may be reached: public addresses over HTTPS, and whatever is allowed by name or network.

    Attributes:
        hosts: names that are allowed whatever they resolve to.
        endpoints: (name or address, port) pairs that are allowed.
        networks: addresses that are allowed.
    """

    hosts: frozenset[str]
    endpoints: frozenset[tuple[str, int]]
    networks: tuple[IPNetwork, ...]

    @classmethod
    def of(cls, allow: Iterable[str]) -> Rules:
        """Read entries such as `gateway.internal`, `localhost:8600`, `[::1]:8600`, `10.0.0.7` and `10.0.0.0/8`.

        Raises:
            ValueError: an entry is none of these.
        """
        hosts: set[str] = set()
        endpoints: set[tuple[str, int]] = set()
        networks: list[IPNetwork] = []
        for entry in filter(None, map(str.strip, allow)):
            host, port = parse_entry(entry)
            if not isinstance(host, str):
                networks.append(host)
            elif port:
                endpoints.add((host, port))
            else:
                hosts.add(host)
        return cls(frozenset(hosts), frozenset(endpoints), tuple(networks))

    def names(self, host: str, port: int) -> bool:
        """Say whether a host is allowed by its own name, whatever it resolves to."""
        host = host.rstrip(".")
        return host in self.hosts or (host, port) in self.endpoints

    def contains(self, address: IPAddress, port: int) -> bool:
        """Say whether an address is allowed although it is private or reached over plain HTTP."""
        if (str(address), port) in self.endpoints:
            return True
        return any(address.version == network.version and address in network for network in self.networks)

    def judge_target(self, target: Target) -> None:
        """Refuse a target that can be judged without looking its name up.

        Raises:
            Refused: it is plain HTTP or a private address, and not allowed.
        """
        if target.address is not None:
            self.judge(target.host, target.port, [target.address], plain=target.scheme == "http")
        elif target.scheme == "http" and not (self.names(target.host, target.port) or self.networks or self.endpoints):
            raise insecure(target.host)

    def judge(self, host: str, port: int, addresses: Iterable[IPAddress], *, plain: bool) -> None:
        """Refuse a host of whose addresses even one may not be reached.

        Raises:
            Refused: an address is private or reserved, or the connection would be plain HTTP, and it is not allowed.
        """
        if self.names(host, port):
            return
        for address in addresses:
            if self.contains(address, port):
                continue
            if plain:
                raise insecure(host)
            if not public(address):
                raise Refused(
                    f"Requests to {host} are not allowed: it is not on the public internet. "
                    "An operator can allow it with TRUNKLINE_ALLOW."
                )


def insecure(host: str) -> Refused:
    """Return the refusal of plain HTTP."""
    return Refused(f"Requests to {host} must use https. An operator can allow plain http with TRUNKLINE_ALLOW.")
