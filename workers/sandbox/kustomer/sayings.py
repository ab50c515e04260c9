"""Messages and notes: what was said in a conversation, to the customer and among agents."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from workers.sandbox.kustomer import bodies
from workers.sandbox.kustomer.answers import done, nothing, page, refusal_at
from workers.sandbox.kustomer.births import conversation_of, named, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.conversations import CONVERSATIONS
from workers.sandbox.kustomer.objects import Kind
from workers.sandbox.kustomer.resources import Resource, stamp
from workers.sandbox.record import VendorAnswer

BELONGS = {"conversation": "conversation", "customer": "customer"}
MESSAGES = Kind(
    name="message",
    body=bodies.MessageBody,
    belongs=BELONGS,
    blank={"externalId": None, "direction": "out", "preview": None, "subject": None, "meta": {}, "attachments": []},
)
NOTES = Kind(
    name="note",
    body=bodies.NoteBody,
    belongs=BELONGS,
    blank={"externalId": None, "userMentions": [], "attachments": []},
)
Said = dict[str, Any]


def _in_conversation(call: RoutedRequest, body: Said) -> tuple[Said, Resource]:
    """Return a body with its conversation and customer, from the path or itself.

    Raises:
        Refusal: the conversation is another customer's, or there is none.
    """
    place = call.parts.get("conversation")
    id_ = place or body.get("conversation")
    if not id_:
        raise refusal_at(400, "conversation is required", "conversation")
    customer = call.parts.get("customer") or body.get("customer")
    conversation = conversation_of(call.org, id_, customer, None if place else "conversation")
    return {**body, "conversation": id_, "customer": conversation.related("customer")}, conversation


def _message_create(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.MessageBody)
    required = ["channel", "app", *([] if call.parts else ["direction"])]
    if wrong := next((name for name in required if body.get(name) is None), None):
        raise refusal_at(400, f"{wrong} is required", wrong)
    customer = call.parts.get("customer") or body.get("customer")
    if not (call.parts.get("conversation") or body.get("conversation")):
        if not customer:
            raise refusal_at(400, "customer is required", "customer")
        if "customer" in call.parts:
            record(call.org, "customer", customer)
        made = {"customer": customer, "name": body.get("subject"), "direction": body.get("direction")}
        body = {**body, "conversation": CONVERSATIONS.made(call.org, made).id}
    body, conversation = _in_conversation(call, body)
    status = {"status": "received" if body.get("direction") == "in" else "sent", "sentAt": stamp()}
    message = MESSAGES.made(call.org, {**status, **body})
    channels = [*(conversation.attributes.get("channels") or []), body["channel"]]
    conversation.attributes["channels"] = list(dict.fromkeys(channels))
    conversation.touch()
    return done(201, message.written())


def _note_create(call: RoutedRequest) -> VendorAnswer:
    body = call.body(bodies.NoteBody)
    if not body.get("body"):
        raise refusal_at(400, "body is required", "body")
    body, conversation = _in_conversation(call, body)
    note = NOTES.made(call.org, body)
    conversation.touch()
    return done(201, note.written())


def _listed(type_: str, owner: str) -> Callable[[RoutedRequest], VendorAnswer]:
    def listed(call: RoutedRequest) -> VendorAnswer:
        id_ = record(call.org, owner, call.parts[owner]).id
        own = [one for one in call.org.all(type_, **{owner: id_}) if not one.attributes.get("deleted")]
        return page(call.request.path, call.query, [one.written() for one in own])

    return listed


def _updated(kind: Kind) -> Callable[[RoutedRequest], VendorAnswer]:
    def update(call: RoutedRequest) -> VendorAnswer:
        body: Mapping[str, Any] = call.body(kind.body)
        one = record(call.org, kind.name, call.id)
        if body.get("conversation"):
            conversation = named(call.org, "conversation", body["conversation"], "conversation")
            body = {**body, "customer": conversation.related("customer")}
        return done(200, kind.changed(call.org, one, body).written())

    return update


def _note_delete(call: RoutedRequest) -> VendorAnswer:
    call.org.remove(record(call.org, "note", call.id))
    return nothing()


ROUTES = (
    SandboxRoute("POST /v1/messages", _message_create),
    SandboxRoute("POST /v1/customers/{customer}/messages", _message_create),
    SandboxRoute("POST /v1/conversations/{conversation}/messages", _message_create),
    SandboxRoute("GET /v1/customers/{customer}/messages", _listed("message", "customer")),
    SandboxRoute("GET /v1/conversations/{conversation}/messages", _listed("message", "conversation")),
    SandboxRoute("GET /v1/messages/externalId={*value}", MESSAGES.found("externalId")),
    SandboxRoute("GET /v1/messages/externalid={*value}", MESSAGES.found("externalId")),
    SandboxRoute("GET /v1/messages/{id}", MESSAGES.read),
    SandboxRoute("PATCH|PUT /v1/messages/{id}", _updated(MESSAGES)),
    SandboxRoute("POST /v1/notes", _note_create),
    SandboxRoute("POST /v1/conversations/{conversation}/notes", _note_create),
    SandboxRoute("GET /v1/conversations/{conversation}/notes", _listed("note", "conversation")),
    SandboxRoute("GET /v1/notes/{id}", NOTES.read),
    SandboxRoute("PATCH|PUT /v1/notes/{id}", _updated(NOTES)),
    SandboxRoute("DELETE /v1/notes/{id}", _note_delete),
)
