"""What is known of a GraphQL service beyond its schema: its endpoint, sign-in, limits and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from activities.connections import Connection
from activities.graphql.answers import LATER
from activities.openapi.conventions import Extras, no_extras
from activities.rest.service import Service

C = TypeVar("C", bound=Connection)


def _own_end(connection: Connection) -> str:
    """Return what stands behind the address without a slash at its end: some services want the slash."""
    return "/" if (connection.base_url or "").endswith("/") else ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphQlConventions(Generic[C]):
    """What is known of a service that GraphQL describes.

    Attributes:
        service: its address, sign-in, errors and limits; or a function of the connection, where that says the sign-in.
        usual: where its description is, unless the connection says otherwise.
        path: where below the service's address its one endpoint is.
        window: seconds within which it dedupes by a key; None where it does not say.
        later: codes of errors after which the same request may be taken.
        extras: what signs a request in beside headers.
    """

    service: Service[C] | Callable[[C], Service[C]]
    usual: str | None = None
    path: Callable[[C], str] = _own_end
    window: float | None = None
    later: frozenset[str] = LATER
    extras: Callable[[C], Extras] = no_extras

    def service_of(self, connection: C) -> Service[C]:
        """Return the service as a connection signs in to it."""
        return self.service if isinstance(self.service, Service) else self.service(connection)

    def endpoint(self, connection: C) -> str:
        """Return the address that every request goes to."""
        return self.service_of(connection).base(connection) + self.path(connection)
