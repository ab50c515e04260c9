"""What is known of a service beyond its OpenAPI description: sign-in, repeats, limits, what its connection gives."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from activities.connections import Connection
from activities.openapi.lookups import LookUp
from activities.openapi.operation import Operation
from activities.operations.contract import Repeat
from activities.rest.service import Service

C = TypeVar("C", bound=Connection)

SAFE = frozenset(("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"))
"""Methods that HTTP calls idempotent."""

KEY = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHeader:
    """A header by which a service dedupes.

    Attributes:
        header: its name.
        window: seconds within which the service remembers it; None where it does not say.
    """

    header: str = KEY
    window: float | None = None


def described_key(one: Operation) -> KeyHeader | None:
    """Return the key of an operation whose description has the header that is usual for it."""
    named = any(part.place == "header" and part.name.lower() == KEY.lower() for part in one.parameters)
    return KeyHeader() if named else None


def _once(one: Operation) -> bool:
    return one.method not in SAFE


def _no_look_up(_one: Operation) -> LookUp | None:
    return None


def _nothing(_connection: Any) -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Extras:
    """What signs a request in beside headers.

    Attributes:
        query: names and values of the query.
        cookies: names and values of cookies.
    """

    query: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)

    def cookie(self, own: str | None = None) -> dict[str, str]:
        """Return the header Cookie, where there is one.

        Args:
            own: what stands in it besides.
        """
        mine = [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in self.cookies.items()]
        return {"Cookie": "; ".join([*filter(None, [own]), *mine])} if mine else {}


def no_extras(_connection: Any) -> Extras:
    """Return nothing: the service is signed in to by headers alone."""
    return Extras()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conventions(Generic[C]):
    """What is known of a service that OpenAPI describes.

    Attributes:
        service: its address, sign-in, errors and limits; or a function of the connection, where that says the sign-in.
        usual: where its description is, unless the connection says otherwise.
        key: the header by which it dedupes an operation, where it does.
        replayed: statuses that it keeps with a key, and answers again to whoever asks again.
        once: whether an operation must not be repeated where no key says otherwise; by default by its method.
        look_up: how it is asked what became of an operation, where it has a way to tell.
        supplied: parameters that the connection gives where a step does not, by name.
        names: their names.
        dropped: parameters that are the sign-in's, and nobody else's.
        json_texts: whether lists and objects are written as JSON where the description wants a text.
        accept: the type of answer that it wants to be asked for.
        extras: what signs a request in beside headers.
    """

    service: Service[C] | Callable[[C], Service[C]]
    usual: str | None = None
    key: Callable[[Operation], KeyHeader | None] = described_key
    replayed: frozenset[int] = frozenset()
    once: Callable[[Operation], bool] = _once
    look_up: Callable[[Operation], LookUp | None] = _no_look_up
    supplied: Callable[[C], Mapping[str, str]] = _nothing
    names: frozenset[str] = frozenset()
    dropped: frozenset[str] = frozenset()
    json_texts: bool = False
    accept: str | None = None
    extras: Callable[[C], Extras] = no_extras

    def service_of(self, connection: C) -> Service[C]:
        """Return the service as a connection signs in to it."""
        return self.service if isinstance(self.service, Service) else self.service(connection)

    def repeat(self, one: Operation) -> Repeat:
        """Return what an unknown outcome of an operation allows."""
        if not self.once(one):
            return "safe"
        return "never" if self.key(one) is None else "keyed"
