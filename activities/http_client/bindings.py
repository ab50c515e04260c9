"""Which hosts a secret may go to: the bindings of `connections.yaml`, and whether they admit a request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from activities.errors import Refused
from activities.http_client.addresses import AUTHORITY, DEFAULT_PORTS, Target, parse_host

HIGHEST_PORT = 65535
SECTION = "secrets"
"""The key of `connections.yaml` that holds the bindings, and so is no connection's name."""

FORM = "`secrets: {shop_token: {hosts: [shop.example.com]}}`"
HOSTS = (
    "A host is an exact name or address, with a port where only that one counts (`shop.example.com`, "
    "`shop.example.com:8443`, `[2001:db8::1]:8443`), or `*.example.com` for every name below it"
)


class BindingError(ValueError):
    """The bindings are not what they should be.

    Args:
        pointer: JSON pointer to the place, from the file's root.
        message: what is wrong and what would be right.
    """

    def __init__(self, pointer: str, message: str) -> None:
        super().__init__(message)
        self.pointer = pointer


@dataclass(frozen=True, slots=True)
class BoundHost:
    """Where a bound secret may go.

    Attributes:
        name: a host in its normal spelling, without a trailing dot.
        port: the only port that counts, or 0 for any.
        below: whether the names below it are meant, at any depth, and not it itself.
    """

    name: str
    port: int
    below: bool

    @classmethod
    def parse(cls, written: Any) -> Self:
        """Read `shop.example.com`, `shop.example.com:8443` or `*.example.com`.

        Raises:
            ValueError: it is none of these.
        """
        wrong = ValueError(f"{HOSTS}; {written!r} is not.")
        if not isinstance(written, str):
            raise wrong
        below = written.startswith("*.")
        parts = AUTHORITY.fullmatch(written.removeprefix("*."))
        if parts is None or (parts["port"] is not None and not 0 < int(parts["port"] or 0) <= HIGHEST_PORT):
            raise wrong
        try:
            name, address = parse_host(parts["host"])
        except Refused:
            raise wrong from None
        if below and address is not None:
            raise wrong
        return cls(name.rstrip("."), int(parts["port"] or 0), below)

    def admits(self, target: Target) -> bool:
        """Say whether a target is this host."""
        name = target.host.rstrip(".")
        same = name.endswith(f".{self.name}") if self.below else name == self.name
        return same and self.port in {0, target.port}

    def __str__(self) -> str:
        """Return it as it is written."""
        name = f"[{self.name}]" if ":" in self.name else self.name
        return f"{'*.' if self.below else ''}{name}{f':{self.port}' if self.port else ''}"


class Bindings:
    """The hosts of every bound secret.

    Args:
        entries: `{"shop_token": {"hosts": ["shop.example.com"]}}`.
        expand: fills environment variables in.

    Raises:
        BindingError: an entry is not like that.
    """

    def __init__(self, entries: Any = None, expand: Callable[[str], str] = str) -> None:
        self.names: list[str] = []
        self._hosts: dict[str, tuple[BoundHost, ...]] = {}
        if entries is None:
            return
        if not isinstance(entries, Mapping):
            raise BindingError(f"/{SECTION}", f"`{SECTION}` says which hosts secrets may go to, as {FORM}.")
        if "kind" in entries and not isinstance(entries["kind"], Mapping):
            raise _no_connection(f"/{SECTION}/kind")
        for name, entry in entries.items():
            pointer = f"/{SECTION}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if _key(name) in self._hosts:
                raise BindingError(pointer, f"The secret {name!r} is bound twice; case makes no difference: keep one.")
            self._hosts[_key(name)] = _hosts(pointer, name, entry, expand)
            self.names.append(str(name))

    def hosts(self, name: str) -> tuple[BoundHost, ...] | None:
        """Return the only hosts that a secret may go to, or None where it may go to any."""
        return self._hosts.get(_key(name))


def _key(name: object) -> str:
    """Return what is the same for every spelling under which a secret is found: variables have no case of their own."""
    return str(name).upper()


def _no_connection(pointer: str) -> BindingError:
    return BindingError(
        pointer,
        f"`{SECTION}` cannot be the name of a connection: it says which hosts secrets may go to, as {FORM}. "
        "Give the connection another name.",
    )


def _hosts(pointer: str, name: object, entry: Any, expand: Callable[[str], str]) -> tuple[BoundHost, ...]:
    if isinstance(entry, Mapping) and "kind" in entry:
        raise _no_connection(f"{pointer}/kind")
    if not isinstance(entry, Mapping) or entry.keys() != {"hosts"}:
        raise BindingError(pointer, f"The secret {name!r} must have `hosts` and nothing else, as {FORM}.")
    hosts = entry["hosts"]
    if not isinstance(hosts, list) or not hosts:
        raise BindingError(
            f"{pointer}/hosts", f"`hosts` of the secret {name!r} must list at least one host, as {FORM}."
        )
    found = []
    for number, written in enumerate(hosts):
        try:
            found.append(BoundHost.parse(expand(written) if isinstance(written, str) else written))
        except KeyError as missing:
            sentence = f"`hosts` of the secret {name!r} need the environment variable {missing.args[0]}: set it."
            raise BindingError(f"{pointer}/hosts/{number}", sentence) from None
        except ValueError as error:
            raise BindingError(f"{pointer}/hosts/{number}", f"The secret {name!r} is bound wrongly. {error}") from None
    return tuple(found)


@dataclass(frozen=True, slots=True)
class StandIn:
    """An address that answers in place of a vendor's: the vendor's host is the one that is meant.

    Attributes:
        base: the address; everything below it is meant.
        host: the vendor's host.
    """

    base: Target
    host: str

    def meant(self, target: Target) -> Target | None:
        """Return where a request would go without the stand-in, or None where it is not concerned."""
        below = f"{target.path.partition('?')[0]}/".startswith(f"{self.base.path.rstrip('/')}/")
        if target.origin != self.base.origin or not below:
            return None
        return replace(target, scheme="https", host=self.host, port=DEFAULT_PORTS["https"], address=None)


@dataclass(frozen=True, slots=True)
class BoundSecret:
    """A bound secret that an attempt has filled in.

    Attributes:
        name: its name.
        hosts: where it may go.
        found: says whether its value stands in a text, however it is written; None where it is too short to be told
            from other text.
    """

    name: str
    hosts: tuple[BoundHost, ...]
    found: Callable[[str], bool] | None

    def may_go(self, target: Target) -> bool:
        """Say whether it is bound to the host of a target."""
        return any(host.admits(target) for host in self.hosts)

    def stands_in(self, texts: Iterable[str | bytes]) -> bool:
        """Say whether it may stand in what is sent."""
        if self.found is None:
            return True
        return any(self.found(text.decode("latin-1") if isinstance(text, bytes) else text) for text in texts)

    def refusal(self, target: Target) -> Refused:
        """Return why it does not go there."""
        place = f"[{target.host}]" if ":" in target.host else target.host
        return Refused(
            f"The secret {self.name!r} may go to {', '.join(map(str, self.hosts))} only, as `{SECTION}` in "
            f"connections.yaml says, and this request goes to {place}:{target.port}: nothing was sent there."
        )
