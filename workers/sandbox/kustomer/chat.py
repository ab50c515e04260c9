"""The server's chat: sessions, which are conversations, and what agents and assistants say in them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from workers.sandbox.kustomer.answers import done, page, refusal_at
from workers.sandbox.kustomer.births import conversation_of, named, record
from workers.sandbox.kustomer.calls import RoutedRequest, SandboxRoute
from workers.sandbox.kustomer.conversations import CONVERSATIONS
from workers.sandbox.kustomer.fields import JsonBody
from workers.sandbox.kustomer.resources import MACHINE, Resource, stamp
from workers.sandbox.kustomer.sayings import MESSAGES
from workers.sandbox.record import VendorAnswer


class Outbound(JsonBody):
    """A message of an agent's."""

    customer_id: str
    from_: str = Field(alias="from")
    session: str | None = None
    body: str | None = None
    attachments: list[Any] | None = None
    tracking_id: str | None = None
    auto: bool | None = None


class Spoken(JsonBody):
    """A message of an assistant's."""

    session: str
    body: str = Field(min_length=1)
    customer_id: str | None = None
    assistant: str | None = None


class ChatSessionBody(JsonBody):
    """A new session."""

    customer_id: str
    assistant: str | None = None
    tracking_id: str | None = None
    brand_id: str | None = None
    lang: str | None = None


def _say(call: RoutedRequest) -> VendorAnswer:
    body = call.body(Outbound)
    if not (body.get("body") or body.get("attachments")):
        raise refusal_at(400, "body or attachments is required", "body")
    customer = named(call.org, "customer", body["customerId"], "customerId")
    named(call.org, "user", body["from"], "from")
    if body.get("session"):
        session = conversation_of(call.org, body["session"], customer.id, "session")
    else:
        session = CONVERSATIONS.made(call.org, {"customer": customer.id})
    return done(201, _message(call, session, body, ("user", body["from"])))


def _speak(call: RoutedRequest) -> VendorAnswer:
    body = call.body(Spoken)
    session = conversation_of(call.org, body["session"], body.get("customerId"), "session")
    return done(201, _message(call, session, {**body, "auto": True}, ("user", MACHINE)))


def _message(call: RoutedRequest, session: Resource, body: dict[str, Any], by: tuple[str, str]) -> dict[str, Any]:
    relations = {"conversation": ("conversation", session.id), "customer": session.relations["customer"]}
    attributes = {
        "channel": "chat",
        "app": "chat",
        "direction": "out",
        "preview": body.get("body"),
        "attachments": body.get("attachments") or [],
        "auto": bool(body.get("auto")),
        "status": "sent",
        "sentAt": stamp(),
    }
    message = MESSAGES.made(call.org, attributes, {**relations, "createdBy": by})
    session.touch()
    return _chat_message(message)


def _chat_message(message: Resource) -> dict[str, Any]:
    written = message.written()
    own = ("attachments", "auto", "createdAt", "direction", "modifiedAt", "sentAt", "status", "updatedAt")
    attributes = {name: written["attributes"].get(name) for name in own}
    attributes["body"] = written["attributes"]["preview"]
    return {**written, "type": "chat_message", "attributes": attributes}


def _start(call: RoutedRequest) -> VendorAnswer:
    body = call.body(ChatSessionBody)
    customer = named(call.org, "customer", body["customerId"], "customerId")
    session = CONVERSATIONS.made(call.org, {"customer": customer.id, "defaultLang": body.get("lang")})
    session.attributes |= {"channels": ["chat"], "assistant": body.get("assistant")}
    return done(201, {**session.written(), "type": "chat_session"})


def _list(call: RoutedRequest) -> VendorAnswer:
    session = record(call.org, "conversation", call.id)
    own = [_chat_message(one) for one in call.org.all("message", conversation=session.id)]
    return page(call.request.path, call.query, own)


ROUTES = (
    SandboxRoute("POST /v2.1/chat/outbound/messages", _say),
    SandboxRoute("POST /v2.1/chat/outbound/assistant/messages", _speak),
    SandboxRoute("POST /v2.1/chat/sessions", _start),
    SandboxRoute("GET /v2.1/chat/sessions/{id}/messages", _list),
)
