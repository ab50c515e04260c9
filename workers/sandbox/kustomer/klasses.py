"""Klasses and their custom objects: an id in the path means the klass, a name its objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.sandbox.kustomer import bodies
from workers.sandbox.kustomer.answers import done, nothing, page, refusal, refusal_at
from workers.sandbox.kustomer.births import MISSING, OBJECT_ID, is_known, klass, kobject, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.objects import Kind
from workers.sandbox.kustomer.resources import Resource, not_found
from workers.sandbox.record import VendorAnswer

KOBJECTS = Kind(
    name="kobject",
    body=bodies.KObject,
    belongs={"customer": "customer", "company": "company"},
    blank={"title": None, "data": {}, "custom": {}, "tags": [], "externalId": None},
    identifiers=lambda _attributes: [],
)
STATUSES = ("enabled", "disabled")
FIRST = ("order", "product", "subscription")
"""Klasses that a list shows although nobody has made them."""


def _create(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.KlassBody)
    if call.org.holder("klass", ("name", body["name"])):
        raise refusal(409, f"There is a klass {body['name']} already.")
    made = call.org.add(
        Resource("klass", call.org.new_id(), {"displayName": body["name"], "status": "enabled", **body})
    )
    call.org.claim(made, [("name", body["name"])])
    return done(200, made.written())


def _list(call: RoutedRequest) -> VendorAnswer:
    wanted = call.query.get("status", "enabled")
    if wanted not in {*STATUSES, "existing_only"}:
        raise refusal_at(400, f"status must be one of {', '.join(STATUSES)}, existing_only", "status")
    for name in FIRST:
        klass(call.org, name)
    own = [one for one in call.org.all("klass") if wanted in {one.attributes["status"], "existing_only"}]
    return page(call.request.path, call.query, [one.written() for one in own])


def _read(call: RoutedRequest) -> VendorAnswer:
    if OBJECT_ID.fullmatch(call.parts["name"]):
        return done(200, record(call.org, "klass", call.parts["name"]).written())
    own = call.org.all("kobject", klass=klass(call.org, call.parts["name"]).id)
    return page(call.request.path, call.query, [one.written() for one in own])


def _of_customer(call: RoutedRequest) -> VendorAnswer:
    customer, kind = record(call.org, "customer", call.id), klass(call.org, call.parts["name"])
    own = call.org.all("kobject", klass=kind.id, customer=customer.id)
    return page(call.request.path, call.query, [one.written() for one in own])


def _kobject_create(call: RoutedRequest) -> VendorAnswer:
    kind, body = klass(call.org, call.parts["name"]), call.body(bodies.KObject)
    if "id" in call.parts:
        body = {**body, "customer": record(call.org, "customer", call.id).id}
    if not body.get("title"):
        raise refusal_at(400, "title is required", "title")
    if (value := body.get("externalId")) and (_holder(call, kind, value) is not None):
        raise refusal_at(422, f"The externalId {value} is held by another {kind.attributes['name']}", "externalId")
    return done(201, KOBJECTS.made(call.org, body, {"klass": ("klass", kind.id)}).written())


def _holder(call: RoutedRequest, kind: Resource, value: str) -> Resource | None:
    own = call.org.all("kobject", klass=kind.id)
    found = next((one for one in own if one.attributes.get("externalId") == value), None)
    if found is None and is_known("externalId", value):
        found = kobject(call.org, call.org.new_id(), {"klass": ("klass", kind.id)})
        found.attributes["externalId"] = value
    return found


def _found(call: RoutedRequest) -> VendorAnswer:
    kind, value = klass(call.org, call.parts["name"]), call.parts["value"]
    found = _holder(call, kind, value)
    if found is None:
        raise refusal(404, f"There is no {kind.attributes['name']} with the externalId {value}.")
    return done(200, found.written())


def _one(call: RoutedRequest) -> Resource:
    kind, found = klass(call.org, call.parts["name"]), call.org.find("kobject", call.id)
    if found is None and not call.id.startswith(MISSING) and not call.org.was_deleted("kobject", call.id):
        found = kobject(call.org, call.id, {"klass": ("klass", kind.id)})
    if found is None or found.related("klass") != kind.id:
        raise not_found("kobject", call.id)
    return found


def _kobject_read(call: RoutedRequest) -> VendorAnswer:
    return done(200, _one(call).written())


def _kobject_update(call: RoutedRequest) -> VendorAnswer:
    body: Mapping[str, Any] = call.body(bodies.KObject)
    return done(200, KOBJECTS.changed(call.org, _one(call), body).written())


def _kobject_delete(call: RoutedRequest) -> VendorAnswer:
    call.org.remove(_one(call))
    return nothing()


ROUTES = (
    SandboxRoute("GET /v1/klasses", _list),
    SandboxRoute("POST /v1/klasses", _create),
    SandboxRoute("GET /v1/klasses/{name}", _read),
    SandboxRoute("POST /v1/klasses/{name}", _kobject_create),
    SandboxRoute("GET /v1/klasses/{name}/externalId={*value}", _found),
    SandboxRoute("GET /v1/klasses/{name}/{id}", _kobject_read),
    SandboxRoute("PUT /v1/klasses/{name}/{id}", _kobject_update),
    SandboxRoute("DELETE /v1/klasses/{name}/{id}", _kobject_delete),
    SandboxRoute("GET /v1/customers/{id}/klasses/{name}", _of_customer),
    SandboxRoute("POST /v1/customers/{id}/klasses/{name}", _kobject_create),
)
