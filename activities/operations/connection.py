"""Connections whose operations a description says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from pydantic import Field

from activities.connections import Connection, Connections
from activities.descriptions.index import Index
from activities.descriptions.source import BadDescriptionError, DescriptionSource
from activities.descriptions.store import Store
from activities.errors import Refused, UnknownOperation
from activities.operations.contract import DescribedOperation, ServiceProfile, no_such_operation


class DescribedConnection(Connection):
    """What a connection has whose operations `execute_connector_action` carries out."""

    profile: ClassVar[ServiceProfile]

    description: str | None = Field(
        default=None, description="File or address of the service's description, instead of the usual one."
    )
    aliases: dict[str, str] = Field(
        default_factory=dict, description="Names of your own for operations: `{refund_order: refundCreate}`."
    )

    @classmethod
    def signed(cls, entry: Mapping[str, Any]) -> frozenset[str]:
        """Return the names of parameters that a connection's sign-in sends, from its entry in the file."""
        del entry
        return frozenset()

    @classmethod
    def known(cls, entry: Mapping[str, Any]) -> ServiceProfile:
        """Return what is known of the service beyond its description, from a connection's entry in the file."""
        del entry
        return cls.profile

    @classmethod
    def asks(cls, entry: Mapping[str, Any]) -> bool:
        """Say whether people are asked before a step is sent that does not say whether they are."""
        del entry
        return False

    @classmethod
    def source(cls, name: str, entry: Mapping[str, Any], connect: Callable[[], Any]) -> DescriptionSource:
        """Return where the description is.

        Args:
            name: the connection's name.
            entry: its entry in the file, in which variables of the environment may stand.
            connect: makes the connection, for services that describe themselves to who is signed in.

        Raises:
            Refused: no description is known of it.
        """
        del connect
        given = entry.get("description") or cls.profile.usual
        if not isinstance(given, str):
            raise Refused(f"The connection {name!r} must say `description`: a file, or an address.")
        return DescriptionSource(cls.profile.format, given)

    def addresses(self) -> Iterable[str]:
        """Return every host, or address, that this connection says it reaches."""
        described = self.description or ""
        remote = DescriptionSource(self.profile.format, described).remote
        return [*super().addresses(), *([described] if remote else [])]


def directory(
    connections: Connections, kinds: Iterable[type[DescribedConnection]], store: Store, *, action: str, name: str | None
) -> Directory:
    """Return the operations of the connection that a step uses; see `Connections.choose`.

    Raises:
        Refused: no connection fits, or no description is known of it.
    """
    kinds = tuple(kinds)
    chosen = connections.choose(kinds, action=action, name=name)
    kind = connections.kinds.get(str(connections.entries[chosen].get("kind")))
    if kind is None or not issubclass(kind, kinds):
        fitting = ", ".join(one.kind for one in kinds)
        other = connections.entries[chosen].get("kind")
        raise Refused(f"Connection {chosen!r} is of kind {other}; {action} needs one of {fitting}.")
    return Directory(chosen, kind, connections, store)


class Directory:
    """The operations of one connection: all that needs none of its credentials.

    Args:
        name: the connection's name.
        kind: its kind.
        connections: the connections; variables of the environment may be unset.
        store: the descriptions of this machine.

    Raises:
        Refused: no description is known of it.
    """

    def __init__(self, name: str, kind: type[DescribedConnection], connections: Connections, store: Store) -> None:
        entry = connections.entry(name)
        self.name = name
        self.kind = kind
        self.profile = kind.known(entry)
        self.asks = kind.asks(entry)
        self.source = kind.source(name, entry, lambda: connections.get(name))
        self.store = store
        aliases = entry.get("aliases")
        self.signed = kind.signed(entry)
        self.aliases: Mapping[str, str] = aliases if isinstance(aliases, Mapping) else {}

    def index(self) -> Index:
        """Return the index of its description.

        Raises:
            Refused: the description cannot be used.
            NotAtHandError: the description has to be fetched first.
        """
        try:
            return self.store.at_hand(self.source)
        except BadDescriptionError as error:
            raise Refused(str(error)) from None

    def find(self, action_id: str) -> DescribedOperation:
        """Return an operation by its id, or by an alias.

        Raises:
            UnknownOperation: there is none.
            Refused: its description cannot be used.
            NotAtHandError: the description has to be fetched first.
        """
        index = self.index()
        id_ = self.aliases.get(action_id, action_id)
        try:
            return self.profile.operation(index, id_, self.signed)
        except UnknownOperation as unknown:
            if id_ != action_id:
                raise UnknownOperation(f"The alias {action_id!r} of {self.name!r} leads nowhere: {unknown}") from None
            raise no_such_operation(action_id, [*index.ids(), *self.aliases]) from None
