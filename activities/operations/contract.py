"""What is asked of an operation, whatever language describes it: GraphQL and MCP answer the same questions.

A kind of connection has a profile; the profile finds an operation in an index; the operation judges params, shows the
request that they make, and carries it out.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from activities.connections import Connection
from activities.context import Context
from activities.descriptions.flaws import Flaw, Open, nearest
from activities.descriptions.index import Index
from activities.descriptions.source import Format
from activities.errors import UnknownOperation

Repeat = Literal["safe", "keyed", "never"]

SOME = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """What is decided about an operation when a run is planned.

    Attributes:
        digest: changes with whatever a request to it depends on.
        method: GET, POST, …
        repeat: what an unknown outcome allows.
        key: what carries the step's idempotency key, such as a header; None where nothing does.
        window: seconds within which the service dedupes by the key; None where it does not say.
        fixed: whether nothing is sent once it has changed, unless people release it as it is then.
        requests: most requests that one attempt sends where nothing goes wrong.
    """

    digest: str
    method: str
    repeat: Repeat
    key: str | None = None
    window: float | None = None
    fixed: bool = False
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The request that params make, as people see it who approve it.

    Attributes:
        method: GET, POST, …
        address: where it goes, without what signs it in.
        body: what it carries; None where that is nothing.
    """

    method: str
    address: str
    body: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceAnswer:
    """What a service answered.

    Attributes:
        status: HTTP status.
        headers: headers by lower-case name; none of what a look-up found.
        body: what the operation gave.
        identity: what tells it from any other of the service's, where a look-up finds it by what was sent; None where
            it would be found by the step's key, or not at all.
    """

    status: int
    headers: Mapping[str, str]
    body: Any = field(repr=False)
    identity: str | None = None


Look = Callable[[Context, Connection, Mapping[str, Any], datetime], Awaitable[Sequence[ServiceAnswer]]]
"""Looks at a service for what params may have done since an instant, and returns every answer that would be the step's.

It sends nothing that anybody would notice.
"""


class DescribedOperation(Protocol):
    """One operation of a service."""

    @property
    def id(self) -> str:
        """Its id in the description."""

    @property
    def summary(self) -> str:
        """One line."""

    def pin(self) -> Pin:
        """Return what is decided about it when a run is planned."""

    def schema(self) -> dict[str, Any]:
        """Return the JSON Schema of its params."""

    def flaws(self, params: Mapping[str, Any], is_open: Open) -> list[Flaw]:
        """Return what is wrong with params; what `is_open` names may still become anything."""

    def preview(self, connection: Connection, params: Mapping[str, Any]) -> Preview:
        """Return the request that params make.

        Raises:
            Refused: they make none.
        """

    async def call(self, context: Context, connection: Connection, params: Mapping[str, Any]) -> ServiceAnswer:
        """Carry it out.

        Raises:
            Refused: it will never succeed.
            Unavailable: it had no effect and may succeed later.
            OutcomeUnknown: it may have had its effect.
        """

    @property
    def look(self) -> Look | None:
        """What finds out after an unknown outcome whether it was carried out; None where its service cannot tell."""


class ServiceProfile(Protocol):
    """What is known of a service beyond its description."""

    @property
    def format(self) -> Format:
        """The language of its description."""

    @property
    def usual(self) -> str | None:
        """Where its description is, unless the connection says otherwise."""

    def operation(self, index: Index, id_: str, signed: frozenset[str] = frozenset()) -> DescribedOperation:
        """Return an operation.

        Args:
            index: the description's index.
            id_: the operation's id.
            signed: names of parameters that the connection's sign-in sends, so that they are nobody else's.

        Raises:
            UnknownOperation: there is none of that id.
            Refused: the description contradicts itself there.
        """


def no_such_operation(id_: str, known: Iterable[str]) -> UnknownOperation:
    """Return the error for an operation that a description does not have."""
    every = list(known)
    more = f" and {len(every) - SOME:,} more" if len(every) > SOME else ""
    has = nearest(id_, every) or f"It has {', '.join(every[:SOME]) or 'none'}{more}."
    return UnknownOperation(f"The description has no operation {id_!r:.100}. {has}")
