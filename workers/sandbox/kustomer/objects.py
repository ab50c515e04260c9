"""What the objects of the API have in common: how one is made, changed, and kept unique."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from workers.sandbox.kustomer.answers import done, refusal, refusal_at
from workers.sandbox.kustomer.births import KNOWN, holder, named, record
from workers.sandbox.kustomer.calls import RoutedRequest
from workers.sandbox.kustomer.resources import MACHINE, Identifier, Resource, SandboxOrganization, check_rev
from workers.sandbox.kustomer.tags import tag_ids
from workers.sandbox.record import VendorAnswer

CONFLICT, UNPROCESSABLE = 409, 422
NOT_ATTRIBUTES = frozenset(("id", "rev", "createdBy", "modifiedBy"))

NUMBERED = frozenset(("emails", "phones", "whatsapps", "socials"))
"""Lists whose entries get ids, which a body must not have."""


def external_id(attributes: Mapping[str, Any]) -> list[Identifier]:
    """Return the one identifier that most objects have."""
    value = attributes.get("externalId")
    return [("externalId", value)] if value else []


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        name: the type of its records, such as `customer`.
        body: what bodies may hold.
        belongs: fields of bodies that name another record, and its type.
        blank: attributes of one that is new.
        identifiers: what of its attributes is unique.
        duplicate: status that refuses an identifier which another record holds.
    """

    name: str
    body: type[BaseModel]
    belongs: Mapping[str, str] = field(default_factory=dict)
    blank: Mapping[str, Any] = field(default_factory=dict)
    identifiers: Callable[[Mapping[str, Any]], list[Identifier]] = external_id
    duplicate: int = UNPROCESSABLE

    def read(self, call: RoutedRequest) -> VendorAnswer:
        """Answer with the record of the path's id."""
        return done(200, record(call.org, self.name, call.id).written())

    def found(self, kind: str) -> Callable[[RoutedRequest], VendorAnswer]:
        """Return how a record is looked up by an identifier in the path's `value`."""

        def find(call: RoutedRequest) -> VendorAnswer:
            one = holder(call.org, self.name, (kind, call.parts["value"]))
            if one is None:
                raise refusal(404, f"There is no {self.name} with the {kind} {call.parts['value']}.")
            return done(200, one.written())

        return find

    def update(self, call: RoutedRequest) -> VendorAnswer:
        """Change the record of the path's id."""
        return done(200, self.changed(call.org, record(call.org, self.name, call.id), call.body(self.body)).written())

    def made(
        self, org: SandboxOrganization, body: Mapping[str, Any], relations: Mapping[str, tuple[str, str]] | None = None
    ) -> Resource:
        """Return a new record.

        Raises:
            Refusal: its id or an identifier is held already, or it names what is not there.
        """
        id_ = body.get("id") or org.new_id()
        if org.find(self.name, id_):
            raise refusal_at(CONFLICT, f"There is a {self.name} {id_} already", "id")
        attributes = {**self.blank, **self._attributes(org, body)}
        identifiers = self._unique(org, None, attributes)
        belongs = {**self._relations(org, body), **(relations or {})}
        resource = org.add(Resource(self.name, id_, attributes, belongs))
        org.claim(resource, identifiers)
        return resource

    def changed(self, org: SandboxOrganization, resource: Resource, body: Mapping[str, Any]) -> Resource:
        """Return a record with what a body changes in it.

        Raises:
            Refusal: the revision is out of date, another record holds an identifier, or it names what is not there.
        """
        check_rev(resource, body)
        attributes = {**resource.attributes, **self._attributes(org, body)}
        identifiers = self._unique(org, resource.id, attributes)
        relations = self._relations(org, body)
        emptied = [name for name in self.belongs if name in body and body[name] is None]
        resource.attributes = attributes
        resource.relations |= relations
        for name in emptied:
            resource.relations.pop(name, None)
        org.claim(resource, identifiers)
        resource.relations["modifiedBy"] = ("user", body.get("modifiedBy") or MACHINE)
        resource.touch()
        return resource

    def _attributes(self, org: SandboxOrganization, body: Mapping[str, Any]) -> dict[str, Any]:
        own = {name: value for name, value in body.items() if name not in {*self.belongs, *NOT_ATTRIBUTES}}
        for name in NUMBERED & own.keys():
            own[name] = [{"id": org.new_id(), **one} for one in own[name] or ()]
        return own | ({"tags": tag_ids(org, own["tags"])} if own.get("tags") else {})

    def _relations(self, org: SandboxOrganization, body: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
        by = {"createdBy": ("user", body["createdBy"])} if body.get("createdBy") else {}
        return by | {
            name: (type_, named(org, type_, body[name], name).id)
            for name, type_ in self.belongs.items()
            if body.get(name)
        }

    def _unique(self, org: SandboxOrganization, id_: str | None, attributes: Mapping[str, Any]) -> list[Identifier]:
        identifiers = self.identifiers(attributes)
        for one in identifiers:
            if one[1].startswith(KNOWN):
                holder(org, self.name, one)
        if taken := org.taken(self.name, id_, identifiers):
            sentence = f"The {taken[0]} {taken[1]} is held by another {self.name}"
            raise (
                refusal(CONFLICT, f"{sentence}.")
                if self.duplicate == CONFLICT
                else refusal_at(UNPROCESSABLE, sentence, taken[0])
            )
        return identifiers
