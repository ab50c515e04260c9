"""The records of an organization: what they are made of, where they are kept, and who holds which identifier."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from workers.sandbox.kustomer.answers import refusal

MOST_OF_A_TYPE = 5_000
ORG = "sandbox"
BUSY = "busy"
"""Beginning of the ids of records that somebody else changes just before every update."""

MACHINE = "machine-user"
"""Id of the user whose key signs requests in."""

PATHS = {
    "company": "companies",
    "klass": "klasses",
    "work_item": "routing/work-items",
    "work_session": "routing/work-sessions",
}
"""Where records are whose path is not their type with an `s`."""

Identifier = tuple[str, str]
"""What is unique in an organization, and its value: `("email", "ada@example.com")`."""


def stamp(at: datetime | None = None) -> str:
    """Return an instant, by default now, as Kustomer writes it."""
    return (at or datetime.now(UTC)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class Resource:
    """One record.

    Attributes:
        type: such as `customer`.
        id: unique within its type.
        attributes: by Kustomer's names.
        relations: type and id of what it belongs to, by the relation's name.
    """

    type: str
    id: str
    attributes: dict[str, Any] = field(default_factory=dict)
    relations: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = stamp()
        times = dict.fromkeys(("createdAt", "updatedAt", "modifiedAt"), self.attributes.get("createdAt") or now)
        self.attributes = {**self.attributes, **times, "rev": self.attributes.get("rev") or 1}
        self.relations.setdefault("org", ("org", ORG))
        self.relations.setdefault("createdBy", ("user", MACHINE))

    def related(self, name: str) -> str | None:
        """Return the id of what it belongs to."""
        found = self.relations.get(name)
        return found[1] if found else None

    def touch(self) -> None:
        """Have changed now."""
        self.attributes |= {"updatedAt": stamp(), "modifiedAt": stamp(), "rev": self.attributes["rev"] + 1}

    def written(self) -> dict[str, Any]:
        """Return it as Kustomer writes it."""
        relations = {
            name: {"data": {"type": type_, "id": id_}, "links": {"self": address(type_, id_)}}
            for name, (type_, id_) in self.relations.items()
        }
        return {
            "type": self.type,
            "id": self.id,
            "attributes": dict(self.attributes),
            "relationships": relations,
            "links": {"self": address(self.type, self.id)},
        }


def address(type_: str, id_: str) -> str:
    """Return the path of a record."""
    return f"/v1/{PATHS.get(type_, f'{type_}s')}/{id_}"


class SandboxOrganization:
    """All records, by type and id; the oldest of a type are forgotten when there are too many."""

    def __init__(self) -> None:
        self._kept: dict[str, OrderedDict[str, Resource]] = {}
        self._gone: set[tuple[str, str]] = set()
        self._holders: dict[tuple[str, Identifier], str] = {}
        self._held: dict[tuple[str, str], set[Identifier]] = {}
        self._count = 0

    def new_id(self) -> str:
        """Return an id that nothing has."""
        self._count += 1
        return f"66{self._count:022x}"

    def all(self, type_: str, **relations: str) -> list[Resource]:
        """Return the records of a type, oldest first, of those that belong to records with these ids."""
        return [
            one
            for one in self._kept.get(type_, {}).values()
            if all(one.related(name) == id_ for name, id_ in relations.items())
        ]

    def find(self, type_: str, id_: str | None) -> Resource | None:
        """Return a record, or None where there is none."""
        return self._kept[type_].get(id_) if id_ and type_ in self._kept else None

    def was_deleted(self, type_: str, id_: str) -> bool:
        """Say whether there was such a record."""
        return (type_, id_) in self._gone

    def add(self, resource: Resource) -> Resource:
        """Keep a record."""
        kept = self._kept.setdefault(resource.type, OrderedDict())
        kept[resource.id] = resource
        if len(kept) > MOST_OF_A_TYPE:
            self._release(*kept.popitem(last=False)[1:])
        return resource

    def remove(self, resource: Resource) -> None:
        """Delete a record for good."""
        self._kept[resource.type].pop(resource.id, None)
        self._gone.add((resource.type, resource.id))
        self._release(resource)

    def holder(self, type_: str, identifier: Identifier) -> Resource | None:
        """Return the record of a type that holds an identifier."""
        return self.find(type_, self._holders.get((type_, identifier)))

    def taken(self, type_: str, id_: str | None, identifiers: Collection[Identifier]) -> Identifier | None:
        """Return the first identifier that a record other than this one holds."""
        return next((one for one in identifiers if self._holders.get((type_, one), id_) != id_), None)

    def claim(self, resource: Resource, identifiers: Collection[Identifier]) -> None:
        """Have a record hold these identifiers and no others."""
        self._release(resource)
        self._held[resource.type, resource.id] = set(identifiers)
        for identifier in identifiers:
            self._holders[resource.type, identifier] = resource.id

    def _release(self, resource: Resource) -> None:
        for identifier in self._held.pop((resource.type, resource.id), set()):
            self._holders.pop((resource.type, identifier), None)


def not_found(type_: str, id_: str) -> Exception:
    """Return the refusal for a record that is not there."""
    return refusal(404, f"There is no {type_.replace('_', ' ')} {id_}.")


def check_rev(resource: Resource, body: Mapping[str, Any]) -> None:
    """Refuse an update that was made of an older revision.

    Raises:
        Refusal: it was.
    """
    if resource.id.startswith(BUSY):
        resource.touch()
    rev = body.get("rev")
    if rev is not None and rev != resource.attributes["rev"]:
        raise refusal(409, f"The {resource.type} has the revision {resource.attributes['rev']}; {rev} is out of date.")
