"""Conversations: whose they are, who works on them, their tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workers.sandbox.kustomer import bodies
from workers.sandbox.kustomer.answers import done, nothing, page, refusal_at
from workers.sandbox.kustomer.births import named, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.fields import TAGS
from workers.sandbox.kustomer.objects import Kind
from workers.sandbox.kustomer.resources import SandboxOrganization
from workers.sandbox.kustomer.tags import tag_ids
from workers.sandbox.record import VendorAnswer

CONVERSATIONS = Kind(
    name="conversation",
    body=bodies.Conversation,
    belongs={"customer": "customer"},
    blank={
        "name": None,
        "status": "open",
        "priority": 3,
        "direction": None,
        "channels": [],
        "tags": [],
        "assignedUsers": [],
        "assignedTeams": [],
        "custom": {},
    },
)
NEW_STATUSES = frozenset(("open", "done", None))


def _create(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.Conversation)
    if "id" in call.parts:
        body = {**body, "customer": record(call.org, "customer", call.id).id}
    if not body.get("customer"):
        raise refusal_at(400, "customer is required", "customer")
    if body.get("status") not in NEW_STATUSES:
        raise refusal_at(400, "status of a new conversation must be open or done", "status")
    _check_people(call.org, body)
    return done(201, CONVERSATIONS.made(call.org, body).written())


def _read(call: RoutedRequest) -> VendorAnswer:
    ids = call.id.split(",")
    if len(ids) == 1:
        return CONVERSATIONS.read(call)
    return page(call.request.path, call.query, [record(call.org, "conversation", id_).written() for id_ in ids])


def _update(call: RoutedRequest) -> VendorAnswer:
    conversation = record(call.org, "conversation", call.id)
    body = call.body(bodies.Conversation)
    if "customer" in body and len(body) > 1:
        raise refusal_at(400, "customer must stand alone", "customer")
    if body.get("status") == "snoozed" and not body.get("snooze"):
        raise refusal_at(400, "snooze is required where the status is snoozed", "snooze")
    _check_people(call.org, body)
    CONVERSATIONS.changed(call.org, conversation, body)
    if "customer" in body:
        for type_ in ("message", "note"):
            for one in call.org.all(type_, conversation=conversation.id):
                one.relations["customer"] = conversation.relations["customer"]
    return done(200, conversation.written())


def _delete(call: RoutedRequest) -> VendorAnswer:
    call.org.remove(record(call.org, "conversation", call.id))
    return nothing()


def _tag(call: RoutedRequest) -> VendorAnswer:
    conversation = record(call.org, "conversation", call.id)
    given = tag_ids(call.org, call.body(TAGS))
    tags = conversation.attributes.get("tags") or []
    if call.request.method == "DELETE":
        conversation.attributes["tags"] = [tag for tag in tags if tag not in given]
    else:
        conversation.attributes["tags"] = list(dict.fromkeys([*tags, *given]))
    conversation.touch()
    return done(200, conversation.written())


def _of_customer(call: RoutedRequest) -> VendorAnswer:
    customer = record(call.org, "customer", call.id)
    own = call.org.all("conversation", customer=customer.id)
    return page(call.request.path, call.query, [one.written() for one in own])


def _check_people(org: SandboxOrganization, body: Mapping[str, Any]) -> None:
    for name, type_ in (("assignedUsers", "user"), ("assignedTeams", "team")):
        for id_ in body.get(name) or ():
            named(org, type_, id_, name)


ROUTES = (
    SandboxRoute("POST /v1/conversations", _create),
    SandboxRoute("POST /v1/customers/{id}/conversations", _create),
    SandboxRoute("GET /v1/customers/{id}/conversations", _of_customer),
    SandboxRoute("GET /v1/conversations/externalId={*value}", CONVERSATIONS.found("externalId")),
    SandboxRoute("GET /v1/conversations/{id}", _read),
    SandboxRoute("PATCH|PUT /v1/conversations/{id}", _update),
    SandboxRoute("DELETE /v1/conversations/{id}", _delete),
    SandboxRoute("POST|DELETE /v1/conversations/{id}/tags", _tag),
)
