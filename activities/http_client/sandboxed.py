"""A sandbox in place of every host: where the guarded client sends what is not to leave the machine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import quote

from activities.http_client.addresses import DEFAULT_PORTS, Target
from activities.http_client.bindings import BoundHost

HOSTS = "/hosts/"
"""Below it the sandbox answers in place of hosts: `/hosts/shop.example.com/orders/1`."""


@dataclass(frozen=True, slots=True)
class SandboxServer:
    """A server that answers in place of all hosts but those that are live.

    No name is looked up and no certificate asked for: the request goes to the sandbox's own address, and its path says
    which host was meant.

    Attributes:
        base: the sandbox's own address.
        live: hosts that are reached themselves.
    """

    base: Target
    live: tuple[BoundHost, ...] = ()

    @classmethod
    def of(cls, url: str, live: Iterable[str] = ()) -> Self:
        """Read a sandbox's address and the hosts that are live (`shop.example.com`, `localhost:3000`, `*.example.com`).

        Raises:
            Refused: the address is none.
            ValueError: a host is none.
        """
        return cls(Target.parse(url), tuple(map(BoundHost.parse, live)))

    @property
    def endpoint(self) -> str:
        """Host and port of the sandbox, as the network guard lets it through."""
        host = f"[{self.base.host}]" if ":" in self.base.host else self.base.host
        return f"{host}:{self.base.port}"

    def in_place_of(self, target: Target) -> Target | None:
        """Return where a request goes instead, or None where its host is live or the sandbox itself."""
        if target.origin == self.base.origin or any(host.admits(target) for host in self.live):
            return None
        name = target.host.rstrip(".")
        name = f"[{name}]" if ":" in name else name
        port = "" if target.port == DEFAULT_PORTS[target.scheme] else f":{target.port}"
        path = f"{self.base.path.rstrip('/')}{HOSTS}{quote(f'{name}{port}', safe='')}{target.path}"
        return replace(self.base, path=path)
