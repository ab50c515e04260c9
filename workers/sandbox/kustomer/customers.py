"""Customers and companies: unique identifiers, the link between them that an update drops, and merges."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.sandbox.kustomer import bodies
from workers.sandbox.kustomer.answers import done, page, refusal_at
from workers.sandbox.kustomer.births import holder, named, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.objects import CONFLICT, Kind, external_id
from workers.sandbox.kustomer.resources import Identifier, Resource, SandboxOrganization
from workers.sandbox.record import VendorAnswer

LISTS = {
    "emails": ("email", "email"),
    "phones": ("phone", "phone"),
    "whatsapps": ("whatsapp", "phone"),
    "externalIds": ("externalId", "externalId"),
    "facebookIds": ("facebook", "userId"),
    "instagramIds": ("instagram", "threadId"),
}
"""Attributes that are lists of identifiers: what each is called, and the member that is unique."""


def identifiers(attributes: Mapping[str, Any]) -> list[Identifier]:
    """Return what of a customer is unique."""
    listed = [
        (kind, one[member])
        for name, (kind, member) in LISTS.items()
        for one in attributes.get(name) or ()
        if one.get(member)
    ]
    social = [(one["type"], one["userid"]) for one in attributes.get("socials") or () if one.get("userid")]
    return list(dict.fromkeys([*external_id(attributes), *listed, *social]))


CUSTOMERS = Kind(
    name="customer",
    body=bodies.Customer,
    belongs={"company": "company"},
    blank={"name": None, "emails": [], "phones": [], "whatsapps": [], "socials": [], "tags": [], "custom": {}},
    identifiers=identifiers,
    duplicate=CONFLICT,
)
COMPANIES = Kind(
    name="company",
    body=bodies.Company,
    blank={"emails": [], "phones": [], "domains": [], "tags": [], "custom": {}},
    duplicate=CONFLICT,
)


def _create(call: RoutedRequest) -> VendorAnswer:
    return done(201, CUSTOMERS.made(call.org, call.body(bodies.Customer)).written())


def _list(call: RoutedRequest) -> VendorAnswer:
    return page(call.request.path, call.query, [one.written() for one in call.org.all("customer")])


def _update(call: RoutedRequest) -> VendorAnswer:
    customer = record(call.org, "customer", call.id)
    # a body without the company unlinks it
    body = {"company": None, **call.body(bodies.Customer)}
    return done(200, CUSTOMERS.changed(call.org, customer, body).written())


def _merge(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.MergeBody)
    source, target = (named(call.org, "customer", body[name], name) for name in ("source", "target"))
    if source is target:
        raise refusal_at(400, "source and target must be two customers", "source")
    _united(call.org, source, target)
    merge = Resource("customer_merge", call.org.new_id(), {"status": "success"})
    merge.relations |= {"source": ("customer", source.id), "target": ("customer", target.id)}
    return done(201, call.org.add(merge).written())


def _united(org: SandboxOrganization, source: Resource, target: Resource) -> None:
    for name in LISTS:
        both = [*(target.attributes.get(name) or []), *(source.attributes.get(name) or [])]
        target.attributes[name], source.attributes[name] = both, []
    source.attributes |= {"deleted": True, "externalId": None, "socials": []}
    org.claim(source, [])
    org.claim(target, identifiers(target.attributes))
    for type_ in ("conversation", "message", "note", "draft", "kobject"):
        for one in org.all(type_, customer=source.id):
            one.relations["customer"] = ("customer", target.id)
    source.touch()
    target.touch()


def _merges(call: RoutedRequest) -> VendorAnswer:
    customer = record(call.org, "customer", call.id)
    own = call.org.all("customer_merge", target=customer.id)
    return page(call.request.path, call.query, [one.written() for one in own])


def _merge_read(call: RoutedRequest) -> VendorAnswer:
    return done(200, record(call.org, "customer_merge", call.id).written())


def _company_create(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.Company)
    if not body.get("name"):
        raise refusal_at(400, "name is required", "name")
    return done(201, COMPANIES.made(call.org, body).written())


def _companies(call: RoutedRequest) -> VendorAnswer:
    # both together are ignored, as documented
    value = call.query.get("externalId") if "filter" not in call.query else None
    if value is None:
        return page(call.request.path, call.query, [one.written() for one in call.org.all("company")])
    found = holder(call.org, "company", ("externalId", value))
    return page(call.request.path, call.query, [found.written()] if found else [])


ROUTES = (
    SandboxRoute("GET /v1/customers", _list),
    SandboxRoute("POST /v1/customers", _create),
    SandboxRoute("POST /v1/customers/merges", _merge),
    SandboxRoute("GET /v1/customers/merges/{id}", _merge_read),
    SandboxRoute("GET /v1/customers/email={*value}", CUSTOMERS.found("email")),
    SandboxRoute("GET /v1/customers/phone={*value}", CUSTOMERS.found("phone")),
    SandboxRoute("GET /v1/customers/externalId={*value}", CUSTOMERS.found("externalId")),
    SandboxRoute("GET /v1/customers/{id}", CUSTOMERS.read),
    SandboxRoute("PATCH|PUT /v1/customers/{id}", _update),
    SandboxRoute("GET /v1/customers/{id}/merges", _merges),
    SandboxRoute("GET /v1/companies", _companies),
    SandboxRoute("POST /v1/companies", _company_create),
    SandboxRoute("GET /v1/companies/{id}", COMPANIES.read),
    SandboxRoute("PUT /v1/companies/{id}", COMPANIES.update),
)
