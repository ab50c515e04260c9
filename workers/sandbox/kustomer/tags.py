"""Tags: a name that is none yet becomes one; records hold their ids."""

from __future__ import annotations

from collections.abc import Sequence

from workers.sandbox.kustomer.answers import done, page
from workers.sandbox.kustomer.births import OBJECT_ID, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.resources import Resource, SandboxOrganization
from workers.sandbox.record import VendorAnswer


def tag_ids(org: SandboxOrganization, tags: Sequence[str]) -> list[str]:
    """Return the ids of tags that are given by id or by name, each once."""
    return list(dict.fromkeys(_tag(org, tag) for tag in tags))


def tag_names(org: SandboxOrganization, ids: Sequence[str]) -> list[str]:
    """Return the names of tags."""
    return [one.attributes.get("name") or id_ for id_ in ids if (one := org.find("tag", id_))]


def _tag(org: SandboxOrganization, tag: str) -> str:
    found = org.find("tag", tag) or org.holder("tag", ("name", tag))
    if found is None:
        found = org.add(Resource("tag", tag if OBJECT_ID.fullmatch(tag) else org.new_id(), {"name": tag}))
        org.claim(found, [("name", tag)])
    return found.id


def _list(call: RoutedRequest) -> VendorAnswer:
    return page(call.request.path, call.query, [tag.written() for tag in call.org.all("tag")])


def _read(call: RoutedRequest) -> VendorAnswer:
    return done(200, record(call.org, "tag", call.id).written())


ROUTES = (SandboxRoute("GET /v1/tags", _list), SandboxRoute("GET /v1/tags/{id}", _read))
